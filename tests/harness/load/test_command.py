from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from realtime_harness.cli import app
from realtime_harness.errors import UsageError
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import ExitCode

SLO = ("--slo", "p95(ttft_ms) < 400")


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
        (["text", "--target", "http://10.9.8.7/v1", "--master"], "not on this machine: say --i-"),
        (["text", "--target", "http://10.9.8.7/v1", "--worker"], "not on this machine: say --i-"),
        (["text", "--find-max", "--target", "http://10.9.8.7/v1", *SLO], "not on this machine"),
        (["text", "--find-max"], "--find-max needs an objective: add --slo"),
        (["text", "--find-max", *SLO, "--shape", "ramp"], "leave --shape and --arrival-rate out"),
        (["text", "--find-max", *SLO, "--ui"], "leave --ui, --locust, --master and --worker out"),
        (["text", "--find-max", *SLO, "--max-users", "5"], "the search begins with 10 sessions"),
        (["text", "--find-max", *SLO, "--step-duration", "0"], "--step-duration '0' is no time"),
        (["text", "--step-duration", "5s"], "belong to --find-max"),
        (["text", "--slo", "p95(mine_ms) < 1"], "no metric mine_ms; there are connect_ms"),
        (["text", "--slo", "rate(fine) > 1"], "no outcome fine; there are ok, failed, good"),
        (["text", "--slo", "per_s(tool) > 1"], "no operation tool; there are connect, turn"),
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


Run = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def run(fake: Target, tmp_path: Path) -> Iterator[Run]:
    """Starts the command as a user does, with two hasty sessions, below the test's directory."""
    (tmp_path / "hasty.toml").write_text(
        'name = "hasty"\nanswers = "?"\njourney = "text"\nthink_s = 0.05\nusers = 2\n'
    )
    (tmp_path / "busy.toml").write_text(
        'name = "busy"\nanswers = "?"\njourney = "busy_journey:Busy"\nthink_s = 0.0\n'
    )
    # A journey of the user's, which keeps the engine's only thread to itself.
    (tmp_path / "busy_journey.py").write_text(
        "import time\n"
        "from realtime_harness.load.sessions.text import Text\n\n"
        "class Busy(Text):\n"
        "    async def act(self, operation):\n"
        "        time.sleep(0.05)\n"
        "        await super().act(operation)\n"
    )
    started: list[subprocess.Popen[str]] = []

    def start(profile: str, *arguments: str, target: str = fake.base_url) -> subprocess.Popen[str]:
        words = ["load", profile, "--target", target, "--out", "run", "--duration", "1s"]
        process = subprocess.Popen(
            [sys.executable, "-m", "realtime_harness", *words, *arguments],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "REALTIME_API_KEY": fake.api_key, "PYTHONPATH": str(tmp_path)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("code", "arguments", "said"),
    [
        (0, ["hasty.toml", "--slo", "p50(ttft_ms) < 60000"], "p50(ttft_ms) < 60000"),
        (5, ["hasty.toml", "--slo", "p50(ttft_ms) < 0.0001"], "p50(ttft_ms) < 0.0001"),
        (6, ["busy.toml", "--users", "8", "--slo", "rate(ok) >= 0"], "sent late"),
        (2, ["hasty.toml", "--slo", "p50(tfft_ms) < 1"], "no metric tfft_ms; there are connect_ms"),
    ],
    ids=["met", "missed", "void", "usage"],
)
def test_exit_codes(run: Run, tmp_path: Path, code: int, arguments: list[str], said: str) -> None:
    for _ in range(4):
        process = run(*arguments)
        output, _ = process.communicate(timeout=40)
        # A machine that is busy makes any run void; then it is tried again.
        if process.returncode != ExitCode.LOAD_VOID or code == ExitCode.LOAD_VOID:
            break
    else:
        pytest.skip("the machine is too busy to measure")
    assert process.returncode == code, output
    assert said in output
    if code != ExitCode.USAGE:
        whole = orjson.loads((tmp_path / "run/load/load.json").read_bytes())
        assert whole["exit_code"] == code
        assert (tmp_path / "run/junit.xml").exists()


@pytest.mark.parametrize(("made", "said"), [("file", "is a file"), ("other/", "is not empty")])
def test_a_directory_of_something_else_is_left_alone(
    fake: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str, said: str
) -> None:
    monkeypatch.setenv("REALTIME_API_KEY", fake.api_key)
    out = tmp_path / made
    mine = out / "mine" if made.endswith("/") else out
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("precious")
    arguments = ["load", "text", "--target", fake.base_url, "--out", str(out)]
    with pytest.raises(UsageError, match=said):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert mine.read_text() == "precious"


def test_what_cannot_be_reached_is_a_fault(run: Run) -> None:
    process = run("hasty.toml", target="http://127.0.0.1:9/v1")
    output, _ = process.communicate(timeout=40)
    assert (process.returncode, "cannot reach http://127.0.0.1:9/v1" in output) == (4, True), output


def test_what_is_interrupted_says_so(run: Run, tmp_path: Path) -> None:
    process = run("hasty.toml", "--duration", "60s")
    deadline = time.monotonic() + 20
    lines = tmp_path / "run/load/intervals.jsonl"
    while not (lines.exists() and lines.stat().st_size):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED, output
    assert orjson.loads((tmp_path / "run/load/load.json").read_bytes())["aborted"] == "interrupted"


@pytest.mark.parametrize(
    ("what", "has"), [("load", "?"), ("shapes", "?"), ("metrics", "real-time factor: how long")]
)
def test_lists(what: str, has: str) -> None:
    done = CliRunner().invoke(app, ["list", what])
    assert done.exit_code == 0
    assert has in done.stdout
