"""The page of a load run as its readers meet it: opened from disk in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import OK, Series, Tally
from realtime_reports.load import write_load_report


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_drawn(show: Any, load_run: Any, keep: Any, width: int, scheme: str) -> None:
    before, after = load_run("before", seed=1), load_run("after", seed=2, scale=1.2, users=12)
    page = show(
        write_load_report(after, against=before),
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("figure svg").first.is_visible()
    keep(page, f"load-{width}-{scheme}", full_page=True)


def test_a_void_run_is_unmistakable(show: Any, load_run: Any, keep: Any) -> None:
    fitness = {"fitness": "void", "reasons": ["the engine sent late: p99 25 ms"], "remarks": []}
    page = show(
        write_load_report(load_run(fitness=fitness)), viewport={"width": 1280, "height": 500}
    )
    box = page.locator(".void").bounding_box()
    assert box["y"] + box["height"] < 300
    assert page.get_by_role("note").is_visible()
    keep(page, "load-void")


@pytest.mark.parametrize(
    ("hash", "is_open"),
    [
        pytest.param("#metric:gap_ms", "metric:gap_ms", id="a metric"),
        pytest.param("#heat:gap_ms:service", "metric:gap_ms", id="a picture in a metric"),
        pytest.param("#failure:1", "failure:1", id="a failure"),
        pytest.param("#chart:cpu", "", id="a picture"),
    ],
)
def test_a_link_opens_what_it_names(show: Any, load_run: Any, hash: str, is_open: str) -> None:
    page = show(write_load_report(load_run()), hash, viewport={"width": 900, "height": 600})
    target = page.locator(".target")
    assert target.get_attribute("id") == hash[1:]
    assert target.is_visible()
    box = target.bounding_box()
    assert -5 <= box["y"] < 600
    if is_open:
        assert page.locator(f'details[id="{is_open}"]').get_attribute("open") is not None


def test_a_link_to_the_other_clock_shows_it(show: Any, load_run: Any) -> None:
    page = show(write_load_report(load_run()), "#time:ttft_ms:service")
    assert page.locator('[id="time:ttft_ms:service"]').is_visible()
    assert not page.locator('[id="time:ttft_ms:response"]').is_visible()
    assert page.get_by_label("service time", exact=True).first.is_checked()
    page.get_by_label("response time", exact=True).first.check()
    assert page.locator('[id="time:ttft_ms:response"]').is_visible()
    # What only one clock knows of is there with both.
    assert page.locator('[id="metric:gap_ms"]').is_visible()


def test_a_metric_in_the_table_leads_to_its_pictures(show: Any, load_run: Any) -> None:
    page = show(write_load_report(load_run()))
    page.click('#percentiles a[href="#metric:gap_ms"]')
    page.wait_for_selector('details[id="metric:gap_ms"].target[open]')
    assert page.evaluate("location.hash") == "#metric:gap_ms"


def test_a_picture_is_told_by_pointer_and_by_keyboard(show: Any, load_run: Any) -> None:
    page = show(write_load_report(load_run()))
    figure = page.locator('[id="chart:sessions"]')
    area, readout = figure.locator(".plot-area"), figure.locator(".readout")
    area.scroll_into_view_if_needed()
    area.hover()
    assert "phase steady · wanted 10 · open 10" in readout.inner_text()
    assert figure.locator(".hair").is_visible()
    page.mouse.move(0, 0)
    assert readout.inner_text() == ""
    area.focus()
    page.keyboard.press("ArrowRight")
    assert readout.inner_text() == "0 s · phase ramp · wanted 10 · open 5"
    page.keyboard.press("ArrowRight")
    assert readout.inner_text().startswith("1 s · phase steady")
    page.keyboard.press("End")
    assert "phase drain" in readout.inner_text()
    page.keyboard.press("Home")
    assert "phase ramp" in readout.inner_text()


def test_pictures_have_names_and_tables(show: Any, load_run: Any) -> None:
    page = show(write_load_report(load_run()))
    assert page.get_by_role("img", name="ttft_ms: percentiles over time").count() == 1
    assert page.get_by_role("group", name="Sessions: go along with the arrow keys").count() == 1
    figure = page.locator('[id="chart:operations"]')
    figure.locator("details.table > summary").focus()
    page.keyboard.press("Enter")
    assert figure.get_by_role("columnheader").all_inner_texts() == ["from", "phase", "done"]
    assert figure.get_by_role("row").count() > 50


def test_without_scripts_everything_is_there(show: Any, load_run: Any) -> None:
    page = show(write_load_report(load_run()), java_script_enabled=False)
    assert page.locator('[id="time:ttft_ms:response"]').is_visible()
    assert page.locator('[id="time:ttft_ms:service"]').is_visible()
    assert not page.locator("fieldset.clocks").is_visible()


def test_it_prints_on_a_narrow_page(show: Any, load_run: Any, keep: Any) -> None:
    page = show(write_load_report(load_run()), viewport={"width": 794, "height": 1123})
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 794
    # Metrics that are folded on the screen are not on paper.
    assert page.locator('[id="time:gap_ms:service"] svg').is_visible()
    keep(page, "load-print", full_page=True)


def test_hostile_figures_do_nothing(show: Any, new_load: Any, hostile: str) -> None:
    event = {"direction": "received", "data": {"type": hostile, "delta": hostile * 30_000}}
    failure = {"operation": hostile, "outcome": hostile, "text": hostile, "evidence": [event]}
    run = new_load(
        profile={"name": hostile, "answers": hostile},
        target={"name": hostile},
        objectives=[{"objective": hostile, "state": "fail", "value": 1.0, "reason": hostile}],
        failures=[failure],
        metrics={hostile: {"definition": hostile, "unit": hostile}},
    )
    for n in range(5):
        tally = Tally()
        for position in range(3):
            series = Series(hostile, "response", position)
            tally.series[series] = Histogram.of([10**6, 10**7 * (n + 1)] * 30)
        tally.outcomes[hostile, OK] = 3
        tally.outcomes[hostile, hostile] = 3
        run.line(n + 1.0, tally)
    page = show(write_load_report(run.finish()))
    for summary in page.locator("summary").all():
        if summary.is_visible():
            summary.click()
    assert page.locator("img:not(svg)").count() == 0
    assert "onerror" in page.inner_text("h1, .kicker")


def test_small_modules_are_functions(show: Any, load_run: Any) -> None:
    source = (Path(__file__).parents[3] / "reports/realtime_reports/assets/plot.js").read_text()
    page = show(write_load_report(load_run()))
    plain = source.replace("export ", "")
    found = page.evaluate(
        f"""(() => {{ {plain}
        return [nearest([], 1), nearest([0.1, 0.5, 0.9], 0.65), nearest([0.1, 0.5], 7),
                told(["from", "p50"], ["1 s", "3"]), moved("ArrowLeft", -1, 4),
                moved("ArrowRight", 3, 4), moved("End", 0, 4), moved("a", 0, 4)]; }})()"""
    )
    assert found == [-1, 1, 1, "1 s · p50 3", 0, 3, 3, None]
