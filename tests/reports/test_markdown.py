from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from realtime_harness.verdicts import Standing, Verdict
from realtime_reports import write_summary


def test_what_a_run_came_to(new_run: Any) -> None:
    run = new_run()
    run.check("rt.offers.one", reason="")
    run.check("rt.offers.two", Verdict.FAIL, reason="got | a\npipe", standing=Standing.UNEXPECTED)
    run.check("rt.offers.three", Verdict.FAIL, standing=Standing.EXPECTED, known="old; issue 7")
    run.scenario()
    text = write_summary(run.path).read_text()
    head, *sections = text.split("\n## ")
    assert head.startswith("# fake: 1 MUST clause violated, 1 red and forgiven; 1 of 3 checks pass")
    assert "| suite | fail | pass |\n|---|---:|---:|\n| offers | 2 | 1 |" in head
    red, known = sections
    assert red.startswith("Red (1)\n")
    assert (
        "| `rt.offers.two` | offers/rejects\\_offer\\_without\\_audio | fail | got \\| a pipe |"
        in red
    )
    assert "old; issue 7" in known
    assert known.rstrip().endswith("`realtime-harness run --target fake -k 'not slow'`")


@pytest.mark.parametrize(
    ("standing", "verdict", "title"),
    [
        (Standing.STALE, Verdict.PASS, "Passes, and is still in the baseline"),
        (Standing.EXPIRED, Verdict.FAIL, "Known until a day that has passed"),
        (Standing.FLAKY, Verdict.FAIL, "Flaky"),
        (Standing.PENDING, Verdict.FAIL, "Red, and not required"),
        (None, Verdict.WARN, "SHOULD clauses not met"),
        (None, Verdict.ERROR, "Red"),
    ],
    ids=lambda value: getattr(value, "value", None),
)
def test_sections(new_run: Any, standing: Standing | None, verdict: Verdict, title: str) -> None:
    run = new_run()
    run.check("rt.offers.one", verdict, reason="so", standing=standing)
    run.scenario()
    assert f"## {title} (1)\n" in write_summary(run.path).read_text()


def test_entries_about_nothing(new_run: Any) -> None:
    run = new_run()
    run.about(replace(run.info, orphans=["rt.gone in a/b: old"]))
    run.check("rt.offers.one")
    run.scenario()
    assert "- rt.gone in a/b: old" in write_summary(run.path).read_text()


def test_long_tables_and_reasons_are_cut(new_run: Any) -> None:
    run = new_run()
    for number in range(60):
        run.check(f"rt.offers.c{number}", Verdict.FAIL, reason="x" * 5000)
    run.scenario()
    text = write_summary(run.path).read_text()
    assert "… and 10 more, in the report." in text
    assert max(map(len, text.splitlines())) < 500
