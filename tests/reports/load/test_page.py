from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from realtime_harness.errors import UsageError
from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import OK, Series, Tally
from realtime_reports import write_all
from realtime_reports.load import write_load_report

MOST = 1_500_000
"""Bytes of a page."""


def text_of(element: Any) -> str:
    return " ".join(" ".join(element.itertext()).split())


def read(run: Path, **more: Any) -> Any:
    return html.fromstring(write_load_report(run, **more).read_text())


def test_verdicts_come_first_with_limit_value_and_samples(load_run: Any) -> None:
    page = read(load_run())
    assert (
        page.xpath("//h1/span/text()")[-1] == "1 of 4 objectives missed, 1 waived, 1 with a warning"
    )
    rows = [text_of(row) for row in page.xpath('//*[@id="objectives"]//tbody/tr')]
    assert rows[0] == "✗ fail p95(ttft_ms) < 40 96.2 ms 40 ms 1,234"
    assert rows[1] == "! warn p99(gap_ms) < 50 48 ms 50 ms 1,234 not < 40"
    assert rows[2] == (
        "◌ waived rate(ok) >= 99.9% 97.5 % 99.9 % 1,234 "
        "waived until 2026-12-31: until the gateway is replaced"
    )
    assert rows[3].startswith("✓ pass")
    ids = page.xpath("//*[@id]/@id")
    assert ids.index("verdict") < ids.index("objectives") < ids.index("percentiles")


def test_a_void_run_cannot_be_mistaken(load_run: Any) -> None:
    fitness = {"fitness": "void", "reasons": ["the engine sent late: p99 25.0 ms"], "remarks": []}
    run = load_run(objectives=[], fitness=fitness)
    page = read(run)
    assert page.xpath("//h1/span/text()") == [
        "⊘",
        "Void: the generator was not fit, so nothing is said about the service",
    ]
    said = text_of(page.xpath('//*[@class="void"]')[0])
    assert "Believe none of it" in said
    assert "the engine sent late: p99 25.0 ms" in said


def test_every_metric_has_percentiles_counts_and_both_clocks(load_run: Any) -> None:
    page = read(load_run())
    table = page.xpath('//*[@id="percentiles"]//table')[0]
    rows = [text_of(row) for row in table.xpath(".//tbody/tr")]
    ttft = next(row for row in rows if row.startswith("ttft_ms , ms"))
    assert "from response.create" in ttft
    assert "response 2,400" in ttft
    assert any(row.startswith("service 2,400") for row in rows)
    assert any("generator" in row for row in rows)


def test_percentiles_without_samples_beyond_are_left_out(new_load: Any) -> None:
    run = new_load()
    tally = Tally()
    tally.series[Series("ttft_ms", "response")] = Histogram.of([10**6] * 30)
    run.line(1.0, tally)
    row = read(run.finish()).xpath('//*[@id="percentiles"]//tbody/tr')[0]
    cells = [text_of(cell) for cell in row.xpath("./td")]
    # n, min, p50, p90, p95, p99, p99.9, max, mean
    assert cells[1:10] == ["30", "1.00", "1.00", "1.00", "1.00", "\u2013", "\u2013", "1.00", "1.00"]


def test_everything_that_was_asked_for_is_there(load_run: Any) -> None:
    page = read(load_run())
    charts = set(page.xpath("//figure/@id"))
    assert {
        "chart:sessions",
        "chart:operations",
        "chart:failures",
        "chart:cpu",
        "chart:lateness",
        "chart:gc",
        "time:ttft_ms:response",
        "time:ttft_ms:service",
        "heat:ttft_ms:response",
        "cdf:ttft_ms",
    } <= charts
    for figure in page.xpath("//figure"):
        svg = figure.xpath(".//svg")[0]
        assert svg.get("role") == "img"
        title, desc = svg.get("aria-labelledby").split()
        assert page.get_element_by_id(title).text_content()
        assert page.get_element_by_id(desc).text_content()
    phases = page.xpath('//figure[@id="chart:sessions"]//text[contains(@class, "phase")]/text()')
    assert phases[:1] == ["steady"] or "steady" in phases
    places = [
        text_of(each) for each in page.xpath('//details[@id="metric:ttft_ms"]//th[@scope="row"]')
    ]
    assert places[:5] == ["1", "2", "3", "4", "5+"]
    assert "realtime-harness load text --slo 'p95(ttft_ms) < 400'" in text_of(
        page.get_element_by_id("command")
    )
    assert "uvloop" in text_of(page.get_element_by_id("environment"))


