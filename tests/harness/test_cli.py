from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import ANY

import pytest
from typer.testing import CliRunner

from realtime_harness import __version__
from realtime_harness.cli import app, main
from realtime_harness.lab import Lab
from realtime_harness.results import read_run
from realtime_harness.verdicts import ExitCode

pytest.importorskip("aiortc")

Invoke = Callable[..., "subprocess.CompletedProcess[str]"]


def command(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def test_version() -> None:
    assert command("--version").strip() == __version__


@pytest.mark.parametrize(
    "name", ["fake", "run", "relay", "report", "judge", "record", "drift", "list", "doctor"]
)
def test_help(name: str) -> None:
    assert "Usage:" in command(name, "--help")


@pytest.mark.parametrize(
    ("what", "keys"),
    [
        ("suites", {"suite"}),
        ("scenarios", {"scenario", "summary", "checks"}),
        (
            "checks",
            {"check", "level", "clause", "source", "transports", "capabilities", "since"},
        ),
        ("defects", {"defect", "summary", "violates"}),
        ("behaviours", {"behaviour", "summary", "violates"}),
    ],
)
def test_list(what: str, keys: set[str]) -> None:
    rows = json.loads(command("list", what, "--json"))
    assert all(row.keys() == keys for row in rows)
    lines = command("list", what).splitlines()
    assert len(lines) == len(rows)


def test_run_against_the_fake(invoke: Invoke, tmp_path: Path) -> None:
    words = ["run", "--suite=offers", "-k", "no_key or library", "--repeat=2", "--out=out"]
    done = invoke("realtime_harness", *words)
    assert done.returncode == ExitCode.OK, done.stdout + done.stderr
    assert "offers/no_key" in done.stdout
    assert "report: out" in done.stdout
    run = read_run(tmp_path / "out")
    assert run.info.target == "fake"
    *command, seed = run.info.command
    assert command == [
        *("realtime-harness", "run", "--target", "fake", "--suite", "offers"),
        *("-k", "no_key or library", "--repeat", "2", "--seed"),
    ]
    assert seed.isdigit()
    assert run.info.exit_code == 0
    assert {scenario.id for scenario in run.scenarios} == {
        "offers/no_key",
        "offers/no_key#2",
        "offers/library",
        "offers/library#2",
    }
    assert "<html" in (tmp_path / "out" / "report.html").read_text()


def test_run_with_workers_replaces_the_run_before(invoke: Invoke, tmp_path: Path) -> None:
    words = ["realtime_harness", "run", "--suite=offers", "-k", "no_key", "--out=out"]
    invoke(*words)
    done = invoke(*words, "-n", "2")
    assert done.returncode == ExitCode.OK, done.stdout + done.stderr
    assert len(read_run(tmp_path / "out").scenarios) == 1


def test_run_sees_a_defect(invoke: Invoke, tmp_path: Path) -> None:
    defects = json.loads(command("list", "defects", "--json"))
    (defect,) = [row for row in defects if row["violates"] == "rt.offers.no-key-status"][:1]
    done = invoke(
        "realtime_harness",
        "run",
        "--out=out",
        "-k=no_key",
        f"--defect={defect['defect']}",
        "--fault=delay:1ms,on=session.updated,key=sk-fake",
        # Options of the user's own runs have no say.
        environment={"PYTEST_ADDOPTS": "--nonsense"},
    )
    assert done.returncode == ExitCode.VIOLATIONS, done.stdout + done.stderr
    assert "RED offers/no_key" in done.stdout
    assert "fail rt.offers.no-key-status in offers/no_key: " in done.stdout
    run = read_run(tmp_path / "out")
    # What a switch is limited to is written down without its key.
    fault = "delay:1ms,on=session.updated,key=[redacted]"
    switches = {"defects": [defect["defect"]], "behaviours": [], "faults": [fault]}
    assert run.info.switches == switches
    assert run.info.command[-4:-2] == ["--fault", fault]


class Ended(NamedTuple):
    code: int
    output: str


@pytest.fixture
def ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Runs the entry point in this process, for what ends before anything is run."""
    monkeypatch.chdir(tmp_path)
    for name in ("REALTIME_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["realtime-harness", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, captured.out + captured.err)

    return run


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["run", "--suite=nope"], ExitCode.USAGE, "no suite named nope; there are "),
        (["run", "--target=nope"], ExitCode.USAGE, "no target 'nope'"),
        (["run", "--target=openai"], ExitCode.USAGE, "set OPENAI_API_KEY"),
        (["run", "--nope"], ExitCode.USAGE, "No such option"),
        (["run", "--repeat=0"], ExitCode.USAGE, "Invalid value"),
        (["run", "--defect=nope"], ExitCode.USAGE, "no switch named 'nope'"),
        (["report", "nowhere"], ExitCode.USAGE, "run.json cannot be read"),
        (["fake", "--profile=nope"], ExitCode.USAGE, "no profile named 'nope'"),
        (["fake", "--port=1", "--host=192.0.2.1"], ExitCode.USAGE, "cannot listen"),
        (["relay"], ExitCode.USAGE, "Missing option"),
        (["relay", "--upstream=http://127.0.0.1:1/v1", "--delay=soon"], 2, "write 40ms"),
        (["relay", "--upstream=fake"], ExitCode.USAGE, "start a fake"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_done(
    ending: Callable[..., Ended], words: list[str], code: int, message: str
) -> None:
    ended = ending(*words)
    assert message in ended.output
    assert ended.code == code


@pytest.mark.parametrize(
    ("name", "message"), [("file", "is a file"), ("full", "holds no earlier run")]
)
def test_directory_that_is_somebodys_is_left_alone(
    ending: Callable[..., Ended], tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    ended = ending("run", f"--out={name}")
    assert message in ended.output
    assert ended.code == ExitCode.USAGE
    assert (tmp_path / "full" / "mine.txt").exists()


def test_run_against_nobody(
    ending: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REALTIME_API_KEY", "abcdef")
    ended = ending("run", "--target=http://127.0.0.1:1/v1")
    assert ended.code == ExitCode.HARNESS_FAULT
    assert "cannot reach http://127.0.0.1:1/v1" in ended.output
    assert not (tmp_path / "realtime-runs").exists()


@pytest.mark.parametrize(
    ("expression", "message"),
    [("nothing_is_named_so", "no check fits"), ("((", "Wrong expression")],
    ids=["nothing", "broken"],
)
def test_expression_that_selects_nothing(invoke: Invoke, expression: str, message: str) -> None:
    done = invoke("realtime_harness", "run", "--suite=offers", f"-k={expression}")
    assert message in done.stdout + done.stderr
    assert done.returncode == ExitCode.USAGE


def test_interrupted_run_is_readable(tmp_path: Path) -> None:
    words = ["run", "--suite=conversation", "--repeat=40", "--out=out"]
    with subprocess.Popen(
        [sys.executable, "-m", "realtime_harness", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        try:
            assert run.stdout.readline()
            run.send_signal(signal.SIGINT)
            run.communicate(timeout=30)
        finally:
            run.kill()
    assert run.returncode == ExitCode.INTERRUPTED
    read = read_run(tmp_path / "out")
    assert read.info.exit_code == ExitCode.INTERRUPTED
    assert read.checks


def test_target_in_a_file(invoke: Invoke, tmp_path: Path) -> None:
    with Lab() as lab:
        fake = lab.fake()
        (tmp_path / "realtime-harness.toml").write_text(
            f'[targets.near]\nbase_url = "{fake.base_url}"\napi_key = "{fake.api_key}"\n'
        )
        done = invoke("realtime_harness", "run", "--target=near", "-k=no_key", "--out=out")
    assert done.returncode == ExitCode.OK, done.stdout + done.stderr
    assert read_run(tmp_path / "out").info.target == "near"


def test_report_again(invoke: Invoke, tmp_path: Path) -> None:
    invoke("realtime_harness", "run", "--suite=offers", "-k=no_key", "--out=out")
    (tmp_path / "out" / "report.html").unlink()
    done = invoke("realtime_harness", "report", "out")
    assert Path(done.stdout.strip()).name == "report.html"
    assert (tmp_path / "out" / "report.html").is_file()


def test_fake_says_when_it_is_ready_and_ends_cleanly(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    words = ["fake", "--port=0", "--api-key=abcdef", f"--ready-file=/dev/fd/{writer}"]
    with subprocess.Popen(
        [sys.executable, "-m", "realtime_harness", *words],
        pass_fds=[writer],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as fake:
        os.close(writer)
        try:
            with open(reader) as file:
                ready = json.loads(file.readline())
            fake.send_signal(signal.SIGTERM)
            output, _ = fake.communicate(timeout=10)
        finally:
            fake.kill()
    assert ready == {
        "base_url": ANY,
        "ws_url": ANY,
        "api_key": "abcdef",
        "profile": "openai-2026-09",
        "calls_need_ephemeral_key": False,
        "models_are_deployments": False,
        "control_url": ANY,
        "pid": fake.pid,
    }
    assert fake.returncode == 0
    assert not output


def test_doctor(invoke: Invoke) -> None:
    done = invoke("realtime_harness", "doctor")
    assert done.returncode == 0, done.stdout
    lines: dict[str, Any] = {line[8:22].strip(): line for line in done.stdout.splitlines()}
    assert {"python", "websockets", "extra webrtc", "chromium", "fake"} <= set(lines)
    assert "accepts connections" in lines["fake"]


def test_a_baseline_forgives_until_it_is_stale(invoke: Invoke, tmp_path: Path) -> None:
    run = ("run", "--suite=offers", "-k=no_key", "--out=out", "--baseline=known.toml")
    broken = (*run, "--defect=no-key-is-forbidden")
    (tmp_path / "known.toml").touch()

    def code(*words: str, expected: ExitCode) -> str:
        done = invoke("realtime_harness", *words)
        assert done.returncode == expected, done.stdout + done.stderr
        return str(done.stdout)

    code(*broken, expected=ExitCode.VIOLATIONS)
    done = invoke("realtime_harness", "baseline", "update", "out")
    assert done.returncode == ExitCode.USAGE
    assert "--reason" in done.stderr
    code("baseline", "update", "out", "--reason=the gateway's", expected=ExitCode.OK)
    assert "1 expected" in code(*broken, expected=ExitCode.OK)
    assert "the gateway's" in (tmp_path / "out" / "summary.md").read_text()
    said = code(*run, expected=ExitCode.STALE_BASELINE)
    assert "realtime-harness baseline update out" in said
    assert "0 added, 1 removed" in code("baseline", "update", "out", expected=ExitCode.OK)
    code(*run, expected=ExitCode.OK)


def test_build_servers_get_annotations(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    words = ["run", "--suite=offers", "-k=no_key", "--defect=no-key-is-forbidden"]
    done = invoke("realtime_harness", *words, "--retry-unexpected=1", "--out=out")
    assert done.returncode == ExitCode.VIOLATIONS
    assert "::error title=rt.offers." in done.stdout
    read = read_run(tmp_path / "out")
    assert [each.id for each in read.scenarios] == ["offers/no_key", "offers/no_key~2"]
    (red,) = (result for result in read.checks if result.decides)
    assert [attempt["verdict"] for attempt in red.attempts] == ["fail"]


def test_several_targets_make_one_report(invoke: Invoke, tmp_path: Path) -> None:
    key = {"REALTIME_API_KEY": "unused"}
    words = ["run", "--target=fake", "--target=http://127.0.0.1:1/v1", "--target=fake:azure-ga"]
    done = invoke("realtime_harness", *words, "--suite=audio", "--out=out", environment=key)
    assert done.returncode == ExitCode.HARNESS_FAULT, done.stdout + done.stderr
    assert "cannot reach http://127.0.0.1:1/v1" in done.stderr
    text = (tmp_path / "out" / "report.html").read_text()
    for folder in ("fake", "fake-azure-ga"):
        assert read_run(tmp_path / "out" / folder).info.exit_code == ExitCode.OK
        assert f'href="{folder}/report.html"' in text


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (["fake", "nope"], "no target 'nope'"),
        (["fake", "fake"], "--target fake is given twice"),
    ],
    ids=["unknown", "twice"],
)
def test_no_target_is_run_if_one_is_wrong(
    invoke: Invoke, tmp_path: Path, targets: list[str], said: str
) -> None:
    done = invoke("realtime_harness", "run", *(f"--target={name}" for name in targets))
    assert done.returncode == ExitCode.USAGE
    assert said in done.stderr
    assert not list(tmp_path.iterdir())
