"""A run is kept, judged from what was kept, and judged again as a run."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from realtime_harness.cli import app
from realtime_harness.errors import UsageError
from realtime_harness.plan import Plan
from realtime_harness.recording import read_recording, write_recording
from realtime_harness.rejudging import AS_RECORDED, rejudge
from realtime_harness.results import CheckResult, RunInfo, ScenarioResult, read_run
from realtime_harness.store import Store
from realtime_harness.verdicts import ExitCode, Level, Verdict

RECORDINGS = Path(__file__).parents[3] / "shared" / "recordings"
SCENARIO = "session/greets"

Event = dict[str, Any]


def entry(seq: int, event: Event, direction: str = "received") -> Event:
    return {
        **{"seq": seq, "t_ns": seq, "lane": "ws", "connection": "client"},
        **{"direction": direction, "kind": "event", "data": event},
    }


RIGHT = {"type": "session.created", "event_id": "event_1", "session": {"type": "realtime"}}
WRONG = {"type": "session.updated", "event_id": "event_1", "session": {"type": "realtime"}}


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that leaves a run of one scenario behind, in which ``event`` came."""

    def make_run(event: Event = RIGHT, name: str = "run") -> Path:
        directory = tmp_path / name
        with Store(directory) as store:
            with store.evidence(SCENARIO) as journal:
                journal.append(entry(0, event))
            said = {"scenario": SCENARIO, "suite": "session", "clause": "It is so.", "source": "x"}
            for check in ("rt.session.greeting", "rt.wire.event-schema"):
                result = {**said, "check": check, "level": Level.MUST, "verdict": Verdict.PASS}
                store.add_check(CheckResult(**result, reason=""))
            store.add_scenario(
                ScenarioResult(
                    id=SCENARIO,
                    suite="session",
                    name="greets",
                    summary="It greets.",
                    started_at="2026-09-01T00:00:00+00:00",
                    duration_s=0.1,
                    evidence=store.evidence_name(SCENARIO),
                )
            )
            store.write_info(
                RunInfo(
                    id="run",
                    target="fake",
                    base_url="http://127.0.0.1:1/v1",
                    started_at="2026-09-01T00:00:00+00:00",
                    finished_at=None,
                    harness_version="0",
                    contract="openai-0",
                    command=["realtime-harness", "run"],
                )
            )
        return directory

    return make_run


def test_what_was_kept_is_what_there_was(make_run: Callable[..., Path]) -> None:
    directory = make_run()
    before = read_recording(directory)
    path = write_recording(directory)
    after = read_recording(path)
    assert after.info == before.info
    assert after.conversations == before.conversations
    assert path.read_bytes() == write_recording(directory).read_bytes()


def test_rules_are_judged_anew_and_the_rest_is_as_recorded(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_recording(make_run(WRONG))
    code, directory = rejudge(Plan(out=tmp_path / "again"), path, tmp_path)
    run = read_run(directory)
    found = {result.check: result for result in run.checks}
    assert code is ExitCode.VIOLATIONS
    assert run.info.target == "recording:recording.jsonl.gz"
    assert found["rt.session.greeting"].verdict is Verdict.PASS
    assert found["rt.session.greeting"].reason == AS_RECORDED
    assert found["rt.wire.event-schema"].reason == ""
    first = found["rt.wire.session-created-first"]
    assert first.verdict is Verdict.FAIL
    assert first.reason == "expected session.created first, got session.updated"
    assert first.evidence_seq == 0
    assert len(run.checks) == len(found)
    assert run.entries(run.scenarios[0])[0][0].data == WRONG


def test_a_recording_is_asked_nothing(make_run: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leave out -k, --repeat"):
        rejudge(Plan(keyword="x", repeat=2), make_run(), tmp_path)
    with pytest.raises(UsageError, match="is not empty"):
        rejudge(Plan(out=make_run(name="other")), make_run(), tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("r.gz", b"\x1f\x8bno", "r.gz, line 0: cannot be used", id="no gzip"),
        pytest.param("r.gz", gzip.compress(b""), "r.gz, line 1: is empty", id="nothing in it"),
        pytest.param(
            "r.gz",
            gzip.compress(b'{"recording": 2}\n'),
            "r.gz, line 1: cannot be used",
            id="a later version",
        ),
        pytest.param(
            "r.gz", gzip.compress(b"{}\n"), "r.gz, line 1: cannot be used", id="no version"
        ),
        pytest.param("e.jsonl", b"", "it is empty", id="no evidence"),
        pytest.param("e.jsonl", b"{}\n", "line 1 of e.jsonl cannot be used", id="no entry"),
        pytest.param("e.jsonl", b'{"seq": 0', "line 1 of e.jsonl is cut off", id="torn"),
        pytest.param("c.yaml", b"a: b: c", "c.yaml, line 1: is not YAML", id="no YAML"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    done = CliRunner().invoke(app, ["judge", str(path)])
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)


def test_a_torn_last_line_is_no_reason_to_stop(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(json.dumps(entry(0, RIGHT)) + '\n{"seq": 1', encoding="utf-8")
    recording = read_recording(path)
    assert [each.data for each in recording.conversations[0].entries] == [RIGHT]
    assert recording.problems == ["line 2 of e.jsonl is cut off"]


@pytest.mark.parametrize("event", [RIGHT, WRONG], ids=["right", "wrong"])
def test_judge_says_so(make_run: Callable[..., Path], event: Event) -> None:
    directory = make_run(event)
    done = CliRunner().invoke(app, ["judge", str(directory)])
    assert done.exit_code == (event is WRONG)
    assert (
        "MUST   rt.wire.session-created-first  event 1\n"
        "           expected session.created first, got session.updated\n" in done.output
    ) == (event is WRONG)


def test_judge_as_json(make_run: Callable[..., Path]) -> None:
    done = CliRunner().invoke(app, ["judge", "--json", str(make_run(WRONG))])
    ((conversation,),) = [each["conversations"] for each in json.loads(done.output)["recordings"]]
    (finding,) = conversation["findings"]
    assert conversation["name"] == SCENARIO
    assert finding["check"] == "rt.wire.session-created-first"
    assert (finding["level"], finding["event"], finding["data"]) == ("MUST", 1, WRONG)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"the recordings are not at {RECORDINGS}")
class TestRealEndpoints:
    @pytest.mark.parametrize("vendor", ["openai", "azure"])
    def test_are_acquitted(self, vendor: str) -> None:
        paths = map(str, sorted(RECORDINGS.glob(f"{vendor}*.yaml")))
        done = CliRunner().invoke(app, ["judge", "--json", *paths])
        assert done.exit_code == 0
        for recording in json.loads(done.output)["recordings"]:
            assert [c["findings"] for c in recording["conversations"]] == [[]]

    def test_deviations_are_named(self) -> None:
        path = RECORDINGS / "xai_audio_out_turn.yaml"
        done = CliRunner().invoke(app, ["judge", str(path)])
        assert done.exit_code == 1
        for deviation in (
            'session.created: session: "type" is a required property',
            "ping is not in the contract",
            'response.content_part.done: "part" is a required property',
            "response.output_audio.done [output 0] [content 0] came after "
            "response.content_part.done",
            "no conversation.item.done of d7f61d68-2d0e-4fee-8621-4658f75153c2",
            "usage of a completed response lacks total_tokens, input_tokens, output_tokens",
        ):
            assert deviation in done.output
