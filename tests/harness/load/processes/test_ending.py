"""How a run ends that does not come to its end: in order when it is asked to, and never silently.

Everything here is about processes, so it is told to real ones, by their ids.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
import pytest

from realtime_harness.lab import Lab
from realtime_harness.targets.target import Target

needs_locust = pytest.mark.skipif(find_spec("locust") is None, reason="needs the extra load")

SESSIONS = 6
WAIT_S = 60.0


class Family:
    """Commands of one run against a fake of its own, and all processes they have started."""

    def __init__(self, target: Target, tmp_path: Path) -> None:
        self.target = target
        self._tmp_path = tmp_path
        self.commands: dict[str, subprocess.Popen[str]] = {}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]

    def start(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a command whose run directory has that name."""
        distributed = {"master", "worker"} & {each.strip("-") for each in arguments}
        address = ("--master-address", f"127.0.0.1:{self._port}", "--workers", "2")
        command = subprocess.Popen(
            [
                *(sys.executable, "-m", "realtime_harness", "load", "text", "--duration", "60s"),
                *("--target", self.target.base_url, "--users", str(SESSIONS)),
                *("--out", str(self.directory(name)), *arguments),
                *(address if distributed else ()),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "REALTIME_API_KEY": self.target.api_key, "COLUMNS": "200"},
        )
        self.commands[name] = command
        return command

    def directory(self, name: str = "run") -> Path:
        return self._tmp_path / name

    def control(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.target.control_url}{path}", timeout=5) as answer:
            return json.load(answer)

    def wait_until_measuring(self) -> None:
        """Wait until all sessions are there, and something of them is written down."""
        lines = self.directory() / "load/intervals.jsonl"
        wait_for(lambda: lines.exists() and lines.read_bytes().count(b"\n") >= 2)
        wait_for(lambda: len(self.control("/state")["sessions"]) == SESSIONS)

    def processes(self) -> dict[int, str]:
        """Return all that runs of it: what each is by its id."""
        found: dict[int, str] = {}
        for command in self.commands.values():
            for pid in (command.pid, *descendants(command.pid)):
                line = Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")
                found[pid] = (
                    "engine"
                    if ".engine" in line
                    else "locust worker"
                    if "_locust" in line and "--worker" in line
                    else "locust"
                    if "_locust" in line
                    else "command"
                )
        return found

    def load(self) -> dict[str, Any]:
        return orjson.loads((self.directory() / "load/load.json").read_bytes())

    def end(self) -> None:
        for command in self.commands.values():
            if command.poll() is None:
                command.kill()
            if command.stdout is not None and not command.stdout.closed:
                command.communicate(timeout=10)


@pytest.fixture
def own_lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture
def family(own_lab: Lab, tmp_path: Path) -> Iterator[Family]:
    family = Family(own_lab.fake(), tmp_path)
    yield family
    family.end()


KINDS: dict[str, dict[str, list[str]]] = {
    "own": {"run": ["--processes", "2"]},
    "locust": {"run": ["--locust"]},
    "processes": {"run": ["--locust", "--processes", "2"]},
    "master": {"run": ["--master"], "one": ["--worker"], "two": ["--worker"]},
}


PARTS = ("command", "engine", "locust", "locust worker")


def begin(family: Family, kind: str) -> dict[int, str]:
    for name, arguments in KINDS[kind].items():
        family.start(name, *arguments)
    family.wait_until_measuring()
    return family.processes()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        pytest.param(kind, said, marks=needs_locust if kind != "own" else (), id=f"{kind}-{name}")
        for name, said in (("ctrl-c", signal.SIGINT), ("sigterm", signal.SIGTERM))
        for kind in KINDS
        # How it was said makes no difference behind the leading command.
        if said is signal.SIGINT or kind in ("own", "processes")
    ],
)
def test_a_run_that_is_asked_to_ends_in_order(
    family: Family, kind: str, said: signal.Signals
) -> None:
    running = begin(family, kind)
    leading = family.commands["run"]
    began = time.monotonic()
    leading.send_signal(said)
    # Sessions are closed and all is written down; then there is the page of the run to be drawn,
    # which is a matter of half a second, but of this machine's.
    wait_for(lambda: (family.directory() / "load/load.json").exists())
    assert family.control("/state")["sessions"] == []
    took_s = time.monotonic() - began
    output = leading.communicate(timeout=WAIT_S)[0]
    assert took_s < 5, output
    assert time.monotonic() - began < 15, output
    assert leading.returncode == 130, output
    for command in family.commands.values():
        command.communicate(timeout=5)
    wait_for(lambda: not any(map(runs, running)))
    # The service saw each session leave, and none of them break off.
    told = [each["data"] for each in family.control("/journal")["entries"]]
    left = [each for each in told if each.get("state") == "closed"]
    assert len(left) >= SESSIONS
    assert {each["by"] for each in left} == {"client"}
    assert family.load()["aborted"] == "interrupted"
    assert "interrupted" in output


