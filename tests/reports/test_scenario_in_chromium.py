"""What a report shows of a conversation, in a real browser."""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realtime_harness.evidence.entry import Direction, Kind, Lane
from realtime_harness.verdicts import Verdict
from realtime_reports import write_report

SCENARIO = "scenario:offers/rejects_offer_without_audio"
OFFER = (
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\na=group:BUNDLE 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\na=mid:0\r\na=sendrecv\r\na=setup:actpass\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\n"
)
ANSWER = (
    "v=0\r\no=- 3 4 IN IP4 127.0.0.1\r\ns=-\r\na=group:BUNDLE 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=setup:actpass\r\na=mid:0\r\na=recvonly\r\n"
    "a=rtpmap:111 OPUS/48000/2\r\n"
)


def pcm(seconds: float, *, loud: bool) -> str:
    """Return sound or silence of 24 kHz as an event has it."""
    amplitude = 8000 if loud else 0
    values = (amplitude * math.sin(n / 8) for n in range(round(24_000 * seconds)))
    return base64.b64encode(b"".join(struct.pack("<h", round(v)) for v in values)).decode()


@pytest.fixture
def spoken(new_run: Callable[..., Any], talk: Any) -> Path:
    """A run of one conversation: a call, speech, a spoken answer, a field that is wrong."""
    run = new_run()
    http = (Lane.HTTP, "http")
    talk.add(*http, Direction.SENT, Kind.REQUEST, method="POST", url="http://x/v1", body=OFFER)
    answer = talk.add(*http, Direction.RECEIVED, Kind.RESPONSE, status=201, body=ANSWER)
    note = (Lane.TRANSPORT, "client", Direction.NOTE, Kind.STATE)
    talk.add(*note, what="iceConnectionState", state="checking")
    talk.add(*note, what="iceConnectionState", state="completed")
    talk.add(*note, what="dtls", state="connected")
    ws = (Lane.WEBSOCKET, "ws")
    got, said = (*ws, Direction.RECEIVED, Kind.EVENT), (*ws, Direction.SENT, Kind.EVENT)
    talk.add(*said, type="input_audio_buffer.append", audio=pcm(0.1, loud=True))
    talk.add(*got, type="input_audio_buffer.speech_started", item_id="item_1")
    talk.add(*got, type="input_audio_buffer.speech_stopped", item_id="item_1")
    stopped_ms = talk.t_ms
    talk.add(*got, type="response.created", response={"id": "resp_1"})
    audio = {"type": "response.output_audio.delta", "response_id": "resp_1"}
    talk.add(*got, **audio, delta=pcm(0.1, loud=False))
    first_ms = talk.t_ms
    talk.add(*got, **audio, delta=pcm(0.2, loud=True))
    talk.t_ms += 20_000
    done = talk.add(
        *got, type="response.done", response={"id": "resp_1", "status": "completed", "usage": 7}
    )
    levels = [None, -62.0, -20.5]
    since_ns = int((talk.t_ms - 30) * 1e6)
    data = {"packets": 3, "level_dbfs": -20.5, "levels_dbfs": levels, "from_ns": since_ns}
    kept = base64.b64encode(bytes([0x8F] * 800)).decode()
    data |= {"audio": kept, "format": "audio/pcmu", "rate": 8000}
    talk.add(Lane.RTP_IN, "client", Direction.RECEIVED, Kind.MEDIA, **data)
    refusal = json.dumps({"error": {"code": None, "message": "no"}})
    refused = talk.add(*http, Direction.RECEIVED, Kind.RESPONSE, status=400, body=refusal)
    silent = talk.add(
        Lane.HARNESS,
        "harness",
        Direction.NOTE,
        Kind.VERDICT,
        check="rt.offers.silence",
        verdict="fail",
        reason="nothing came",
    )
    talk.silent = silent
    talk.add(*note, what="dtls", state="closed")
    run.check("rt.offers.silence", Verdict.FAIL, reason="nothing came")
    run.check(
        "rt.offers.code",
        Verdict.FAIL,
        reason="expected one, got None",
        seq=refused,
        evidence_path="body.error.code",
    )
    run.check(
        "rt.offers.mid",
        Verdict.FAIL,
        reason="expected another",
        seq=answer,
        evidence_path="body:a=mid",
    )
    run.check("rt.offers.setup", Verdict.FAIL, reason="answered a=setup:actpass", seq=answer)
    run.check(
        "rt.wire.schema",
        Verdict.FAIL,
        reason="response.usage: 7 is no object",
        seq=done,
        evidence_path="response.usage",
    )
    run.scenario(entries=talk.entries)
    talk.first_ms = first_ms - stopped_ms
    return write_report(run.path)


