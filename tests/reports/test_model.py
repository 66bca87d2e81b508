from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_harness.errors import UsageError
from realtime_harness.verdicts import Level, Verdict
from realtime_reports.model import read_report, sentence


def test_a_check_of_many_scenarios_is_one_row_with_its_worst_verdict(run_dir: Path) -> None:
    rows = {row.check: row for row in read_report(run_dir).rows}
    row = rows["rt.text-over-webrtc.no-audio-tokens"]
    assert row.verdict is Verdict.FAIL
    assert [(o.verdict, [r.scenario for r in o.results]) for o in row.outcomes] == [
        (Verdict.FAIL, ["text_over_webrtc/one_turn#2"]),
        (Verdict.PASS, ["text_over_webrtc/one_turn"]),
    ]
    assert len(rows["rt.wire.schema"].outcomes[0].results) == 6


def test_clients_stand_side_by_side(new_run: Any) -> None:
    run = new_run()
    run.check("rt.sideband.order", Verdict.PASS, scenario="sideband/acts")
    run.check("rt.sideband.order", Verdict.PASS, scenario="sideband/acts@chromium")
    run.check("rt.sideband.order", Verdict.FAIL, scenario="sideband/acts@chromium#2")
    run.check("rt.sideband.order", Verdict.FAIL, scenario="sideband/makes_no_call")
    run.check("rt.sideband.other", Verdict.PASS, scenario="sideband/makes_no_call")
    rows = {row.check: row for row in read_report(run.path).rows}
    assert rows["rt.sideband.order"].clients == {"chromium": Verdict.FAIL, "aiortc": Verdict.PASS}
    assert rows["rt.sideband.other"].clients == {}


def test_checks_are_grouped_by_the_suite_in_their_id(run_dir: Path) -> None:
    groups = [group.suite for group in read_report(run_dir).groups]
    assert groups == ["offers", "text_over_webrtc", "sideband", "relay", "wire"]


def test_the_worst_comes_first(run_dir: Path) -> None:
    report = read_report(run_dir)
    assert [row.verdict for row in report.findings] == [
        Verdict.FAIL,
        Verdict.FAIL,
        Verdict.ERROR,
        Verdict.UNTESTABLE,
        Verdict.WARN,
    ]
    assert report.worst is Verdict.FAIL
    for group in report.groups:
        assert group.rows[0].verdict is group.totals[0][0]


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        ([], None),
        ([Verdict.INFO], Verdict.INFO),
        ([Verdict.INFO, Verdict.PASS], Verdict.PASS),
        ([Verdict.INFO, Verdict.NOT_APPLICABLE], Verdict.NOT_APPLICABLE),
        ([Verdict.PASS, Verdict.WARN, Verdict.UNTESTABLE], Verdict.UNTESTABLE),
    ],
    ids=["nothing", "observed", "passed", "not applicable", "red"],
)
def test_a_run_is_as_bad_as_its_worst_check(
    new_run: Any, verdicts: list[Verdict], worst: Verdict | None
) -> None:
    run = new_run()
    for number, verdict in enumerate(verdicts):
        run.check(f"rt.offers.c{number}", verdict)
    assert read_report(run.path).worst is worst


def test_measurements_keep_their_interval(run_dir: Path) -> None:
    relay = next(group for group in read_report(run_dir).groups if group.suite == "relay")
    overhead = next(m for m in relay.measurements if m.name == "overhead")
    assert (overhead.value, overhead.low, overhead.high, overhead.n) == (41.1, 40.2, 42.3, 60)


@pytest.mark.parametrize(
    ("measured", "value"),
    [
        pytest.param(120, 120, id="number"),
        pytest.param({"value": 3.7, "unit": "ms"}, 3.7, id="value"),
        pytest.param({"median": -1.6, "low": -2.3, "high": 0.4, "n": 9}, -1.6, id="interval"),
    ],
)
def test_measurements_come_in_several_forms(new_run: Any, measured: Any, value: float) -> None:
    run = new_run()
    run.scenario(measurements={"figure": measured})
    [group] = read_report(run.path).groups
    assert [m.value for m in group.measurements] == [value]


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        pytest.param([], "Nothing was judged", id="empty"),
        pytest.param([Verdict.PASS], "The only check passes", id="one pass"),
        pytest.param([Verdict.PASS] * 84, "All 84 checks pass", id="all pass"),
        pytest.param(
            [Verdict.PASS] * 2 + [Verdict.NOT_APPLICABLE, Verdict.INFO],
            "All 2 checks pass",
            id="what is not judged is not counted",
        ),
        pytest.param(
            [Verdict.NOT_APPLICABLE],
            "No check of this run applies to the target",
            id="none applies",
        ),
        pytest.param(
            [Verdict.FAIL] * 3 + [Verdict.PASS],
            "3 MUST clauses violated; 1 of 4 checks pass",
            id="violations",
        ),
        pytest.param(
            [Verdict.UNTESTABLE, Verdict.ERROR, Verdict.WARN],
            "The harness itself failed in 1 check, 1 check not reached, "
            "1 SHOULD clause not met; 0 of 3 checks pass",
            id="everything else",
        ),
    ],
)
def test_the_verdict_is_one_sentence(new_run: Any, verdicts: list[Verdict], said: str) -> None:
    run = new_run()
    for number, verdict in enumerate(verdicts):
        run.check(f"rt.offers.c{number}", verdict)
    assert sentence(read_report(run.path)) == said


def test_a_killed_run_is_read_up_to_where_it_came(new_run: Any) -> None:
    run = new_run(finished_at=None)
    run.check("rt.offers.one")
    with (run.path / "checks.jsonl").open("a") as file:
        file.write('{"check": "rt.offers.two", "scen')
    report = read_report(run.path)
    assert [row.check for row in report.rows] == ["rt.offers.one"]
    assert sentence(report) == "The only check passes so far: the run did not finish"
    said = " ".join(report.problems)
    assert "did not finish" in said
    assert "line 2 of checks.jsonl is cut off" in said
    assert "Scenario offers/rejects_offer_without_audio has verdicts and did not end" in said


def test_a_line_of_a_later_version_is_read_and_a_foreign_one_is_named(new_run: Any) -> None:
    run = new_run()
    run.check("rt.offers.one")
    run.scenario()
    later = {**run.checks[0].to_json(), "check": "rt.offers.two", "baseline": "expected"}
    run.line("checks.jsonl", later)
    run.line("checks.jsonl", {**later, "verdict": "sulks"})
    report = read_report(run.path)
    assert [row.check for row in report.rows] == ["rt.offers.one", "rt.offers.two"]
    [problem] = report.problems
    assert problem.startswith("line 3 of checks.jsonl cannot be used")


def test_levels_are_kept(new_run: Any) -> None:
    run = new_run()
    run.check("rt.offers.one", Verdict.WARN, level=Level.SHOULD)
    assert read_report(run.path).rows[0].level is Level.SHOULD


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param("[]", id="no object"),
        pytest.param(json.dumps({"id": "x"}), id="incomplete"),
    ],
)
def test_what_is_no_run_directory_is_named_with_a_remedy(
    tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(UsageError, match=r"realtime-harness run") as caught:
        read_report(tmp_path)
    assert str(tmp_path / "run.json") in str(caught.value)
