"""The report as its readers meet it: opened from disk in a real browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from realtime_harness.evidence.entry import Direction, Kind, Lane
from realtime_harness.verdicts import Level, Verdict
from realtime_reports import write_report

FAILED = "rt.sideband.no-session-created"
SCENARIO = "scenario:sideband/sees_a_turn"


def visible_checks(page: Any) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        "tr.check", "rows => rows.filter(r => r.checkVisibility()).map(r => r.id)"
    )
    return found


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_drawn(show: Any, run_dir: Path, keep: Any, width: int, scheme: str) -> None:
    size = {"width": width, "height": 900}
    page = show(write_report(run_dir), f"#at={SCENARIO}&seq=6", viewport=size, color_scheme=scheme)
    page.wait_for_selector("li.marked .json")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep(page, f"lanes-{width}-{scheme}")
    keep(page, f"{width}-{scheme}", full_page=True)


@pytest.mark.parametrize(
    ("hash", "shown"),
    [
        pytest.param("", 12, id="all"),
        pytest.param("#verdict=fail", 2, id="verdict"),
        pytest.param("#verdict=fail,warn", 3, id="verdicts"),
        pytest.param("#level=SHOULD", 1, id="level"),
        pytest.param("#suite=sideband", 3, id="suite"),
        pytest.param("#suite=sideband&verdict=fail", 1, id="both"),
        pytest.param("#q=greeted%20SESSION", 1, id="words"),
        pytest.param("#q=nowhere-to-be-found", 0, id="none"),
        pytest.param(f"#verdict=pass&suite=wire&at={FAILED}", 4, id="what is linked shows anyway"),
    ],
)
def test_filters_are_restored_from_the_hash(
    show: Any, run_dir: Path, hash: str, shown: int
) -> None:
    page = show(write_report(run_dir), hash)
    assert len(visible_checks(page)) == shown
    assert page.locator("#no-checks").is_visible() == (shown == 0)


def test_filters_are_kept_in_the_hash(show: Any, run_dir: Path) -> None:
    report = write_report(run_dir)
    page = show(report)
    page.click('[data-verdict="fail"].chip')
    page.select_option('[name="suite"]', "sideband")
    page.fill('[name="q"]', "greeted with")
    assert visible_checks(page) == [FAILED]
    assert page.inner_text("#shown") == "1 of 12 checks"
    hash = page.evaluate("location.hash")
    assert hash == "#verdict=fail&suite=sideband&q=greeted%20with"
    again = show(report, hash)
    assert visible_checks(again) == [FAILED]
    assert again.get_attribute('[data-verdict="fail"].chip', "aria-pressed") == "true"
    assert again.input_value('[name="q"]') == "greeted with"
    again.click('button[type="reset"]')
    again.wait_for_selector("#shown:text-is('12 checks')")
    assert len(visible_checks(again)) == 12
    assert again.evaluate("location.hash") == ""


def test_a_link_to_a_check_shows_it(show: Any, run_dir: Path) -> None:
    page = show(write_report(run_dir), f"#{FAILED}", viewport={"width": 900, "height": 300})
    page.wait_for_selector("tr.target")
    assert page.get_attribute("tr.target", "id") == FAILED
    box = page.locator("tr.target").bounding_box()
    assert 0 <= box["y"] < 300


def test_a_verdict_leads_to_the_event_that_decided_it(show: Any, run_dir: Path) -> None:
    page = show(write_report(run_dir), "#verdict=fail")
    page.click(f'tr[id="{FAILED}"] a.seen')
    page.wait_for_selector("li.marked .json")
    marked = page.locator("li.marked")
    assert marked.get_attribute("data-seq") == "6"
    assert FAILED in marked.locator(".pin").inner_text()
    shown = json.loads(marked.locator("pre").inner_text())
    assert (shown["lane"], shown["data"]["type"]) == ("sideband", "session.created")
    assert page.evaluate("location.hash") == f"#verdict=fail&at={SCENARIO}&seq=6"
    assert page.evaluate("document.activeElement.closest('li').dataset.seq") == "6"


def test_lanes_are_one_column_a_connection_in_the_order_of_time(show: Any, run_dir: Path) -> None:
    page = show(write_report(run_dir))
    page.click(f'details[id="{SCENARIO}"] summary')
    page.wait_for_selector(".lanes")
    heads = page.locator(".heads div").all_inner_texts()
    assert heads == [
        "signaling http",
        "client data-channel",
        "sideband",
        "client transport",
    ]
    times = page.eval_on_selector_all(".time", "times => times.map(t => parseFloat(t.innerText))")
    assert times == sorted(times)
    assert len(times) > 20
    lefts = page.eval_on_selector_all(
        ".card", "cards => [...new Set(cards.map(c => Math.round(c.getBoundingClientRect().x)))]"
    )
    assert len(lefts) == 4


def test_the_keyboard_suffices(show: Any, run_dir: Path) -> None:
    page = show(write_report(run_dir))
    page.focus(f'details[id="{SCENARIO}"] summary')
    page.keyboard.press("Enter")
    page.wait_for_selector(".lanes")
    spoken = re.compile(r"data-channel client\s+received\s+session\.\s*created")
    assert page.get_by_role("button", name=spoken).count() == 1
    page.focus(".lanes .card")
    page.keyboard.press("Enter")
    assert '"POST"' in page.inner_text(".json pre")
    page.keyboard.press("Enter")
    assert page.locator(".json").count() == 0
    page.focus(".chip.fail")
    page.keyboard.press("Space")
    assert len(visible_checks(page)) == 2


def test_hostile_evidence_is_shown_and_does_nothing(show: Any, new_run: Any, talk: Any) -> None:
    run = new_run()
    hostile = "</script><img src=x onerror=alert(1)>\u202e\ud800\x00<!--<script>"
    run.check(f"rt.offers.{hostile}", Verdict.FAIL, reason=hostile, clause=hostile, seq=0)
    talk.add(Lane.WEBSOCKET, hostile, Direction.RECEIVED, Kind.EVENT, type=hostile, delta=hostile)
    talk.add(Lane.WEBSOCKET, hostile, Direction.RECEIVED, Kind.RAW, text=hostile * 30_000)
    talk.add(Lane.HTTP, "http", Direction.RECEIVED, Kind.RESPONSE, status=None, body=[hostile])
    talk.add(Lane.HARNESS, "harness", Direction.NOTE, Kind.NOTE)
    talk.add(Lane.WEBSOCKET, "ws", Direction.RECEIVED, Kind.EVENT, type=["no", {"text": 1}])
    run.scenario(entries=talk.entries, summary=hostile)
    page = show(write_report(run.path), "#at=scenario:offers/rejects_offer_without_audio&seq=1")
    page.wait_for_selector("li.marked .json")
    for index in (0, 2, 3, 4):
        page.locator(".card").nth(index).click()
    assert page.locator("img").count() == 0
    assert "\\u202e" in page.inner_text('li[data-seq="0"] pre')
    assert "more characters]" in page.inner_text("li.marked pre")
    page.click("text=Show everything")
    whole = json.loads(page.locator("li.marked pre").text_content())
    assert whole["data"]["text"].startswith("</script><img")
    assert len(whole["data"]["text"]) > 1_000_000


def test_much_evidence_opens_at_once_and_is_shown_bit_by_bit(
    show: Any, new_run: Any, talk: Any
) -> None:
    run = new_run()
    noise = iter(range(10**9))
    for _ in range(250):
        talk.turn([f"{next(noise):0120d}" for _ in range(20)])
    run.check("rt.offers.one", Verdict.FAIL, level=Level.MUST, seq=len(talk.entries) - 1)
    run.scenario(entries=talk.entries)
    assert (run.path / "evidence/offers.rejects_offer_without_audio.jsonl").stat().st_size > 3e6
    report = write_report(run.path)
    page = show(report)
    page.click("details.scenario summary")
    page.wait_for_selector(".lanes")
    assert page.locator(".events li").count() == 300
    page.click(".show-more:visible")
    page.wait_for_function("document.querySelectorAll('.events li').length === 600")
    last = len(talk.entries) - 1
    page.click("tr.check a.seen")
    page.wait_for_selector("li.marked .json")
    assert page.locator("li.marked").get_attribute("data-seq") == str(last)
    assert page.locator(".events li").count() < 300
    page.click("text=/Show 300 earlier/")
    shown = page.eval_on_selector_all(".events li", "rows => rows.map(r => Number(r.dataset.seq))")
    assert shown == list(range(last + 1 - len(shown), last + 1))
    assert len(shown) > 300


def test_it_says_what_is_missing(show: Any, new_run: Any) -> None:
    run = new_run(finished_at=None)
    run.check("rt.offers.one")
    page = show(write_report(run.path))
    assert "did not finish" in page.inner_text("header")
    page.click("details.scenario summary")
    page.wait_for_selector("text=There is no evidence of this scenario.")


def test_without_scripts_the_index_is_there(show: Any, run_dir: Path) -> None:
    page = show(write_report(run_dir), java_script_enabled=False)
    assert page.locator("tr.check").count() == 12
    assert "need JavaScript" in page.inner_text("noscript")