@pytest.fixture
def page(show: Any, spoken: Path) -> Any:
    page = show(spoken, f"#{SCENARIO}", viewport={"width": 1280, "height": 900})
    page.wait_for_selector(".lanes")
    return page


def test_all_rows_are_on_one_clock(page: Any) -> None:
    names = page.locator(".timeline .row-name").all_inner_texts()
    assert names == [
        "",
        "verdicts",
        "client ice state",
        "client dtls state",
        "speech",
        "responses",
        "http",
        "ws",
        "sound out, ws",
        "sound in, ws",
        "client rtp-in",
    ]
    spans = page.locator(".timeline a.span").all_inner_texts()
    assert [re.sub(r"[\d,.]+ ms", "N ms", each) for each in spans] == [
        "checking, N ms",
        "completed, to the end",
        "connected, N ms",
        "speech, N ms",
        "completed, N ms",
    ]
    lefts = page.eval_on_selector_all(
        ".timeline a.span", "spans => spans.map(s => s.getBoundingClientRect().x)"
    )
    assert lefts == sorted(lefts)


def test_a_long_pause_takes_little_room(page: Any) -> None:
    gap = page.locator(".timeline .gap").first
    assert gap.get_attribute("title").startswith("20,001.7 ms")
    width = page.evaluate("document.querySelector('.gap').offsetWidth")
    assert width < page.evaluate("document.querySelector('.track:not(.axis)').offsetWidth") / 4


def test_a_verdict_is_pinned_to_the_event_that_decided_it(page: Any) -> None:
    pins = page.locator(".timeline .pinned-at")
    assert pins.count() == 4
    pins.nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("li.marked .json")
    assert "rt.wire.schema" in page.inner_text("li.marked .pin")
    assert page.inner_text("li.marked mark.offending").split() == ["offending:", "7"]


def test_the_offending_field_is_marked_inside_of_valid_json(page: Any) -> None:
    page.click("li:has-text('rt.wire.schema') >> text=show the event")
    page.wait_for_selector("li.marked .json")
    text = page.locator("li.marked pre").text_content().replace("offending: ", "")
    assert json.loads(text)["data"]["response"]["usage"] == 7


def test_latency_is_told_from_the_end_of_speech(page: Any) -> None:
    row = page.get_by_role("table", name="Latency of responses").get_by_role("row").nth(1)
    cells = row.get_by_role("cell").all_inner_texts()
    # The first 100 ms are silence, so what is heard comes 100 ms after the first event.
    assert cells == ["input_audio_buffer.speech_stopped", "3.4 ms", "103.4 ms", "20,006.8 ms"]


def test_sound_is_played_when_asked_for(page: Any) -> None:
    page.click("summary:has-text('Sound')")
    players = page.get_by_role("button", name=re.compile("^Play"))
    assert [each.get_attribute("aria-label") for each in players.all()] == [
        "Play 0.1 s sent on ws ws",
        "Play 0.3 s received on ws ws resp_1",
        "Play 0.1 s received on the call, rtp-in client",
    ]
    players.nth(1).focus()
    page.keyboard.press("Enter")
    duration = page.eval_on_selector(
        "audio",
        "a => new Promise(done => a.readyState ? done(a.duration)"
        " : a.addEventListener('loadedmetadata', () => done(a.duration)))",
    )
    assert duration == pytest.approx(0.3, abs=0.01)


