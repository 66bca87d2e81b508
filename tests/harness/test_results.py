from __future__ import annotations

import json
from pathlib import Path

import pytest

from realtime_harness.errors import UsageError
from realtime_harness.results import CheckResult, RunInfo, ScenarioResult, read_run
from realtime_harness.verdicts import Level, Verdict

INFO = RunInfo(
    id="1",
    target="fake",
    base_url="http://127.0.0.1/v1",
    started_at="2026-01-01T00:00:00+00:00",
    finished_at=None,
    harness_version="0.1.0",
    contract="openai-3.52.0",
    command=["realtime-harness", "run"],
)
CHECK = CheckResult(
    check="rt.offers.one",
    scenario="offers/a",
    suite="offers",
    level=Level.SHOULD,
    verdict=Verdict.NOT_APPLICABLE,
    reason="",
    clause="",
    source="",
    evidence_seq=3,
)
SCENARIO = ScenarioResult(
    id="offers/a",
    suite="offers",
    name="a",
    summary="",
    started_at="",
    duration_s=0.5,
    evidence="evidence/offers.a.jsonl",
)


def write(directory: Path, **files: object) -> Path:
    for name, value in files.items():
        ending = ".json" if name == "run" else ".jsonl"
        (directory / (name + ending)).write_text(json.dumps(value) + "\n")
    return directory


@pytest.mark.parametrize("record", [INFO, CHECK, SCENARIO], ids=lambda r: type(r).__name__)
def test_a_record_comes_back_from_json(record: CheckResult | RunInfo | ScenarioResult) -> None:
    written = json.loads(json.dumps(record.to_json()))
    assert type(record).from_json(written) == record
    assert type(record).from_json({**written, "key_of_a_later_version": 1}) == record


@pytest.mark.parametrize("broken", [{"level": "WILL"}, {"verdict": None}], ids=["level", "verdict"])
def test_what_is_no_record_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        CheckResult.from_json({**CHECK.to_json(), **broken})


def test_a_run_is_read_back(tmp_path: Path) -> None:
    run = read_run(
        write(tmp_path, run=INFO.to_json(), checks=CHECK.to_json(), scenarios=SCENARIO.to_json())
    )
    assert (run.info, run.checks, run.scenarios, run.problems) == (INFO, [CHECK], [SCENARIO], [])
    entries, problems = run.entries(SCENARIO)
    assert entries == []
    assert problems == ["offers.a.jsonl cannot be read: No such file or directory"]


def test_a_run_that_judged_nothing_yet_is_readable(tmp_path: Path) -> None:
    run = read_run(write(tmp_path, run=INFO.to_json()))
    assert run.checks == []
    assert [problem.partition(" ")[0] for problem in run.problems] == [
        "checks.jsonl",
        "scenarios.jsonl",
    ]


def test_evidence_outside_of_the_run_directory_is_not_read(tmp_path: Path) -> None:
    run = read_run(write(tmp_path, run=INFO.to_json()))
    outside = ScenarioResult.from_json({**SCENARIO.to_json(), "evidence": "../other.jsonl"})
    assert run.entries(outside) == ([], ["../other.jsonl lies outside of the run directory"])


def test_what_is_no_run_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"run\.json cannot be read"):
        read_run(tmp_path)
