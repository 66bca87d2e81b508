from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

# What pytest tells its users about itself, and what in it is a name.
QUESTIONS = {
    "options": ("--help", r"^  (--[\w-]+|-\w)\b"),
    "ini keys": ("--help", r"^  (\w+) \((?:string|bool|args|linelist|pathlist|paths|int|float)\)"),
    "markers": ("--markers", r"^@pytest\.mark\.(\w+)"),
    "fixtures": ("--fixtures", r"^(\w+)(?: \[.+\])? -- "),
}


@pytest.fixture(scope="session")
def project() -> Path:
    """The folder of the project: the checkout or the unpacked source distribution."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", params=QUESTIONS)
def added_to_pytest(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> set[str]:
    """The names that our plugin adds to a bare pytest: options, ini keys, markers or fixtures."""
    folder = tmp_path_factory.mktemp("bare")
    flag, pattern = QUESTIONS[request.param]

    def names(*arguments: str) -> set[str]:
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

    bare = names()
    assert bare, "the pattern finds nothing: has pytest changed its answer?"
    return names("-p", "realtime_harness.pytest_plugin") - bare


@pytest.fixture(scope="session")
def documentation(project: Path) -> str:
    """The text of all pages that a user reads."""
    pages = [project / "README.md", *sorted((project / "docs").glob("*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)