def test_the_answer_stands_beside_the_offer(page: Any) -> None:
    # It is open, since a check failed there.
    table = page.get_by_role("table", name="Offer and answer")
    rows = [row.get_by_role("cell").all_inner_texts() for row in table.get_by_role("row").all()]
    told = {row[0]: row[1:] for row in rows if row}
    assert told["a=sendrecv"] == ["a=recvonly", "direction"]
    assert told["a=rtpmap:111 opus/48000/2"] == ["a=rtpmap:111 OPUS/48000/2", "codec"]
    assert told["a=rtpmap:0 PCMU/8000"][0] == "—"
    assert "fail rt.offers.setup" in told["a=setup:actpass"][1]
    assert "fail rt.offers.mid" in told["a=mid:0"][1]
    assert page.locator("tr.blamed").count() == 2


def test_sound_of_a_call_is_played_with_the_silence_that_was_not_kept(
    show: Any, new_run: Any, talk: Any
) -> None:
    run = new_run()
    piece = {"audio": base64.b64encode(bytes([0x8F] * 4000)).decode(), "format": "audio/pcmu"}
    for start_ms in (0, 500, 3000):
        talk.add(
            Lane.RTP_IN,
            "client",
            Direction.RECEIVED,
            Kind.MEDIA,
            packets=25,
            levels_dbfs=[-9.0] * 25,
            from_ns=start_ms * 1_000_000,
            rate=8000,
            **piece,
        )
    run.check("rt.offers.one")
    run.scenario(entries=talk.entries)
    page = show(write_report(run.path), f"#{SCENARIO}")
    page.wait_for_selector(".lanes")
    page.click("details.part > summary:has-text('Sound')")
    page.click("button:has-text('Play')")
    duration = page.eval_on_selector(
        "audio",
        "a => new Promise(done => a.readyState ? done(a.duration)"
        " : a.addEventListener('loadedmetadata', () => done(a.duration)))",
    )
    assert duration == pytest.approx(3.5, abs=0.01)


def test_what_a_conversation_set_in_the_fake_is_told(show: Any, new_run: Any, talk: Any) -> None:
    run = new_run()
    note = (Lane.HARNESS, "harness", Direction.NOTE, Kind.NOTE)
    made = {"name": "own", "defects": ["d"], "faults": [], "clock": "virtual"}
    talk.add(*note, text="control API: POST /services", body=made)
    talk.add(*note, text="control API: POST /clock", body={"advance": 60})
    run.check("rt.offers.one")
    run.scenario(entries=talk.entries)
    page = show(write_report(run.path), f"#{SCENARIO}")
    page.wait_for_selector(".lanes")
    assert page.inner_text(".reproduce:has-text('by the conversation itself')") == (
        "Set by the conversation itself: "
        'POST /services defects ["d"], clock virtual; POST /clock advance 60'
    )


def test_a_field_of_a_body_is_marked_in_it(page: Any) -> None:
    page.click("li:has-text('rt.offers.code') >> text=show the event")
    page.wait_for_selector("li.marked .json")
    assert page.inner_text("li.marked mark.offending").split() == ["offending:", "null"]
    text = page.locator("li.marked pre").text_content().replace("offending: ", "")
    assert json.loads(text)["data"]["body"] == {"error": {"code": None, "message": "no"}}


def test_what_did_not_come_is_pinned_to_when_that_was_said(page: Any) -> None:
    page.click("li:has-text('rt.offers.silence') >> text=show when")
    page.wait_for_selector("li.marked .json")
    assert "nothing came" in page.inner_text("li.marked .card")


