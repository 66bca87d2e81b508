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


HASTY = 'name = "hasty"\nanswers = "?"\njourney = "text"\nthink_s = 0.05\nusers = 2\n'
BUSY = 'name = "busy"\nanswers = "?"\njourney = "busy_journey:Busy"\nthink_s = 0.0\n'
BUSY_JOURNEY = """
import time
from realtime_harness.load.sessions.text import Text

class Busy(Text):
    # A user's journey, which keeps the engine's only thread to itself.

    async def act(self, operation):
        time.sleep(0.05)
        await super().act(operation)
"""

COMMANDS: dict[int, tuple[tuple[str, ...], str]] = {
    ExitCode.OK: (("hasty.toml", "--slo", "p50(ttft_ms) < 60000"), "p50(ttft_ms) < 60000"),
    ExitCode.SLO_MISSED: (("hasty.toml", "--slo", "p50(ttft_ms) < 0.0001"), "p50(ttft_ms) < 0.0"),
    ExitCode.LOAD_VOID: (("busy.toml", "--users", "8", "--slo", "rate(ok) >= 0"), "sent late"),
    ExitCode.USAGE: (("hasty.toml", "--slo", "p50(tfft_ms) < 1"), "no metric tfft_ms; there are"),
    ExitCode.HARNESS_FAULT: (
        ("hasty.toml", "--target", "http://127.0.0.1:9/v1"),
        "cannot reach http://127.0.0.1:9/v1",
    ),
    ExitCode.INTERRUPTED: (("hasty.toml", "--duration", "60s"), "interrupted"),
}
"""What is typed behind ``load``, and a part of what is said."""

Start = Callable[[int], subprocess.Popen[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands are started, and write into directories named by their exit codes."""
    folder = tmp_path_factory.mktemp("commands")
    for name, text in (
        ("hasty.toml", HASTY),
        ("busy.toml", BUSY),
        ("busy_journey.py", BUSY_JOURNEY),
    ):
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def start(fake: Target, folder: Path) -> Iterator[Start]:
    """Starts one of the commands as a user does."""
    started: list[subprocess.Popen[str]] = []

    def begin(code: int) -> subprocess.Popen[str]:
        words = ["load", "--target", fake.base_url, "--out", str(int(code)), "--duration", "1s"]
        process = subprocess.Popen(
            [sys.executable, "-m", "realtime_harness", *words, *COMMANDS[code][0]],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "REALTIME_API_KEY": fake.api_key, "PYTHONPATH": str(folder)},
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def begun(start: Start) -> dict[int, subprocess.Popen[str]]:
    """All of them, started at the same time, as they mostly wait."""
    return {code: start(code) for code in COMMANDS}


@pytest.mark.parametrize("code", [code for code in COMMANDS if code != ExitCode.INTERRUPTED])
def test_exit_codes(
    begun: dict[int, subprocess.Popen[str]], start: Start, folder: Path, code: int
) -> None:
    process = begun[code]
    for _ in range(4):
        output, _ = process.communicate(timeout=60)
        # A machine that is busy makes any run void; then it is tried again.
        if process.returncode != ExitCode.LOAD_VOID or code == ExitCode.LOAD_VOID:
            break
        process = start(code)
    else:
        pytest.skip("the machine is too busy to measure")
    assert process.returncode == code, output
    assert COMMANDS[code][1] in output
    if code in (ExitCode.OK, ExitCode.SLO_MISSED, ExitCode.LOAD_VOID):
        out = folder / str(int(code))
        assert orjson.loads((out / "load/load.json").read_bytes())["exit_code"] == code
        assert (out / "junit.xml").exists()


def test_what_is_interrupted_says_so(begun: dict[int, subprocess.Popen[str]], folder: Path) -> None:
    process = begun[ExitCode.INTERRUPTED]
    out = folder / str(int(ExitCode.INTERRUPTED)) / "load"
    deadline = time.monotonic() + 40
    lines = out / "intervals.jsonl"
    while not (lines.exists() and lines.stat().st_size):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=40)
    assert process.returncode == ExitCode.INTERRUPTED, output
    assert orjson.loads((out / "load.json").read_bytes())["aborted"] == "interrupted"


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


@pytest.mark.parametrize(
    ("what", "has"), [("load", "?"), ("shapes", "?"), ("metrics", "real-time factor: how long")]
)
def test_lists(what: str, has: str) -> None:
    done = CliRunner().invoke(app, ["list", what])
    assert done.exit_code == 0
    assert has in done.stdout
