from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from realtime_harness.errors import UsageError
from realtime_harness.verdicts import Standing, Verdict
from realtime_reports import write_all, write_report
from realtime_reports.compare import Turn, compare
from realtime_reports.model import read_report

SCENARIO = "offers/rejects_offer_without_audio"


@pytest.fixture
def runs(new_run: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """Makes an earlier and a later run; a verdict is given for each, or nothing."""

    def make(**verdicts: tuple[Verdict | None, Verdict | None]) -> tuple[Any, Any]:
        made = new_run("earlier", id="earlier"), new_run("later", id="later")
        for number, run in enumerate(made):
            for slug, both in verdicts.items():
                if (verdict := both[number]) is not None:
                    run.check(f"rt.offers.{slug}", verdict, reason=f"in run {number}")
        return made

    return make


@pytest.mark.parametrize(
    ("before", "after", "turn"),
    [
        (Verdict.PASS, Verdict.FAIL, Turn.NEWLY_FAILED),
        (Verdict.WARN, Verdict.FAIL, Turn.NEWLY_FAILED),
        (Verdict.NOT_APPLICABLE, Verdict.UNTESTABLE, Turn.NEWLY_FAILED),
        (None, Verdict.FAIL, Turn.NEWLY_FAILED),
        (Verdict.FAIL, Verdict.PASS, Turn.NEWLY_PASSED),
        (Verdict.FAIL, Verdict.WARN, Turn.NEWLY_PASSED),
        (Verdict.PASS, Verdict.INFO, Turn.OTHERWISE),
        (None, Verdict.PASS, Turn.APPEARED),
        (Verdict.PASS, None, Turn.GONE),
        (Verdict.FAIL, None, Turn.GONE),
        (Verdict.FAIL, Verdict.FAIL, None),
    ],
    ids=str,
)
def test_what_became_of_a_check(
    runs: Any, before: Verdict | None, after: Verdict | None, turn: Turn | None
) -> None:
    earlier, later = runs(one=(before, after))
    found = compare(read_report(later.path), read_report(earlier.path)).changes
    assert [change.turn for change in found] == ([turn] if turn else [])
    assert all((change.before, change.after) == (before, after) for change in found)


def test_what_newly_failed_comes_first_the_worst_before_all(runs: Any) -> None:
    earlier, later = runs(
        gone=(Verdict.PASS, None),
        new=(None, Verdict.PASS),
        mended=(Verdict.FAIL, Verdict.PASS),
        warns=(Verdict.PASS, Verdict.WARN),
        fails=(Verdict.PASS, Verdict.FAIL),
    )
    found = compare(read_report(later.path), read_report(earlier.path)).changes
    assert [c.check.rpartition(".")[2] for c in found] == [
        "fails",
        "warns",
        "mended",
        "new",
        "gone",
    ]


def test_repetitions_count_by_their_worst_and_scenarios_alike_are_one(new_run: Any) -> None:
    earlier, later = new_run("earlier"), new_run("later")
    for name in ("offers/one", "offers/two"):
        earlier.check("rt.offers.x", Verdict.PASS, scenario=name)
        later.check("rt.offers.x", Verdict.PASS, scenario=name)
        later.check("rt.offers.x", Verdict.FAIL, scenario=f"{name}#2", reason="no")
    [change] = compare(read_report(later.path), read_report(earlier.path)).changes
    assert [result.scenario for result in change.results] == ["offers/one#2", "offers/two#2"]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(12.0, 14.0, "+30 %"), (10.9, 14.0, None)],
    ids=["apart", "they overlap"],
)
def test_a_figure_changed_if_its_intervals_have_nothing_in_common(
    new_run: Any, low: float, high: float, said: str | None
) -> None:
    earlier, later = new_run("earlier"), new_run("later")
    figure = {"n": 9, "unit": "ms"}
    earlier.scenario(measurements={"lag": dict(median=10.0, low=9.0, high=11.0, **figure)})
    later.scenario(measurements={"lag": dict(median=13.0, low=low, high=high, **figure)})
    text = write_report(later.path, against=earlier.path).read_text()
    assert ("Figures that changed" in text) is (said is not None)
    assert ("No difference seen in 1 figure." in text) is (said is None)
    assert (said or "") in text


def test_the_page_begins_with_what_newly_failed(runs: Any) -> None:
    earlier, later = runs(
        fails=(Verdict.PASS, Verdict.FAIL),
        mended=(Verdict.FAIL, Verdict.PASS),
        same=(Verdict.FAIL, Verdict.FAIL),
        old=(None, None),
    )
    page = html.fromstring(write_report(later.path, against=earlier.path).read_text())
    section = page.get_element_by_id("comparison")
    text = re.sub(r"\s+", " ", section.text_content())
    assert re.search(
        r"Newly failed 1 .*pass → ✗ fail *rt\.offers\.fails in run 1 .*Newly passed 1", text
    )
    assert section.xpath('.//a[@href="#rt.offers.fails"]')
    assert section.xpath(f'.//a[@href="#at=scenario:{SCENARIO}"]')
    # Whatever else there is to see comes behind it, and nothing twice.
    lists = page.xpath("//header//ol")
    assert [each.get("aria-label") for each in lists] == [
        "Newly failed",
        "Newly passed",
        "What was so before",
    ]
    assert lists[-1].xpath(".//code/text()") == ["rt.offers.same"]


def test_the_summary_says_it_too(runs: Any) -> None:
    earlier, later = runs(fails=(Verdict.PASS, Verdict.FAIL), mended=(Verdict.FAIL, Verdict.PASS))
    write_all(later.path, against=earlier.path)
    text = (later.path / "summary.md").read_text()
    assert "newly failed: 1, newly passed: 1" in text
    assert "- `rt.offers.fails` pass → fail in" in text


def test_nothing_changed_is_said(runs: Any) -> None:
    earlier, later = runs(one=(Verdict.PASS, Verdict.PASS))
    assert "No verdict changed." in write_report(later.path, against=earlier.path).read_text()


def test_runs_of_different_targets_are_compared_with_a_warning(new_run: Any) -> None:
    earlier, later = new_run("earlier", target="other"), new_run("later")
    text = write_report(later.path, against=earlier.path).read_text()
    assert "of another target: other" in text


def test_standings_are_counted_where_there_is_a_baseline(new_run: Any) -> None:
    run = new_run(baseline="known.toml")
    run.check("rt.offers.one", Verdict.FAIL, standing=Standing.EXPECTED)
    run.check("rt.offers.two", Verdict.FAIL, standing=Standing.UNEXPECTED)
    text = re.sub(r"<[^>]+>", "", write_report(run.path).read_text())
    assert "Against the baseline: 1 expected, 1 unexpected." in text


def test_what_is_no_run_to_compare_with_is_named(run_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        write_report(run_dir, against=tmp_path / "nowhere")
