"""The pictures in the README are there and small; taking them is no part of a build."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
SCRIPT = (PROJECT / "docs/screenshots.py").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"!\[([^\]]*)\]\((docs/images/[^)]+)\)", README))


def test_pictures_are_those_that_the_script_takes() -> None:
    taken = {f"docs/images/{name}.png" for name in re.findall(r'Picture\(\s*"(\w+)"', SCRIPT)}
    there = {f"docs/images/{path.name}" for path in (PROJECT / "docs/images").iterdir()}
    assert set(SHOWN.values()) == taken == there


@pytest.mark.parametrize(("words", "name"), SHOWN.items(), ids=SHOWN.values())
def test_a_picture_is_small_and_said_in_words(words: str, name: str) -> None:
    content = (PROJECT / name).read_bytes()
    assert content.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", content[16:24])
    assert width <= 1280
    assert height <= 1000
    assert len(content) < 150_000
    assert len(words) > 20