def test_everything_has_a_name_and_a_role(page: Any) -> None:
    page.eval_on_selector_all("details", "all => all.forEach(each => { each.open = true })")
    page.click("li:has-text('rt.wire.schema') >> text=show the event")
    page.wait_for_selector("li.marked .json")
    nameless = page.evaluate(
        """() =>
        [...document.querySelectorAll("a, button, input, select, summary, [tabindex]")]
          .filter((each) => each.checkVisibility())
          .filter((each) => !(each.textContent.trim() || each.getAttribute("aria-label")
            || each.getAttribute("aria-labelledby") || each.labels?.length))
          .map((each) => each.outerHTML)"""
    )
    assert nameless == []
    headings = page.eval_on_selector_all("h1, h2, h3", "all => all.map(each => each.tagName)")
    assert headings[0] == "H1"
    assert headings.count("H1") == 1
    for role in ("banner", "main", "contentinfo", "form"):
        assert page.get_by_role(role).count() == 1, role
    # What is pressed or open says so by more than its colour.
    assert page.locator(".chip:not([aria-pressed])").count() == 0
    assert page.locator(".card:not([aria-expanded])").count() == 0


def test_a_timeline_is_gone_along_by_keyboard(page: Any) -> None:
    sliders = page.get_by_role("slider")
    names = [slider.get_attribute("aria-label") for slider in sliders.all()]
    assert names[0] == "verdicts, 4 pinned"
    assert "ws, 1 sent, 6 received" in names
    # One of them is a stop of Tab's.
    assert [slider.get_attribute("tabindex") for slider in sliders.all()].count("0") == 1
    sliders.first.focus()
    page.keyboard.press("End")
    said = "document.activeElement.getAttribute('aria-valuetext')"
    assert page.evaluate(said).startswith("4 of 4, at ")
    assert page.evaluate(said).endswith(" ms: fail rt.offers.silence")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.ariaLabel") == "client dtls state, 1 of them"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    assert page.evaluate(said).endswith("checking, 1.7 ms")
    assert page.inner_text(".readout") == page.evaluate(said)
    page.keyboard.press("ArrowRight")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    page.wait_for_selector("li.marked .json")
    assert "completed" in page.inner_text("li.marked .card")
    page.keyboard.press("Escape")
    assert page.locator(".json").count() == 0
    assert "card" in page.evaluate("document.activeElement.className")
    page.keyboard.press("Escape")
    assert page.evaluate(said).startswith("2 of 2")


def test_lanes_are_gone_along_by_keyboard(page: Any) -> None:
    cards = page.locator(".events .card")
    assert page.locator(".events .card[tabindex='0']").count() == 1
    cards.first.focus()
    seq = "document.activeElement.closest('li').dataset.seq"
    for key, expected in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("PageDown", 11)):
        page.keyboard.press(key)
        assert page.evaluate(seq) == str(expected)
    page.keyboard.press("End")
    assert page.evaluate(seq) == str(cards.count() - 1)
    page.keyboard.press("Home")
    assert page.evaluate(seq) == "0"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "PRE"
    page.keyboard.press("Escape")
    assert page.locator(".json").count() == 0
    assert page.evaluate(seq) == "0"


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_drawn(show: Any, spoken: Path, keep: Any, width: int, scheme: str) -> None:
    size = {"width": width, "height": 900}
    page = show(spoken, f"#{SCENARIO}", viewport=size, color_scheme=scheme)
    page.wait_for_selector(".lanes")
    page.click("summary:has-text('Sound')")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep(page, f"scenario-{width}-{scheme}", full_page=True)


def test_tables_stay_tables_where_they_are_laid_out_anew(show: Any, spoken: Path) -> None:
    page = show(spoken, f"#{SCENARIO}", viewport={"width": 400, "height": 900})
    page.wait_for_selector(".lanes")
    matrix = page.locator("table.matrix")
    for role, name in (("columnheader", "What was seen"), ("cell", "fail")):
        assert matrix.get_by_role(role, name=name, exact=True).count() >= 1
    assert page.get_by_role("table", name="Latency of responses").get_by_role("row").count() == 2
    boxes = page.eval_on_selector_all(
        "table.matrix thead", "heads => heads.map(h => h.checkVisibility())"
    )
    assert boxes == [True]


