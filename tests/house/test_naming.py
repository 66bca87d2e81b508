"""Nothing of ours reaches pytest or the environment of others without our prefix."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

OURS = re.compile(r"realtime[-_]|rt[-_]")

# What pytest tells its users about itself, and what in it is a name.
QUESTIONS = {
    "options": ("--help", r"^  (--[\w-]+|-\w)\b"),
    "ini keys": ("--help", r"^  (\w+) \((?:string|bool|args|linelist|pathlist|paths|int|float)\)"),
    "markers": ("--markers", r"^@pytest\.mark\.(\w+)"),
    "fixtures": ("--fixtures", r"^(\w+)(?: \[.+\])? -- "),
}


def names(folder: Path, question: str, *arguments: str) -> set[str]:
    """Return the names that a bare pytest, with these arguments, answers with."""
    flag, pattern = QUESTIONS[question]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", flag, "-p", "no:cacheprovider", *arguments],
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert not done.stderr, done.stderr
    return set(re.findall(pattern, done.stdout, re.MULTILINE))


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_the_plugin_adds_is_prefixed(question: str, tmp_path: Path) -> None:
    bare = names(tmp_path, question)
    assert bare, "the pattern finds nothing: has pytest changed its answer?"
    added = names(tmp_path, question, "-p", "realtime_harness.pytest_plugin") - bare
    assert not [name for name in added if not OURS.match(name.lstrip("-"))]


def test_plugins_that_we_register_are_prefixed(request: pytest.FixtureRequest) -> None:
    for name, plugin in request.config.pluginmanager.list_name_plugin():
        module = getattr(plugin, "__name__", type(plugin).__module__)
        if module.startswith("realtime_") and plugin is not None:
            assert OURS.match(name), f"{module} is registered as {name!r}"


def test_entry_points_are_prefixed() -> None:
    entry_points = distribution("realtime-harness").entry_points
    assert {entry_point.group for entry_point in entry_points} == {"console_scripts", "pytest11"}
    assert not [each.name for each in entry_points if not OURS.match(each.name)]
