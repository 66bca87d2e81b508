"""Locust itself is only ever run in processes of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
import pytest

from realtime_harness.load.operation import Tally
from realtime_harness.load.profile import find
from realtime_harness.load.run import LoadPlan
from realtime_harness.load.slo import parse
from realtime_harness.load.swarm import Swarm, read_plan
from realtime_harness.targets.target import Target

if find_spec("locust") is None:
    pytest.skip("needs the extra load", allow_module_level=True)

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def swarm() -> Swarm:
    target = Target(name="t", base_url="http://127.0.0.1:1/v1", api_key="sk-t")
    plan = LoadPlan(
        target=target,
        profile=find("text"),
        users=6,
        duration_s=4,
        objectives=(parse("p95(ttft_ms) < 400"),),
    )
    return Swarm(plan=plan, directory=Path("/nowhere"))


def test_a_plan_survives_the_environment(swarm: Swarm) -> None:
    plan, directory = read_plan(orjson.loads(orjson.dumps(swarm.to_json())))
    assert (plan, directory) == (swarm.plan, swarm.directory)


@pytest.mark.parametrize(
    ("changes", "has", "has_not"),
    [
        ({}, "-u 6 -r 100 --headless", "--master"),
        ({"ui": True, "port": 8090}, "--web-host 127.0.0.1 --web-port 8090", "--headless"),
        (
            {"role": "master", "workers": 2, "master": "127.0.0.1:6000"},
            "--master --master-bind-host 127.0.0.1 --master-bind-port 6000 --expect-workers 2",
            "--worker",
        ),
        (
            {"role": "worker", "master": "10.0.0.1:6000"},
            "--worker --master-host 10.0.0.1 --master-port 6000",
            "-u",
        ),
    ],
    ids=["alone", "ui", "master", "worker"],
)
def test_arguments(swarm: Swarm, changes: dict, has: str, has_not: str) -> None:
    arguments = replace(swarm, **changes).arguments()
    assert has in " ".join(arguments)
    assert has_not not in arguments
    assert "sk-t" not in str(arguments)


@pytest.fixture
def start(fake: Target, tmp_path: Path) -> Start:
    """Starts ``realtime-harness load`` with hasty text turns against the fake."""
    hasty = tmp_path / "hasty.toml"
    hasty.write_text('name = "hasty"\nanswers = "?"\njourney = "text"\nthink_s = 0.05\n')

    def begin(out: Path, *more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "realtime_harness", "load", str(hasty)),
                *("--target", fake.base_url, "--users", "4", "--out", str(out), *more),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "REALTIME_API_KEY": fake.api_key},
        )

    return begin


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_workers_measure_and_their_master_merges(start: Start, port: int, tmp_path: Path) -> None:
    address = ("--master-address", f"127.0.0.1:{port}", "--workers", "2", "--duration", "2s")
    processes = [
        start(tmp_path / "master", "--master", *address),
        start(tmp_path / "one", "--worker", *address),
        start(tmp_path / "two", "--worker", *address),
    ]
    outputs = [process.communicate(timeout=40)[0] for process in processes]
    assert processes[0].returncode in (0, 6), outputs
    whole = orjson.loads((tmp_path / "master/load/load.json").read_bytes())
    tally = Tally.from_json(whole)
    assert tally.count("connect", ok=True) == 4, outputs
    assert tally.count("turn", ok=True) >= 4
    assert tally.histogram("turn_ms", clock="service").count == tally.count("turn", ok=True)
    assert (tmp_path / "master/load/locust.html").stat().st_size > 100_000


def test_nothing_is_left_when_the_leader_is_killed(start: Start, tmp_path: Path) -> None:
    process = start(tmp_path / "run", "--locust", "--duration", "60s")
    family = _wait_for(lambda: found if len(found := _descendants(process.pid)) >= 2 else [])
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    assert _wait_for(lambda: not any(map(_runs, family)))


def _wait_for(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def _descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [each for child in map(int, children) for each in (child, *_descendants(child))]


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