def test_it_can_be_printed(show: Any, spoken: Path) -> None:
    page = show(spoken, f"#{SCENARIO}")
    page.wait_for_selector(".lanes")
    page.emulate_media(media="print")
    assert page.locator(".timeline").is_visible()
    assert not page.locator(".bar").is_visible()


HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\ud800\x00<!--<script>"


def test_what_cannot_be_used_is_shown_and_does_nothing(show: Any, new_run: Any, talk: Any) -> None:
    run = new_run()
    huge = HOSTILE * 30_000
    got = (Lane.WEBSOCKET, HOSTILE, Direction.RECEIVED, Kind.EVENT)
    talk.add(*got, type="session.created", session={"audio": {"output": {"format": HOSTILE}}})
    talk.add(*got, type="response.created", response={"id": HOSTILE})
    talk.add(*got, type="response.created", response=HOSTILE)
    for delta in (huge, "A", "", 7, None, {"x": 1}):
        talk.add(*got, type="response.output_audio.delta", response_id=HOSTILE, delta=delta)
    talk.add(*got, type="response.done", response={"id": HOSTILE, "status": [HOSTILE]})
    talk.add(*got, type=None)
    note = (Lane.TRANSPORT, HOSTILE, Direction.NOTE, Kind.STATE)
    talk.add(*note, what=HOSTILE, state=huge)
    talk.add(*note)
    media = (Lane.RTP_IN, HOSTILE, Direction.RECEIVED, Kind.MEDIA)
    talk.add(*media, levels_dbfs=[HOSTILE, {}, None, 1e9], from_ns=HOSTILE)
    talk.add(*media)
    http = (Lane.HTTP, HOSTILE)
    body = "v=0\r\n" + f"m={HOSTILE}\r\na={HOSTILE}\r\n" * 5_000
    talk.add(*http, Direction.SENT, Kind.REQUEST, body=body)
    bad = talk.add(*http, Direction.RECEIVED, Kind.RESPONSE, body="v=0\r\n" + huge)
    run.check(
        f"rt.offers.{HOSTILE}",
        Verdict.FAIL,
        reason=huge,
        seq=bad,
        evidence_path=f"body.{HOSTILE}[9][",
    )
    run.scenario(entries=talk.entries)
    page = show(write_report(run.path), f"#{SCENARIO}")
    page.wait_for_selector(".lanes")
    page.eval_on_selector_all(".conversation details", "all => all.forEach(d => { d.open = true })")
    page.locator(".timeline .pinned-at").click()
    page.wait_for_selector("li.marked .json")
    assert page.locator("img").count() == 0
    assert page.locator(".conversation > .problem").count() == 0
    assert page.locator(".sdp tr").count() < 1000
    assert "\u202e" not in page.inner_text(".conversation")


def test_5_mb_of_evidence_open_at_once(show: Any, new_run: Any, talk: Any) -> None:
    run = new_run()
    for number in range(10):
        talk.entries.clear()
        for _ in range(60):
            talk.turn([f"{number} and so on, at length, " * 10] * 10)
        name = f"offers/number_{number}"
        run.check("rt.offers.one", scenario=name)
        run.scenario(name, talk.entries)
    size = sum(path.stat().st_size for path in (run.path / "evidence").iterdir())
    assert size > 5e6
    page = show(write_report(run.path))
    timing = "performance.getEntriesByType('navigation')[0].domComplete"
    # A second is what is wanted; some more is granted to a machine that is busy with other tests.
    assert page.evaluate(timing) < 3000
    # What is not opened is not there.
    assert page.locator("*").count() < 1000
