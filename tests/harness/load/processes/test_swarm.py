"""Locust itself is only ever run in processes of its own."""

from __future__ import annotations

import math
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
import pytest

from realtime_harness.load.histogram import Histogram
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
        objectives=(
            parse("p95(ttft_ms) < 400"),
            replace(
                parse("rate(ok) > 99%"),
                **{"warn": 0.999, "waived": "known", "until": date(2999, 1, 1)},
                abort_after_s=3.0,
            ),
        ),
        canary=1,
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


@pytest.mark.parametrize(
    ("role", "count", "roles"),
    [
        ("", 1, [""]),
        ("", 3, ["master", "worker", "worker", "worker"]),
        ("master", 3, ["master"]),
        ("worker", 1, ["worker"]),
        ("worker", 2, ["worker", "worker"]),
    ],
)
def test_processes(swarm: Swarm, role: str, count: int, roles: list[str]) -> None:
    asked = replace(swarm, role=role, plan=replace(swarm.plan, processes=count), workers=7, ui=True)
    found = asked.processes()
    assert [each.role for each in found] == roles
    assert len({each.master for each in found}) == 1
    if not role and count > 1:
        # Our own workers find their master where nobody else is; one of them has the page.
        assert found[0].master != swarm.master
        assert [each.workers for each in found] == [count] * (count + 1)
        assert [each.ui for each in found] == [True, False, False, False]


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


SAMPLES = """
import os, random
from pathlib import Path
from realtime_harness.load.sessions.text import Text

KEPT = Path(os.environ["SAMPLES"]) / f"{os.getpid()}.txt"
CHANCE = random.Random(os.getpid())

class Sampled(Text):
    async def act(self, operation):
        await super().act(operation)
        value = int(CHANCE.lognormvariate(3, 1) * 1e6)
        operation.more["sample_ms"] = value
        with KEPT.open("a") as file:
            file.write(f"{value}\\n")
"""
"""A journey of the user's that notes down what it measures: an engine's samples, one by one."""


def test_a_masters_percentiles_are_those_of_all_samples_of_its_workers(
    fake: Target, port: int, tmp_path: Path
) -> None:
    (tmp_path / "sampled.py").write_text(SAMPLES)
    profile = tmp_path / "sampled.toml"
    profile.write_text('name = "s"\nanswers = "?"\njourney = "sampled:Sampled"\nthink_s = 0.02\n')
    (kept := tmp_path / "samples").mkdir()
    address = ("--master-address", f"127.0.0.1:{port}", "--workers", "2")
    processes = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "realtime_harness", "load", str(profile), role, *address),
                *("--target", fake.base_url, "--out", str(tmp_path / name)),
                # Of a ramp all counts; the worker is told all that it does not say by its master.
                *(("--users", "5", "--shape", "ramp", "--duration", "3s") if name == "m" else ()),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                **os.environ,
                **{"REALTIME_API_KEY": fake.api_key, "SAMPLES": str(kept)},
                "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
            },
        )
        for name, role in (("m", "--master"), ("one", "--worker"), ("two", "--worker"))
    ]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert processes[0].returncode in (0, 6), outputs
    assert [process.returncode for process in processes[1:]] == [0, 0], outputs
    whole = orjson.loads((tmp_path / "m/load/load.json").read_bytes())
    merged = Tally.from_json(whole).histogram("sample_ms")
    samples = [list(map(int, each.read_text().split())) for each in kept.iterdir()]
    # The trial session of each engine is its first, and does not count.
    engines = [each[1:] for each in samples if len(each) > 1]
    assert len(engines) == 2
    pooled = sorted(value for each in engines for value in each)
    assert merged == Histogram.of(pooled)
    for percent in (50, 90, 95, 99, 100):
        nearest = pooled[max(0, math.ceil(percent / 100 * len(pooled) - 1e-9) - 1)]
        assert merged.percentile_ms(percent) == Histogram.of([nearest]).max_ms
    # Half of the sessions are of each, and none is lost or had twice.
    assert (whole["users"], whole["processes"], whole["shape"]) == (5, 2, "ramp")
    assert len(whole["health"]) == 2
    assert (tmp_path / "m/load/locust.html").stat().st_size > 100_000