def test_a_run_in_the_background_ends_in_order(family: Family) -> None:
    """Shells let what they run there ignore SIGINT; SIGTERM is heard all the same."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        running = begin(family, "own")
    finally:
        signal.signal(signal.SIGINT, before)
    leading = family.commands["run"]
    leading.terminate()
    output = leading.communicate(timeout=WAIT_S)[0]
    assert leading.returncode == 130, output
    assert family.load()["aborted"] == "interrupted"
    wait_for(lambda: not any(map(runs, running)))


@pytest.mark.parametrize(
    ("kind", "part", "code", "said"),
    [
        ("own", "engine", 6, r"engine \d of 2 \(process"),
        ("own", "command", -9, None),
        pytest.param("locust", "engine", 6, r"the engine \(process", marks=needs_locust),
        pytest.param("locust", "locust", 4, "killed by SIGKILL: there is no", marks=needs_locust),
        pytest.param("locust", "command", -9, None, marks=needs_locust),
        pytest.param(
            "processes", "locust worker", 6, r"worker \d of 2 is gone", marks=needs_locust
        ),
        pytest.param(
            "processes",
            "engine",
            6,
            r"worker \d of 2 \(process \d+\) ended by itself, killed by SIGKILL",
            marks=needs_locust,
        ),
        pytest.param(
            "processes", "locust", 4, "killed by SIGKILL: there is no", marks=needs_locust
        ),
        pytest.param("master", "locust worker", 6, r"worker \d of 2", marks=needs_locust),
    ],
    ids=lambda value: value if value in (*KINDS, *PARTS) else "",
)
def test_what_is_killed_is_named_and_leaves_nothing_behind(
    family: Family, kind: str, part: str, code: int, said: str | None
) -> None:
    running = begin(family, kind)
    victim = next(pid for pid, name in running.items() if name == part)
    leading = family.commands["run"]
    os.kill(victim, signal.SIGKILL)
    output = leading.communicate(timeout=WAIT_S)[0]
    assert leading.returncode == code, output
    for command in family.commands.values():
        command.communicate(timeout=WAIT_S)
    wait_for(lambda: not any(map(runs, running)))
    wait_for(lambda: family.control("/state")["sessions"] == [])
    # What was measured before is there in any case.
    assert (family.directory() / "load/intervals.jsonl").read_bytes().count(b"\n") >= 2
    if said is None:
        return
    assert re.search(said, output), output
    if code == 6:
        whole = family.load()
        assert whole["fitness"]["fitness"] == "void"
        assert re.search(said, whole["fitness"]["reasons"][0])


@needs_locust
def test_what_leads_locust_is_killed_and_the_run_says_so(family: Family) -> None:
    begin(family, "locust")
    leading = family.commands["run"]
    os.kill(leading.pid, signal.SIGKILL)
    leading.communicate(timeout=WAIT_S)
    wait_for((family.directory() / "load/load.json").exists)
    (reason,) = family.load()["fitness"]["reasons"]
    assert reason == "the command that started Locust ended by itself"


def test_a_service_that_is_killed_has_failed(own_lab: Lab, family: Family) -> None:
    """It is not the generator's fault: its figures stand, and what failed is named."""
    begin(family, "own")
    fake = own_lab._processes[0].popen
    fake.send_signal(signal.SIGKILL)
    fake.wait(10)
    lines = family.directory() / "load/intervals.jsonl"
    wait_for(lambda: b"unreachable" in lines.read_bytes())
    leading = family.commands["run"]
    leading.send_signal(signal.SIGINT)
    output = leading.communicate(timeout=WAIT_S)[0]
    assert "connect unreachable" in output
    found = {name for _, name, _ in family.load()["outcomes"]}
    assert "unreachable" in found
    assert any(name.startswith("lost") for name in found)


def wait_for(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [each for child in map(int, children) for each in (child, *descendants(child))]


def runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