def test_failures_have_an_example_with_the_events_before_it(load_run: Any) -> None:
    page = read(load_run())
    failure = page.get_element_by_id("failure:1")
    said = text_of(failure)
    assert said.startswith("60 turn: timeout 2.44 % of all operations waited 15 s")
    events = [text_of(each) for each in failure.xpath(".//li//summary")]
    assert events == [
        "→ sent response.create",
        '← received error error: {"code": "too_slow"}',
    ]


def test_canary_cost_goodput_and_locust_are_shown(load_run: Any) -> None:
    full = Tally()
    full.series[Series("ttft_ms", "response")] = Histogram.of([60_000_000] * 40)
    run = load_run(
        canary={"sessions": 1, **full.to_json()},
        cost={"usd": 0.1234, "limit_usd": 2, "model": "gpt-realtime", "prices": "of 2026-11-01"},
        goodput={
            "limits": [],
            "good": 90,
            "of": 100,
            "per_s": 1.5,
            "good_sessions": 3,
            "sessions": 4,
        },
    )
    (run / "load" / "locust.html").write_text("x")
    page = read(run)
    facts = {text_of(d[0]): text_of(d[1]) for d in page.xpath('//dl[@class="facts"]/div')}
    assert facts["Estimated cost"] == "$0.1234 of at most $2, gpt-realtime (prices: of 2026-11-01)"
    assert facts["Good"].startswith("90 of 100 operations met every limit, 1.5 a second; 3 of 4")
    assert page.xpath('//a[@href="load/locust.html"]')
    canary = text_of(page.get_element_by_id("canary"))
    assert "full 40 60.0" in canary
    assert "light 2,400" in canary


def test_a_search_says_what_is_the_most_and_what_binds(load_run: Any, new_load: Any) -> None:
    search = new_load("search")
    load_run("search/load/steps/02-80")
    limit = {"objective": "p95(ttft_ms) < 400", "limit": 400.0, "unit": "ms", "count": 9}
    steps = [
        {
            "sessions": n,
            "exit_code": 5 if n > 80 else 0,
            "objectives": [{**limit, "state": "fail" if n > 80 else "pass", "value": 4.0 * n}],
            "percentiles": {"ttft_ms": {"p50": 2.0 * n, "p95": 4.0 * n, "p99": 5.0 * n}},
        }
        for n in (40, 160, 80, 120)
    ]
    values = {"objectives": ["p95(ttft_ms) < 400"], "steps": steps, "most": 80}
    path = search.path / "load" / "search.json"
    path.write_text(json.dumps({**values, "binds": "p95(ttft_ms) < 400"}))
    page = read(search.path)
    assert (
        page.xpath("//h1/span/text()")[-1] == "80 sessions are the most that meets all objectives"
    )
    assert "what binds is p95(ttft_ms) < 400" in text_of(page.get_element_by_id("search"))
    knee = page.get_element_by_id("knee:ttft_ms")
    assert len(knee.xpath('.//*[@class="cross"]')) == 6
    assert len(knee.xpath(".//circle")) == 6
    assert [text_of(row)[:8] for row in knee.xpath(".//tbody/tr")] == [
        "40 pass ",
        "80 pass ",
        "120 fail",
        "160 fail",
    ]


def test_two_runs_are_compared(load_run: Any) -> None:
    before = load_run("before", seed=1)
    after = load_run("after", seed=2, scale=1.3, users=20)
    page = read(after, against=before)
    section = page.get_element_by_id("comparison")
    assert "sessions 10 → 20" in text_of(section)
    rows = [text_of(row) for row in section.xpath('.//table[@class="differences"]//tbody/tr')]
    p50 = next(row for row in rows if row.startswith("ttft_ms p50 response"))
    assert "slower by" in p50
    assert "±" in p50
    assert any("turn failed" in row and "no difference seen" in row for row in rows)
    assert "400 times" in text_of(section)


def test_void_runs_are_not_compared(load_run: Any) -> None:
    void = load_run("void", fitness={"fitness": "void", "reasons": ["late"], "remarks": []})
    section = read(load_run("after"), against=void).get_element_by_id("comparison")
    assert "Not compared: the earlier run is void: late." in text_of(section)
    assert not section.xpath('.//table[@class="differences"]')