def run(start: Start, out: Path, *more: str) -> tuple[dict[str, Any], list[dict[str, Any]], str]:
    """Carry out a run that Locust leads; return its result and its lines."""
    process = start(out, "--locust", *more)
    output = process.communicate(timeout=60)[0]
    assert process.returncode in (0, 5, 6), output
    lines = (out / "load/intervals.jsonl").read_bytes().splitlines()
    whole = orjson.loads((out / "load/load.json").read_bytes())
    return whole, list(map(orjson.loads, lines)), output


def test_locusts_report_has_our_percentiles(start: Start, tmp_path: Path) -> None:
    whole, lines, output = run(start, tmp_path / "run", "--processes", "2", "--duration", "5s")
    page = (tmp_path / "run/load/locust.html").read_text()
    (found,) = re.findall(r"window.templateArgs = (.*?)\n", page)
    told = {
        (each["name"], each["method"]): each
        for each in orjson.loads(found.strip().rstrip(";"))["response_time_statistics"]
    }
    tally = Tally.from_json(whole)
    assert tally.count("turn", ok=True) > 20, output
    for metric in ("connect_ms", "ttft_ms", "turn_ms"):
        for clock in ("response", "service"):
            theirs = told[metric.removesuffix("_ms"), clock]
            ours = tally.histogram(metric, clock=clock)
            for share in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0):
                assert theirs[str(share)] == pytest.approx(
                    ours.percentile_ms(100 * share), rel=0.01
                )
    # It is led as by ourselves: a line a second, phases, and a health for each engine.
    assert [line["phase"] for line in lines][-1] == "drain"
    assert {"steady"} <= {line["phase"] for line in lines}
    assert all(len(line["health"]) == 2 for line in lines)
    assert len(whole["health"]) == 2
    assert whole["environment"]["packages"]["locust"]


def test_arrivals_are_dealt_out_among_workers(start: Start, tmp_path: Path) -> None:
    more = ("--processes", "2", "--users", "5", "--arrival-rate", "20", "--duration", "3s")
    whole, lines, output = run(start, tmp_path / "run", *more)
    assert whole["requested"] == 60
    assert Tally.from_json(whole).count("turn", ok=True) == 60, output
    assert sum(line["due"] for line in lines) == 60


def test_a_storm_breaks_all_connections_off(start: Start, tmp_path: Path) -> None:
    more = ("--shape", "reconnect-storm", "--duration", "4s", "--processes", "2")
    whole, _, output = run(start, tmp_path / "run", *more)
    tally = Tally.from_json(whole)
    assert tally.count("connect", ok=True) == 3 * 4, output
    assert list(tally.failures()) == []


def test_an_objective_of_a_file_ends_a_run_that_locust_leads(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "slo.toml"
    file.write_text(
        '[[objective]]\nthat = "p50(ttft_ms) < 0.001"\nabort_after_s = 1\n'
        '[[objective]]\nthat = "rate(ok) > 99%"\nwarn = 0.999\n'
        '[[objective]]\nthat = "p95(ttft_ms) < 0.001"\nwaived = "slow"\nuntil = 2999-01-01\n'
    )
    whole, _, output = run(start, tmp_path / "run", "--slo", str(file), "--duration", "60s")
    assert "p50(ttft_ms) < 0.001 was missed for" in whole["aborted"]
    assert whole["aborted"] in output
    if whole["fitness"]["fitness"] != "void":
        assert [each["state"] for each in whole["objectives"]] == ["fail", "pass", "waived"]
    assert whole["objectives"][2]["waived"] == "slow"
