from __future__ import annotations

from pathlib import Path

from realtime_harness.results import CheckResult, RunInfo, ScenarioResult, read_run
from realtime_harness.store import Store, new_run_directory
from realtime_harness.verdicts import Level, Verdict

INFO = RunInfo(
    id="now-fake",
    target="fake",
    base_url="http://127.0.0.1:1/v1",
    started_at="2026-11-21T06:00:00.000+00:00",
    finished_at=None,
    harness_version="0.1.0",
    contract="openai-3.52.0",
    command=["realtime-harness", "run"],
)
CHECK = CheckResult(
    check="rt.sample.first",
    scenario="sample/first",
    suite="sample",
    level=Level.MUST,
    verdict=Verdict.FAIL,
    reason="expected 1, got 2",
    clause="One.",
    source="RFC 0",
    evidence_seq=3,
)
SCENARIO = ScenarioResult(
    id="sample/first#2",
    suite="sample",
    name="first",
    summary="First.",
    started_at="2026-11-21T06:00:00.000+00:00",
    duration_s=0.5,
    evidence="evidence/sample.first.2.jsonl",
)


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.write_info(INFO)
        store.add_check(CHECK)
        store.add_scenario(SCENARIO)
        run = read_run(tmp_path)
    assert (run.info, run.checks, run.scenarios) == (INFO, [CHECK], [SCENARIO])
    assert not run.problems
    assert not list(tmp_path.glob("*.part"))


def test_evidence_of_a_scenario_has_a_file_of_its_own(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert store.evidence_name("sample/first#2") == "evidence/sample.first.2.jsonl"
        for _ in range(2):
            with store.evidence("sample/first") as journal:
                journal.append({"a": 1})
    assert (tmp_path / "evidence" / "sample.first.jsonl").read_text() == '{"a":1}\n'


def test_run_directories_are_never_shared(tmp_path: Path) -> None:
    made = {new_run_directory(tmp_path / "runs", "127.0.0.1:80/v1") for _ in range(3)}
    assert len(made) == 3
    assert all("-127.0.0.1-80-v1" in path.name for path in made)
