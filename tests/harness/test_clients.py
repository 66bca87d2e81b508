"""Suites whose calls are made by aiortc and by Chromium: the same verdicts, side by side."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("aiortc")
pytest.importorskip("playwright", reason="install realtime-harness[browser]")

from realtime_harness.doctor import find_chromium
from realtime_harness.results import read_run
from realtime_harness.verdicts import ExitCode, Verdict

Invoke = Callable[..., "subprocess.CompletedProcess[str]"]

needs_chromium = pytest.mark.skipif(
    find_chromium() is None,
    reason="no Chromium: install it (Debian: apt-get install chromium) or set RT_CHROMIUM",
)
CLIENTS = "--clients=aiortc,chromium"


def test_what_makes_no_call_runs_once(invoke: Invoke, tmp_path: Path) -> None:
    done = invoke(
        "realtime_harness", "run", CLIENTS, "--suite=sideband", "-k", "unknown_call", "--out=out"
    )
    assert done.returncode == ExitCode.OK, done.stdout + done.stderr
    assert [scenario.id for scenario in read_run(tmp_path / "out").scenarios] == [
        "sideband/unknown_call"
    ]


@needs_chromium
def test_both_clients_find_a_right_endpoint_right(invoke: Invoke, tmp_path: Path) -> None:
    suites = ("--suite=text_over_webrtc", "--suite=sideband")
    done = invoke("realtime_harness", "run", CLIENTS, *suites, "--out=out", timeout_s=150)
    assert done.returncode == ExitCode.OK, done.stdout + done.stderr
    run = read_run(tmp_path / "out")
    by_client = defaultdict(set)
    for check in run.checks:
        by_client[check.client].add((check.check, check.verdict))
    # What makes no call is with the usual client.
    assert {Verdict.PASS, Verdict.INFO} == {verdict for _, verdict in by_client["chromium"]}
    assert by_client["chromium"] < by_client[""]
    assert "sideband/both_act@chromium" in {scenario.id for scenario in run.scenarios}
    assert 'class="clients"' in (tmp_path / "out" / "report.html").read_text()
    assert 'classname="sideband/both_act@chromium"' in (tmp_path / "out/junit.xml").read_text()


@needs_chromium
def test_a_defect_is_red_with_both(invoke: Invoke, tmp_path: Path) -> None:
    done = invoke(
        *("realtime_harness", "run", CLIENTS, "--suite=sideband", "-k", "watches_turns"),
        *("--defect=sideband-on-a-session-of-its-own", "--out=out"),
        timeout_s=120,
    )
    assert done.returncode == ExitCode.VIOLATIONS, done.stdout + done.stderr
    failed = {
        check.client: check.verdict
        for check in read_run(tmp_path / "out").checks
        if check.check == "rt.sideband.joins-the-call"
    }
    assert failed == {"": Verdict.FAIL, "chromium": Verdict.FAIL}


def test_without_a_chromium_calls_are_untestable(invoke: Invoke, tmp_path: Path) -> None:
    done = invoke(
        *("realtime_harness", "run", "--clients=chromium", "--suite=text_over_webrtc"),
        *("-k", "recvonly", "--out=out"),
        environment={"PATH": "/nowhere", "RT_CHROMIUM": ""},
    )
    assert done.returncode == ExitCode.VIOLATIONS, done.stdout + done.stderr
    checks = read_run(tmp_path / "out").checks
    assert {check.verdict for check in checks} == {Verdict.UNTESTABLE}
    assert {check.scenario for check in checks} == {"text_over_webrtc/recvonly@chromium"}
    assert "install Chromium" in checks[0].reason


def test_an_unknown_client(invoke: Invoke) -> None:
    done = invoke("realtime_harness", "run", "--clients=firefox")
    assert done.returncode == ExitCode.USAGE
    assert "no client named 'firefox'; there are aiortc, chromium" in done.stderr


def test_an_unknown_client_of_pytest(invoke: Invoke) -> None:
    done = invoke("pytest", "--pyargs", "realtime_scenarios", "--rt-clients=firefox")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--rt-clients: no client named 'firefox'" in done.stdout + done.stderr
