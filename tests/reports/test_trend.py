from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from realtime_harness.errors import UsageError
from realtime_harness.results import run_directories
from realtime_harness.verdicts import Verdict
from realtime_reports import write_report, write_trend

P, F = Verdict.PASS, Verdict.FAIL


@pytest.fixture
def history(new_run: Callable[..., Any]) -> Callable[..., list[Path]]:
    """Makes a run for each day; each check has a verdict a day, or nothing."""

    def make(targets: Sequence[str] = (), **checks: Sequence[Verdict | None]) -> list[Path]:
        made = []
        for day in range(max(map(len, checks.values()))):
            target = targets[day] if targets else "fake"
            started = f"2026-11-{day + 1:02}T05:40:12+00:00"
            run = new_run(f"runs/{day}", id=f"run-{day}", started_at=started, target=target)
            for slug, verdicts in checks.items():
                if (verdict := verdicts[day]) is not None:
                    run.check(f"rt.offers.{slug}", verdict)
            lag = {"median": 10.0 + day, "low": 9.5 + day, "high": 10.4 + day, "unit": "ms"}
            run.scenario(measurements={"lag": lag, "turns": 3})
            made.append(run.path)
        return made

    return make


def row_of(page: html.HtmlElement, check: str) -> str:
    return " ".join(page.get_element_by_id(f"rt.offers.{check}").text_content().split())


def strip(page: html.HtmlElement, check: str) -> list[str]:
    row = page.get_element_by_id(f"rt.offers.{check}")
    return list(row.xpath('.//td[@class="run"]/span/@aria-label'))


def test_each_check_has_a_strip_of_verdicts_over_time(history: Any) -> None:
    runs = history(
        broken=[P, P, F, F], flaky=[P, F, P, P], new=[None, None, F, P], steady=[P, P, P, P]
    )
    page = html.fromstring(write_trend(runs[::-1]).read_text())
    assert strip(page, "broken") == ["pass", "pass", "fail", "fail"]
    assert strip(page, "new") == ["not judged", "not judged", "fail", "pass"]
    assert "1 of 4 flaky, turned 2 times" in row_of(page, "flaky")
    assert "flaky" not in row_of(page, "broken")
    assert page.xpath("//h1/text()") == ["3 of 4 checks changed over 4 runs, 1 to and fro"]
    # To and fro first, then what is red now.
    ids = page.xpath('//table[contains(@class, "history")]//tr/@id')
    assert [each.rpartition(".")[2] for each in ids] == ["flaky", "broken", "new"]
    assert page.xpath('//details[contains(., "in every run: 1")]//li//text()') == [
        "rt.offers.steady"
    ]


def test_repetitions_that_do_not_agree_are_flaky(new_run: Any) -> None:
    run = new_run("runs/0")
    run.check("rt.offers.x", P, scenario="offers/one")
    run.check("rt.offers.x", F, scenario="offers/one#2")
    page = html.fromstring(write_trend([run.path]).read_text())
    assert "flaky, did not agree with itself in 1" in row_of(page, "x")


def test_figures_have_a_course(history: Any) -> None:
    page = html.fromstring(write_trend(history(one=[P, P, P])).read_text())
    lag, turns = page.xpath('//table[contains(@class, "courses")]/tbody/tr')
    assert "10.0 ms" in lag.text_content()
    assert "12.0 ms" in lag.text_content()
    assert "+20 %" in lag.text_content()
    assert len(lag.xpath(".//circle")) == 3
    assert "%" not in turns.text_content()


def test_runs_lead_to_their_reports(history: Any, tmp_path: Path) -> None:
    runs = history(one=[P, F])
    write_report(runs[1])
    page = html.fromstring(write_trend(runs).read_text())
    assert set(page.xpath("//a/@href")) == {"#history", "1/report.html"}
    elsewhere = html.fromstring(write_trend(runs, tmp_path / "x.html").read_text())
    assert set(elsewhere.xpath("//a/@href")) == {"#history", "runs/1/report.html"}


def test_runs_of_different_targets_are_told_apart(history: Any) -> None:
    path = write_trend(history(targets=["a", "b"], one=[P, F]))
    text = html.fromstring(path.read_text()).text_content()
    assert "These runs are of different targets (a, b)" in text
    assert "realtime-harness run --target a --target b" in text


def test_a_folder_stands_for_the_runs_inside(history: Any, tmp_path: Path) -> None:
    runs = history(one=[P, P])
    assert run_directories([tmp_path / "runs"]) == runs
    assert run_directories([*runs, tmp_path / "runs"]) == runs
    assert write_trend(runs) == tmp_path / "runs" / "trend.html"
    with pytest.raises(UsageError, match="no run directory below"):
        run_directories([tmp_path / "nowhere"])


def test_hostile_text_stays_text(new_run: Any) -> None:
    hostile = "</style></script><img src=x onerror=alert(1)>\u202e"
    for day, verdict in enumerate((P, F)):
        started = f"2026-11-0{day + 1}T00:00:00+00:00"
        run = new_run(f"runs/{day}", target=hostile, id=hostile, started_at=started)
        run.check(f"rt.offers.{hostile}", verdict, clause=hostile, reason=hostile)
        run.scenario(measurements={hostile: {"median": 1, "unit": hostile}})
    path = write_trend(run_directories([run.path.parent]))
    page = html.fromstring(path.read_text())
    assert not page.xpath("//img | //script")
    assert "\u202e" not in path.read_text()


def test_500_checks_and_50_runs_are_below_a_megabyte(new_run: Any) -> None:
    for day in range(50):
        run = new_run(f"runs/{day}", started_at=f"2026-10-{day % 28 + 1:02}T00:00:{day:02}+00:00")
        rest = {"suite": "offers", "scenario": "offers/one", "level": "MUST", "reason": ""}
        rest |= {"clause": "The endpoint does what it promised, in time.", "source": "x"}
        lines = [
            {"check": f"rt.offers.its-own-check-{n}", **rest, "verdict": verdict}
            for n in range(500)
            # A tenth of them turns red and green again.
            for verdict in ["fail" if n % 10 == 0 and day % 7 == 0 else "pass"]
        ]
        with (run.path / "checks.jsonl").open("w") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
    assert write_trend(run_directories([run.path.parent])).stat().st_size < 1_000_000


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_drawn(show: Any, history: Any, keep: Any, width: int, scheme: str) -> None:
    path = write_trend(history(broken=[P, P, F] * 8, flaky=[P, F, P] * 8, steady=[P] * 24))
    size = {"width": width, "height": 900}
    page = show(path, viewport=size, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.get_by_role("columnheader", name="Check", exact=True).count() == 1
    assert page.get_by_role("cell", name="fail").count() > 5
    keep(page, f"trend-{width}-{scheme}", full_page=True)
