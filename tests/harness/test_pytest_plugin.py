from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from realtime_harness.results import read_run
from realtime_harness.verdicts import Verdict

SUITE = '''
from __future__ import annotations

import os

from realtime_harness.checks import Check
from realtime_harness.errors import HarnessError, TargetViolation
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_harness.verdicts import Level


def check(slug, level=Level.MUST):
    return Check(id=f"rt.sample.{slug}", level=level, clause="It is so.", source="RFC 0")


GOOD, BAD, LATE = check("good"), check("bad"), check("late")
SHOULD, INFO = check("should", Level.SHOULD), check("info", Level.INFO)


def mark(word):
    with open("conversations.txt", "a") as file:
        file.write(f"{word} {os.environ.get('PYTEST_XDIST_WORKER', 'main')}\\n")


@scenario(suite="sample", checks=[GOOD, BAD, SHOULD, INFO, LATE], stream=False)
async def mixed(run: ScenarioRun) -> None:
    """Judge in every way."""
    mark("mixed")
    run.check(GOOD, True)
    run.check(BAD, False, "expected 1, got 2")
    run.check(SHOULD, False, "slow")
    run.observe(INFO, "seen")
    raise TargetViolation("gone")


@scenario(suite="sample", checks=[GOOD], stream=False)
async def faulty(run: ScenarioRun) -> None:
    """Fail by ourselves."""
    raise HarnessError("ours")


@scenario(suite="other", checks=[GOOD], needs=[Capability.CONTROL], stream=False)
async def unclaimed(run: ScenarioRun) -> None:
    """Need what is not claimed."""


@scenario(suite="other", checks=[GOOD, BAD], stream=False, exclusive=True)
async def timed(run: ScenarioRun) -> None:
    """Measure time."""
    mark("timed")
    run.check(GOOD, True)
    run.check(BAD, True)


def test_plain() -> None:
    pass
'''

CONFIG = """\
[pytest]
strict = true
pythonpath = ["."]
filterwarnings = ["error"]
addopts = ["-p", "no:locust", "-p", "no:cacheprovider"]
"""
CONFIG_OF_NEIGHBOURS = """\
asyncio_mode = "strict"
asyncio_default_fixture_loop_scope = "function"
"""

Pytest = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def suite(tmp_path: Path, http_root: str, invoke: Callable[..., Any]) -> Pytest:
    """Runs the suite above against a server that answers with 404."""
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "test_import.py").write_text("from test_suite import mixed\n")

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        environment = {"REALTIME_API_KEY": "top-secret-key", **options.pop("environment", {})}
        target = [f"--rt-target={http_root}", "--rt-out=out"]
        words = ["pytest", *target, "-v", *arguments]
        config = CONFIG
        if options.pop("alone", True):
            # Quicker, by all the plugins of this environment.
            environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
            words += ["-p", "realtime_harness.pytest_plugin"]
        else:
            config += CONFIG_OF_NEIGHBOURS
        (tmp_path / "pytest.toml").write_text(config)
        result: subprocess.CompletedProcess[str] = invoke(*words, environment=environment)
        return result

    return run


EXPECTED = {
    "mixed::rt.sample.good": "PASSED",
    "mixed::rt.sample.bad": "FAILED",
    "mixed::rt.sample.should": "PASSED",
    "mixed::rt.sample.info": "PASSED",
    "mixed::rt.sample.late": "FAILED",
    "faulty::rt.sample.good": "ERROR",
    "unclaimed::rt.sample.good": "SKIPPED",
    "timed[exclusive]::rt.sample.good": "PASSED",
    "timed[exclusive]::rt.sample.bad": "PASSED",
    "test_plain": "PASSED",
}


def outcomes(output: str) -> dict[str, str]:
    line = re.compile(r"^test_suite\.py::(\S+) (PASSED|FAILED|ERROR|SKIPPED)", re.M)
    return dict(line.findall(output))


def conversations(folder: Path) -> list[tuple[str, str]]:
    lines = (folder / "conversations.txt").read_text().splitlines()
    return [(word, worker) for word, worker in map(str.split, lines)]


def test_verdicts_become_outcomes(suite: Pytest, tmp_path: Path) -> None:
    done = suite("--junit-xml=junit.xml", alone=False)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert outcomes(done.stdout) == EXPECTED
    assert not done.stderr
    for text in [
        "fail: expected 1, got 2\n  MUST: It is so.\n  source: RFC 0",
        "untestable: not reached: gone",
        "error: ours",
    ]:
        assert text in done.stdout
    assert "Traceback" not in done.stdout
    assert conversations(tmp_path) == [("mixed", "main"), ("timed", "main")]
    (late,) = (
        case
        for case in ElementTree.parse(tmp_path / "junit.xml").iter("testcase")
        if case.get("name") == "rt.sample.late"
    )
    assert {each.get("name"): each.get("value") for each in late.iter("property")} == {
        "level": "MUST",
        "suite": "sample",
        "clause": "It is so.",
        "source": "RFC 0",
        "verdict": "untestable",
        "standing": "unexpected",
    }


