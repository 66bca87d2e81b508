from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from realtime_harness.cli import app
from realtime_harness.errors import UsageError
from realtime_harness.targets.target import Target


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["txt"], "no load profile named txt"),
        (["text", "--shape", "round"], "no shape named round; there are baseline, ramp"),
        (["text", "--slo", "quick"], "objective 'quick'"),
        (["text", "--slo", "none.toml"], r"none\.toml does not exist"),
        (["text", "--duration", "soon"], "--duration 'soon' is no time"),
        (["text", "--duration", "0s"], "--duration '0s' is no time"),
        (["text", "--target", "http://10.9.8.7/v1"], "not on this machine: say --i-own"),
        (["text", "--worker"], "--worker needs the --target of its master"),
        (["text", "--target", "http://127.0.0.1:9/v1", "--fault", "delay:1s"], "--target fake"),
    ],
)
def test_what_cannot_be_used_is_said(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REALTIME_API_KEY", "sk-any")
    with pytest.raises(UsageError, match=said):
        CliRunner().invoke(app, ["load", *arguments], catch_exceptions=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("limit", "codes"), [("60000", {0, 6}), ("0.0001", {5, 6})])
def test_exit_codes(fake: Target, tmp_path: Path, limit: str, codes: set[int]) -> None:
    # A machine that is busy makes any run void.
    done = subprocess.run(
        [
            *(sys.executable, "-m", "realtime_harness", "load", "text", "--duration", "1.5s"),
            *("--target", fake.base_url, "--users", "3", "--slo", f"p50(ttft_ms) < {limit}"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
        env={**os.environ, "REALTIME_API_KEY": fake.api_key},
    )
    assert done.returncode in codes, done.stdout + done.stderr
    assert f"p50(ttft_ms) < {limit}" in done.stdout
    (directory,) = (tmp_path / "realtime-runs").iterdir()
    assert (directory / "load/load.json").exists()


@pytest.mark.parametrize("what", ["load", "shapes"])
def test_lists(what: str) -> None:
    done = CliRunner().invoke(app, ["list", what])
    assert done.exit_code == 0
    assert "?" in done.stdout