def test_a_load_run_and_another_are_not_compared(load_run: Any, run_dir: Path) -> None:
    with pytest.raises(UsageError, match="one is a load run, the other is none"):
        write_all(load_run("load"), against=run_dir)


def test_hostile_text_stays_text(new_load: Any, hostile: str) -> None:
    run = new_load(
        profile={"name": hostile, "answers": hostile},
        target={"name": hostile, "base_url": "javascript:alert(1)"},
        objectives=[
            {"objective": hostile, "state": "fail", "value": 1, "limit": 2, "reason": hostile}
        ],
        command=[hostile],
        environment={hostile: hostile},
        aborted=hostile,
        failures=[
            {
                "operation": hostile,
                "outcome": hostile,
                "text": hostile * 30_000,
                "session": hostile,
                "evidence": [
                    {"direction": hostile, "data": {"type": hostile, "delta": hostile * 30_000}},
                    {"data": {"type": "error", "error": "half a character: \ud800"}},
                    hostile,
                    None,
                ],
            }
        ],
        metrics={hostile: {"definition": hostile * 30_000, "unit": hostile}},
    )
    tally = Tally()
    tally.series[Series(hostile, "response", 1)] = Histogram.of([10**6] * 30)
    tally.series[Series("x" * 1_000_000, "service")] = Histogram.of([10**6] * 30)
    tally.outcomes[hostile, OK] = 3
    tally.outcomes[hostile, hostile] = 3
    run.line(1.0, tally)
    path = write_load_report(run.finish())
    text = path.read_text()
    assert len(text) < MOST
    assert "\u202e" not in text
    page = html.fromstring(text)
    assert not page.xpath("//img")
    assert len(page.xpath("//script")) == 1
    assert not page.xpath('//a[starts-with(@href, "javascript")]')


def test_a_page_is_as_large_for_a_day_as_for_a_minute(new_load: Any, second: Any) -> None:
    run = new_load(duration_s=86_400.0)
    rng = random.Random(1)
    for _ in range(50):
        run.line(1.0, Tally.from_json({**second(rng, per_s=3, lost=1).to_json(), "series": []}))
        tally = Tally()
        tally.record(Series("ttft_ms", "response", 5), int(rng.lognormvariate(0, 1) * 1e8))
        run.line(1.0, tally)
    path = run.path / "load" / "intervals.jsonl"
    lines = [line.partition(",")[2] for line in path.read_text().splitlines()]
    with path.open("w") as file:
        file.writelines(f'{{"t_s": {n + 1}.0,{lines[n % 100]}\n' for n in range(86_400))
    report = write_load_report(run.finish())
    assert report.stat().st_size < MOST
    page = html.fromstring(report.read_text())
    rows = page.xpath('//figure[@id="chart:sessions"]//tbody/tr')
    assert 60 <= len(rows) <= 120
    assert "24 h" in text_of(page.get_element_by_id("chart:sessions"))


def test_many_metrics_stay_within_bounds(new_load: Any) -> None:
    run = new_load()
    rng = random.Random(1)
    for n in range(130):
        tally = Tally()
        for metric in range(20):
            values = [int(rng.lognormvariate(0, 2) * 1e7) for _ in range(20)]
            for clock in ("response", "service"):
                tally.series[Series(f"metric_{metric:02}_ms", clock)] = Histogram.of(values)
        run.line(n + 1.0, tally)
    report = write_load_report(run.finish())
    assert report.stat().st_size < MOST
    assert "8 further metrics are in the table only" in report.read_text()


@pytest.mark.parametrize(
    "broken", ["", "[]", '{"outcomes": 1}', '{"outcomes": [], "series": [], "fitness": null}']
)
def test_what_is_no_load_run_is_named_with_a_remedy(tmp_path: Path, broken: str) -> None:
    (tmp_path / "load").mkdir()
    if broken:
        (tmp_path / "load" / "load.json").write_text(broken)
    with pytest.raises(UsageError, match="give the directory that `realtime-harness load` printed"):
        write_load_report(tmp_path)


def test_parts_that_are_missing_or_broken_are_told(new_load: Any) -> None:
    run = new_load(health=[{"x": 1}], canary={"outcomes": 1}, aborted="ended after 3 s")
    said = text_of(read(run.finish()).xpath("//header")[0])
    assert "A part of load.json cannot be read" in said
    assert "did not last as long as it was meant to: ended after 3 s" in said
    assert "there is no course of it" in said
