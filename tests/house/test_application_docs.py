"""A new user's way: the files of the pages about testing applications, in an empty folder, run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PAGES = ("testing-your-application.md", "application-examples.md")
FILE = re.compile(
    r"^<!-- file: (?P<name>[\w.]+) -->\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


def folders() -> Iterator[object]:
    """Yield the files of each section; what stands before the first is part of all of them."""
    for page in PAGES:
        text = (PROJECT / "docs" / page).read_text(encoding="utf-8")
        head, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
        for section in sections:
            files = {match["name"]: match["text"] for match in FILE.finditer(section)}
            if files:
                common = {match["name"]: match["text"] for match in FILE.finditer(head)}
                title = section.partition("\n")[0].lower().replace(" ", "-")
                yield pytest.param({**common, **files}, id=f"{page}:{title}")


@pytest.mark.parametrize("files", list(folders()))
def test_a_section_does_what_it_says(files: dict[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    has_tests = any(name.startswith("test_") for name in files)
    words = ["-m", "pytest"] if has_tests else [next(iter(files))]
    unset = ("OPENAI_", "PYTEST_", "REALTIME_")
    done = subprocess.run(
        [sys.executable, *words],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith(unset)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not has_tests or " failed" not in done.stdout
