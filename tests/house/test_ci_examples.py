"""What is in docs/ci is there to be copied, so it has to say what we have."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from realtime_harness.cli import app

CI = Path(__file__).parents[2] / "docs" / "ci"


def scripts(path: Path) -> list[str]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.name == "action.yml":
        return [step["run"] for step in document["runs"]["steps"] if "run" in step]
    return ["\n".join(job["script"]) for job in document.values()]


@pytest.mark.parametrize("path", sorted(CI.iterdir()), ids=lambda path: path.name)
def test_scripts_are_shell_with_options_that_exist(path: Path) -> None:
    known = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output
    used = set()
    for script in scripts(path):
        subprocess.run(["bash", "-n", "-c", script], check=True, timeout=10)
        used |= set(re.findall(r"--[a-z-]+", script))
    assert used
    assert not [option for option in sorted(used) if option not in known]


def test_the_action_runs_a_composite_with_declared_inputs() -> None:
    text = (CI / "action.yml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    assert document["runs"]["using"] == "composite"
    assert set(re.findall(r"inputs\.([a-z-]+)", text)) == document["inputs"].keys()
