"""The pages say what there is, their links lead somewhere, and their examples run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from realtime_fakes.script_files import read_script
from realtime_fakes.script_rules import ACTIONS, CONDITIONS, FAILURES
from realtime_harness.lab import Lab
from realtime_harness.results import read_run
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.config import TargetFile, resolve_target
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import ExitCode, Level, Standing, Verdict

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
SOURCES = ("harness", "fakes", "scenarios", "reports", "tests", "toxw", ".ci")

EXAMPLE = re.compile(
    r"^<!-- run against the fake(?:; prints: (?P<prints>.*?))? -->\n"
    r"```(?P<language>\w+)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


SCENARIO = re.compile(r"^<!-- a scenario -->\n```python\n(?P<code>.*?)^```$", re.M | re.S)
PLAIN = re.compile(r"^<!-- a plain test -->\n```python\n(?P<code>.*?)^```$", re.M | re.S)
INI = re.compile(r"^<!-- pytest.ini -->\n```ini\n(?P<code>.*?)^```$", re.M | re.S)
SCRIPTS = re.compile(r"^<!-- a script -->\n```yaml\n(?P<code>.*?)^```$", re.M | re.S)
TARGETS = re.compile(r"^<!-- a targets file -->\n```toml\n(?P<code>.*?)^```$", re.M | re.S)


class Example(NamedTuple):
    language: str
    code: str
    prints: str


def examples() -> Iterator[object]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in EXAMPLE.finditer(text):
            line = text[: match.start()].count("\n") + 1
            example = Example(match["language"], match["code"], match["prints"] or "")
            yield pytest.param(example, id=f"{page.name}:{line}")


def environment_variables() -> set[str]:
    """Return the names of ours that the source reads."""
    found: set[str] = set()
    for source in SOURCES:
        path = PROJECT / source
        for file in [path] if path.is_file() else path.rglob("*"):
            if file.is_file() and file.suffix in {"", ".py"} and file != Path(__file__).resolve():
                text = file.read_text(encoding="utf-8")
                found |= set(re.findall(r"\b(?:REALTIME|RT|TOXW)_[A-Z_]*[A-Z]\b", text))
    return found


def anchors(page: Path) -> set[str]:
    """Return what a link into the page may name."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def fake() -> Iterator[Target]:
    with Lab() as lab:
        yield lab.fake(clock="virtual")


def test_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, PROJECT / "docs" / "generate.py", "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_plugin_adds_is_documented(added_to_pytest: set[str], documentation: str) -> None:
    assert not [name for name in sorted(added_to_pytest) if f"`{name}" not in documentation]


def test_environment_variables_are_documented(documentation: str) -> None:
    assert not [name for name in sorted(environment_variables()) if name not in documentation]


@pytest.mark.parametrize("code", ExitCode, ids=lambda code: code.name)
def test_exit_codes_are_documented(code: ExitCode) -> None:
    assert f"\n| {code.value} | " in (PROJECT / "docs" / "running.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "word", [*Level, *Verdict, *Standing, *Capability], ids=lambda word: word.value
)
def test_vocabulary_is_documented(word: Enum, documentation: str) -> None:
    assert f"`{word.value}`" in documentation


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {link}"


@pytest.mark.parametrize("example", list(examples()))
def test_examples_run(example: Example, fake: Target, tmp_path: Path) -> None:
    if example.language == "bash" and shutil.which("curl") is None:
        pytest.skip("no curl")
    address = fake.base_url.removeprefix("http://").removesuffix("/v1")
    code = example.code.replace("127.0.0.1:8080", address)
    shell = ["bash", "-euo", "pipefail"] if example.language == "bash" else [sys.executable]
    done = subprocess.run(
        [*shell, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert example.prints in done.stdout


def test_example_of_a_scenario_runs(documentation: str, tmp_path: Path) -> None:
    codes = SCENARIO.findall(documentation)
    assert codes
    for number, code in enumerate(codes):
        (tmp_path / f"test_{number}.py").write_text(code)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--rt-target=fake",
            "-p",
            "no:asyncio",
            "-W",
            "error",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_both_forms_are_in_one_report(documentation: str, tmp_path: Path) -> None:
    (plain,) = PLAIN.findall(documentation)
    (ini,) = INI.findall(documentation)
    (tmp_path / "pytest.ini").write_text(ini)
    (tmp_path / "test_greeting.py").write_text(plain)
    for number, code in enumerate(SCENARIO.findall(documentation)):
        (tmp_path / f"test_{number}.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--rt-out=out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    judged = {(check.check, check.verdict) for check in read_run(tmp_path / "out").checks}
    assert {
        ("rt.tests.greeting-greets-back", Verdict.PASS),
        ("rt.gateway.answers", Verdict.PASS),
    } <= judged
    assert "rt.tests.greeting-greets-back" in documentation


def test_examples_of_scripts_are_scripts(documentation: str) -> None:
    codes = SCRIPTS.findall(documentation)
    assert codes
    assert all(len(read_script(code, source="docs")) for code in codes)


@pytest.mark.parametrize("word", [*CONDITIONS, *ACTIONS, *FAILURES])
def test_what_a_script_may_hold_is_documented(word: str) -> None:
    page = (PROJECT / "docs" / "scripts.md").read_text(encoding="utf-8")
    assert re.search(rf"`{word}[:`]", page) or f"`{word}`" in page


def test_example_of_a_targets_file_is_read(documentation: str, tmp_path: Path) -> None:
    (code,) = TARGETS.findall(documentation)
    file = tmp_path / "realtime-harness.toml"
    file.write_text(code)
    trustme.CA().cert_pem.write_to_path(tmp_path / "staging.pem")
    target = resolve_target("staging", TargetFile.read(file), {"STAGING_KEY": "sk-example"})
    assert target is not None
    assert target.base_url == "https://gateway.example.com/v1"
    keys = {"STAGING_KEY": "sk-example", "AZURE_KEY": "key-example"}
    for name in TargetFile.read(file).tables:
        assert resolve_target(name, TargetFile.read(file), keys) is not None