def test_run_directory(suite: Pytest, tmp_path: Path) -> None:
    done = suite()
    run = read_run(tmp_path / "out")
    assert f"report: out{chr(47)}report.html" in done.stdout
    assert (tmp_path / "out" / "report.html").is_file()
    assert (tmp_path / "out" / "junit.xml").is_file()
    assert [result.verdict for result in run.checks] == [
        Verdict.PASS,
        Verdict.FAIL,
        Verdict.WARN,
        Verdict.INFO,
        Verdict.UNTESTABLE,
        Verdict.ERROR,
        Verdict.NOT_APPLICABLE,
        Verdict.PASS,
        Verdict.PASS,
    ]
    assert run.info.exit_code == 4
    assert run.info.finished_at is not None
    assert run.info.command[:3] == ["realtime-harness", "run", "--target"]
    assert len(run.scenarios) == 4
    assert all(run.entries(scenario)[1] == [] for scenario in run.scenarios)
    assert not any(
        b"top-secret-key" in path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-k", "timed"], {"timed[exclusive]::rt.sample.good", "timed[exclusive]::rt.sample.bad"}),
        (["-k", "rt.sample.late"], {"mixed::rt.sample.late"}),
        (
            ["-m", "rt_exclusive and rt_check(level='MUST')", "-k", "good"],
            {"timed[exclusive]::rt.sample.good"},
        ),
        (
            ["--rt-suite=other", "-k", "not plain and good"],
            {"unclaimed::rt.sample.good", "timed[exclusive]::rt.sample.good"},
        ),
        (["test_suite.py::mixed::rt.sample.good"], {"mixed::rt.sample.good"}),
    ],
    ids=["scenario", "check", "marker", "suite", "node-id"],
)
def test_selection(suite: Pytest, tmp_path: Path, arguments: list[str], expected: set[str]) -> None:
    done = suite(*arguments)
    assert set(outcomes(done.stdout)) == expected
    assert len(read_run(tmp_path / "out").checks) == len(expected)


def test_repetitions(suite: Pytest, tmp_path: Path) -> None:
    suite("--rt-repeat=3", "-k", "timed and good")
    assert [result.scenario for result in read_run(tmp_path / "out").checks] == [
        "other/timed",
        "other/timed#2",
        "other/timed#3",
    ]
    assert len(list((tmp_path / "out" / "evidence").iterdir())) == 3


def test_with_workers(suite: Pytest, tmp_path: Path) -> None:
    done = suite("-n2", "--rt-repeat=4", alone=False)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    run = read_run(tmp_path / "out")
    assert len(run.checks) == 4 * 9
    assert len(run.scenarios) == 4 * 4
    assert not run.problems
    assert run.info.exit_code == 4
    seen = conversations(tmp_path)
    # Once each, and all that measure time on one worker.
    assert sorted(word for word, _ in seen) == ["mixed"] * 4 + ["timed"] * 4
    assert len({worker for word, worker in seen if word == "timed"}) == 1


def test_workers_need_a_target_to_be_named(
    suite: Pytest, tmp_path: Path, invoke: Callable[..., Any]
) -> None:
    (tmp_path / "pytest.toml").write_text(CONFIG + CONFIG_OF_NEIGHBOURS)
    done = invoke("pytest", "-n1", "-k", "timed")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "scenarios on xdist's workers need --rt-target" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--rt-suite=nope"], pytest.ExitCode.USAGE_ERROR, "nothing was collected of nope"),
        (["--rt-target=nope"], pytest.ExitCode.USAGE_ERROR, "no target 'nope'"),
        (["--rt-target=http://127.0.0.1:1/v1"], 4, "cannot reach http://127.0.0.1:1/v1"),
        (["--rt-defect=x"], pytest.ExitCode.USAGE_ERROR, "use --target fake"),
        (["--rt-config=none.toml"], pytest.ExitCode.USAGE_ERROR, "none.toml does not exist"),
    ],
    ids=["suite", "target", "unreachable", "defect", "config"],
)
def test_what_cannot_be_run(
    suite: Pytest, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    done = suite(*arguments)
    assert done.returncode == code
    assert message in done.stdout + done.stderr
    assert not (tmp_path / "conversations.txt").exists()


def test_collecting_only_starts_nothing(suite: Pytest, tmp_path: Path) -> None:
    done = suite("--collect-only")
    assert done.returncode == 0
    assert not (tmp_path / "out").exists()


def test_plugin_is_light(invoke: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "light.py").write_text(
        "import json, sys\n"
        "import realtime_harness.pytest_plugin\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    loaded = set(json.loads(invoke("light").stdout))
    assert not loaded & {"aiohttp", "aiortc", "httpx2", "numpy", "orjson", "rich", "websockets"}


def test_other_projects_do_not_notice(invoke: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "test_own.py").write_text(
        "from unittest.mock import MagicMock, call\n"
        "class Odd:\n"
        "    def __getattr__(self, name):\n"
        "        raise RuntimeError(name)\n"
        "mock, odd = MagicMock(), Odd()\n"
        "def test_own(): pass\n"
    )
    done = invoke(
        "pytest", "-p", "no:cacheprovider", "-p", "no:locust", "-p", "no:asyncio", "-p", "no:xdist"
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "realtime" not in done.stdout.replace("realtime-harness-", "")
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] in ([], ["__pycache__"])
