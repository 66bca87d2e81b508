"""The page at ``/`` as people meet it: in a real browser, with a fake that is talked to."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

playwright = pytest.importorskip("playwright.async_api", reason="install realtime-harness[browser]")
CHROMIUM = (
    os.environ.get("RT_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
)
pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="no Chromium: install it (Debian: apt-get install chromium) or set RT_CHROMIUM",
    ),
    # Of one browser, which has to stay on the event loop that it was started on.
    pytest.mark.asyncio(loop_scope="module"),
]
FLAGS = (
    "--no-sandbox",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
PATIENCE_MS = 10_000
ANSWER = {"type": "response.create", "response": {"output_modalities": ["text"]}}
CHOSEN = '#sessions-list [aria-selected="true"]'

Show = Callable[..., Awaitable[Any]]


def origin_of(client: Any) -> str:
    return client.addresses["base_url"].rpartition("/v1")[0]


def is_complaint(message: Any) -> bool:
    """Whether the page is to blame: for what is refused, it says so itself.

    Chromium reports each handshake that is refused, which a page that comes back cannot help.
    """
    refused = "Failed to load resource: the server responded with a status of 400"
    is_refused = message.text.startswith(refused) or "Unexpected response code: 404" in message.text
    return message.type != "log" and not is_refused


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Any]:
    """A real Chromium with a microphone that beeps, for all tests of the module."""
    async with playwright.async_playwright() as started:
        browser = await started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def open_world(worlds: Any) -> AsyncIterator[Any]:
    """As everywhere, on the browser's event loop."""
    async with worlds() as open_world:
        yield open_world


@pytest_asyncio.fixture(loop_scope="module")
async def client(open_world: Any) -> Any:
    """A client of a fake of the test's own."""
    return (await open_world()).client


@pytest_asyncio.fixture(loop_scope="module")
async def show(browser: Any, open_world: Any) -> AsyncIterator[Show]:
    """Shows the page of a fake; at the end nothing was loaded elsewhere, and nothing went wrong.

    ``open_world`` is asked for so that the fake ends after the pages.
    """
    complaints: list[str] = []
    async with AsyncExitStack() as stack:

        async def show(client: Any, query: str = "", **options: Any) -> Any:
            options.setdefault("permissions", ["microphone", "clipboard-write", "clipboard-read"])
            context = await browser.new_context(**options)
            stack.push_async_callback(context.close)
            page = await context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.on("console", lambda m: complaints.append(m.text) if is_complaint(m) else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            origin = origin_of(client)

            def check(request: Any) -> None:
                if not request.url.startswith((origin, "blob:")):
                    complaints.append(f"asked for {request.url}")

            page.on("request", check)
            await page.goto(f"{origin}/{query}")
            await page.wait_for_selector("#link.live")
            return page

        yield show
    assert complaints == []


async def keep(page: Any, name: str, tmp_path: Path, **options: Any) -> None:
    """Take a screenshot, for people to look at."""
    folder = Path(os.environ.get("RT_ARTIFACTS") or tmp_path) / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=folder / f"inspector-{name}.png", **options)
    assert (folder / f"inspector-{name}.png").stat().st_size > 10_000


async def until(page: Any, reached: str) -> None:
    """Wait until an expression holds. What Playwright has for that, the page's policy forbids."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not await page.evaluate(reached):
            await page.wait_for_timeout(20)


async def shown(page: Any, text: str, of: str = "#events-list .row") -> None:
    """Wait until a row with this text is there."""
    await page.locator(of, has_text=text).first.wait_for()


async def test_sessions_appear_while_a_client_talks(client, show, say):
    page = await show(client)
    await page.wait_for_selector("#sessions-number:text-is('0 running')")
    talker = await client.socket()
    session_id = (await talker.event())["session"]["id"]
    await page.wait_for_selector("#sessions-number:text-is('1 running')")
    await shown(page, "session.created")
    await page.click("#sessions-list .session.running")
    assert await page.inner_text("#events-of") == session_id
    assert await page.locator("#heads b").all_inner_texts() == ["client"]
    await talker.send(say("is anybody there?"), ANSWER)
    await shown(page, "is anybody there?")
    await shown(page, "response.done completed")
    await talker.until("rate_limits.updated")
    await talker.connection.close()
    await page.wait_for_selector("#sessions-list .session.over")
    await shown(page, "websocket closed by the client")
    assert await page.is_disabled("#drop")


async def test_a_call_and_its_sideband_have_a_lane_each(client, show):
    page = await show(client)
    caller = await client.call()
    await caller.event()
    sideband = await client.socket(f"?call_id={caller.call_id}")
    await page.wait_for_selector("#sessions-number:text-is('1 running, 1 on a call')")
    await page.click("#sessions-list .session.running")
    session_id = (await client.state())["sessions"][0]["id"]
    await page.wait_for_selector(f"#events-of:text-is('{session_id}')")
    caller.send({"type": "input_audio_buffer.clear"})
    await sideband.event()
    await until(page, "document.querySelectorAll('#heads b').length === 2")
    await shown(page, "data-channel oai-events, sideband", "#sessions-list .row")
    lefts = await page.eval_on_selector_all(
        "#events-list .card", "cards => [...new Set(cards.map(c => c.getBoundingClientRect().x))]"
    )
    assert len(lefts) == 2
    await page.click("#drop")
    await page.wait_for_selector("#sessions-list .session.over")
    assert (await client.state())["calls"] == []


async def test_an_event_is_sent_as_a_sideband(client, show, say):
    talker = await client.socket()
    await talker.event()
    page = await show(client)
    await page.click("#tab-send")
    send = page.locator("#send-form [type=submit]")
    assert await send.is_disabled()
    await page.click("#sessions-list .session.running")
    await page.select_option("[name=template]", label="Say something as the user")
    event = json.loads(await page.input_value("[name=event]"))
    event["item"]["content"][0]["text"] = "from beside"
    await page.fill("[name=event]", json.dumps(event))
    await send.click()
    await page.wait_for_selector("#send-answer li:has-text('conversation.item.added')")
    added = await talker.event()
    assert added["item"]["content"][0]["text"] == "from beside"
    # What the last item is, the template knows by now.
    await until(page, "document.querySelectorAll('#heads b').length === 2")
    await page.select_option("[name=template]", label="Delete the last item")
    assert json.loads(await page.input_value("[name=event]"))["item_id"] == added["item"]["id"]
    # A line of a lane comes back into the form.
    await page.fill("#filters [name=words]", "sent beside")
    await page.click("#events-list .row.sent")
    assert "from beside" in await page.inner_text("#detail-json")
    await page.click("#detail-again")
    assert "from beside" in await page.input_value("[name=event]")


async def test_an_event_is_checked_first(client, show):
    talker = await client.socket()
    await talker.event()
    page = await show(client)
    await page.click("#tab-send")
    await page.click("#sessions-list .session.running")
    for text, problem in (("{", "Not JSON"), ("[]", "a JSON object"), ("{}", 'has a "type"')):
        await page.fill("[name=event]", text)
        assert problem in await page.inner_text("#send-problem")
        assert await page.is_disabled("#send-form [type=submit]")
    # What is not known may be what is to be tried.
    await page.fill("[name=event]", '{"type": "x"}')
    assert "No client event" in await page.inner_text("#send-problem")
    await page.click("#send-form [type=submit]")
    await page.wait_for_selector("#send-answer .wrong:has-text('error')")


async def test_switches_work(client, show, say):
    talker = await client.socket()
    session_id = (await talker.event())["session"]["id"]
    page = await show(client)
    await page.click("#tab-switches")
    box = page.get_by_role("checkbox", name=re.compile("^letter-by-letter"))
    await box.check()
    await page.wait_for_selector("#on:text('1 switched on')")
    await talker.send(say("hi"), ANSWER)
    deltas = [e for e in await talker.until("rate_limits.updated") if e["type"].endswith(".delta")]
    assert len(deltas[0]["delta"]) == 1
    await page.fill("[name=fault]", "delay:5ms")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#on:text('2 switched on')")
    assert (await client.state())["faults"] == ["delay:5ms"]
    await page.fill("[name=fault]", "nonsense")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#switches-problem:text('no switch named')")
    await page.get_by_role("button", name="Switch off delay:5ms").click()
    await page.wait_for_selector("#on:text('1 switched on')")
    # What somebody else switches shows as well.
    await client.control("PUT", "/switches", json={})
    await until(page, "document.getElementById('on').textContent === ''")
    assert not await box.is_checked()
    await page.click("#sessions-list .session.running")
    await page.select_option("[name=scope]", "session")
    await page.fill("#switches-filter [name=words]", "letter-by")
    assert await page.locator(".switches li:visible").count() == 1
    await box.check()
    await page.wait_for_selector("#on:text('1 switched on')")
    assert (await client.state())["behaviours"] == [f"letter-by-letter:session={session_id}"]


async def test_a_virtual_clock_is_moved_on(open_world, show):
    client = (await open_world(clock="virtual")).client
    talker = await client.socket()
    await talker.event()
    page = await show(client)
    before = (await client.state())["clock"]["now"]
    await page.click("#tab-clock")
    shown_before = await page.inner_text("#clock-now")
    await page.get_by_role("button", name="+ 10 min").click()
    await until(page, f"document.getElementById('clock-now').value !== '{shown_before}'")
    assert (await client.state())["clock"]["now"] == before + 600
    await page.fill("[name=seconds]", "3001")
    await page.click("#clock-form [type=submit]")
    await page.wait_for_selector("#sessions-list .session.over")
    await shown(page, "error Your session hit the maximum duration")
    await page.fill("[name=seconds]", "-1")
    await page.click("#clock-form [type=submit]")
    await page.wait_for_selector("#clock-problem:text('backwards')")


async def test_a_real_clock_is_left_alone(client, show):
    page = await show(client)
    await page.click("#tab-clock")
    await page.wait_for_selector("text=--clock virtual")
    assert await page.is_hidden("#clock-form")


async def test_the_script_is_shown_and_changed(client, show, say):
    page = await show(client)
    await page.click("#tab-script")
    await page.wait_for_selector("text=No script: it echoes")
    await page.fill("#script [name=text]", "rules:\n  - say: by script\n")
    await page.click("#script-form [type=submit]")
    await page.wait_for_selector("text=1 rule from PUT /script")
    talker = await client.socket()
    await talker.send(say("hi"), ANSWER)
    done = (await talker.until("response.done"))[-1]
    assert done["response"]["output"][0]["content"][0]["text"] == "by script"
    await page.fill("#script [name=text]", "rules: 1")
    await page.click("#script-form [type=submit]")
    await page.wait_for_selector("#script-problem:text('PUT /script:1')")
    await client.control("PUT", "/script", content="rules: [{say: other}, {say: more}]")
    await page.wait_for_selector("text=2 rules from PUT /script")
    await page.click("#script-echo")
    await page.wait_for_selector("text=No script: it echoes")


async def test_the_microphone_is_heard(client, show):
    page = await show(client)
    await page.click("#talk-start [type=submit]")
    await page.wait_for_selector("text=It hears you")
    # Chromium's microphone beeps, and that is no speech of the fake's.
    await shown(page, "You, heard [unintelligible]", "#talk-log li")
    await shown(page, "It You said: [unintelligible]", "#talk-log li")
    await page.wait_for_selector(f"{CHOSEN}:has-text('data-channel')")
    (call,) = (await client.state())["calls"]
    assert call["state"] == "connected"
    heard = "document.getElementById('talk-audio').currentTime > 0"
    await until(page, heard)
    await page.click("#talk-end")
    await page.wait_for_selector("text=Hung up.")
    await client.state_until(lambda state: not state["calls"])
    keys = [e for e in (await client.control("GET", "/journal")).json()["entries"]]
    used = {
        e["data"]["key"] for e in keys if e["kind"] == "request" and "calls" in e["data"]["path"]
    }
    assert used == {"ephemeral"}


@pytest.mark.parametrize("way", ["silent", "websocket"])
async def test_typing_does_as_well(client, show, way):
    page = await show(client)
    await page.check(f"[value={way}]")
    await page.click("#talk-start [type=submit]")
    await page.wait_for_selector("text=Connected.")
    await page.fill("#talk-say [name=text]", "good morning")
    await page.keyboard.press("Enter")
    await shown(page, "You good morning", "#talk-log li")
    await shown(page, "It You said: good morning", "#talk-log li")
    assert await page.inner_text("#events-of") == (await client.state())["sessions"][0]["id"]
    await page.close(run_before_unload=True)
    await client.state_until(lambda state: not state["sessions"])


async def test_a_refusal_is_said(client, show):
    page = await show(client)
    await page.fill("[name=model]", "no-such-model")
    await page.check("[value=websocket]")
    await page.click("#talk-start [type=submit]")
    await page.wait_for_selector("#talk-state:text('⚠')")


async def test_snippets_have_the_key_and_hide_it(client, show):
    page = await show(client)
    await page.click("#tab-connect")
    assert "sk-fake" not in await page.inner_text("#connect")
    await page.click("[aria-label='Copy the JavaScript program']")
    await page.wait_for_selector("text=Copied")
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert client.addresses["ws_url"] in copied
    assert "openai-insecure-api-key.sk-fake" in copied
    await page.check("#connect-show")
    assert "sk-fake" in await page.inner_text("#connect-snippets")


async def test_the_keyboard_suffices(client, show, say):
    talker = await client.socket()
    await talker.send(say("hi"), ANSWER)
    await talker.until("response.done")
    page = await show(client)
    await shown(page, "response.done")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    reached: set[str] = set()
    for _ in range(40):
        await page.keyboard.press("Tab")
        reached.add(await page.evaluate("document.activeElement.id || document.activeElement.name"))
    assert reached >= {"sessions-list", "reset", "words", "follow", "events-list", "tab-talk"}
    await page.focus("#sessions-list")
    await page.keyboard.press("ArrowDown")
    assert await page.inner_text("#events-of") != "of all sessions"
    await page.focus("#events-list")
    await page.keyboard.press("Home")
    await page.keyboard.press("ArrowDown")
    assert await page.inner_text("#detail-title") == "session.created"
    active = await page.get_attribute("#events-list", "aria-activedescendant")
    assert "received" in await page.inner_text(f"[id='{active}']")
    await page.focus("#detail-json")
    await page.keyboard.press("Escape")
    assert await page.is_hidden("#detail")
    assert await page.evaluate("document.activeElement.id") == "events-list"
    await page.focus("#tab-talk")
    for name in ("send", "switches", "clock", "script", "connect", "talk"):
        await page.keyboard.press("ArrowRight")
        assert await page.is_visible(f"#{name}")
        assert await page.evaluate("document.activeElement.id") == f"tab-{name}"


async def test_everything_has_a_name(client, show):
    await client.socket()
    page = await show(client)
    for name in ("talk", "send", "switches", "clock", "script", "connect"):
        await page.click(f"#tab-{name}")
        nameless = await page.evaluate(
            """() =>
            [...document.querySelectorAll("button, input, select, textarea, [role=listbox]")]
              .filter((each) => each.checkVisibility())
              .filter((each) => !(each.textContent.trim() || each.getAttribute("aria-label")
                || [...(each.labels ?? [])].some((label) => label.textContent.trim())))
              .map((each) => each.outerHTML)"""
        )
        assert nameless == []


async def test_only_what_is_in_sight_is_made(client, show, say):
    page = await show(client)
    talker = await client.socket()
    for _ in range(60):
        await talker.send(say("hello " * 20), ANSWER)
        await talker.until("response.done")
    await until(
        page,
        "Number(document.querySelector('#events-list .row')?.getAttribute('aria-setsize')) > 900",
    )
    assert await page.locator("#events-list .row").count() < 60
    at_end = "(box) => box.scrollHeight - box.clientHeight - box.scrollTop < 2"
    assert await page.locator("#events-list").evaluate(at_end)
    await page.locator("#events-list").hover()
    await page.mouse.wheel(0, -500)
    await until(page, "!document.querySelector('[name=follow]').checked")
    await page.uncheck("[name=deltas]")
    assert await page.locator("#events-list .row", has_text=".delta").count() == 0


async def test_hostile_events_are_shown_and_do_nothing(client, show):
    hostile = "<img src=x onerror=alert(1)></script>\u202e\x00"
    page = await show(client)
    talker = await client.socket(f"?model=gpt-realtime&x={'%3Cimg%20src=x%3E'}")
    await talker.send({"type": hostile, "event_id": hostile * 1000})
    await talker.connection.send(hostile)
    await shown(page, "\\u202e")
    await page.fill("#filters [name=words]", "sent onerror")
    await page.locator("#events-list .row").first.click()
    assert "more characters]" in await page.inner_text("#detail-json")
    assert await page.locator("img").count() == 0


async def test_another_service_has_a_page(client, show):
    await client.control("POST", "/services", json={"name": "other", "defects": ["status-200"]})
    page = await show(client, "?service=other")
    await page.wait_for_selector("#on:text('1 switched on')")
    assert "/_fake/services/other/v1" in await page.inner_text("#address")
    await page.select_option("[name=service]", "default")
    await page.wait_for_selector("#link.live")
    await until(page, "!location.search.includes('other')")


async def test_it_comes_back_after_the_service_has_ended(client, show):
    await client.control("POST", "/services", json={"name": "other"})
    page = await show(client, "?service=other")
    await client.control("DELETE", "/services/other")
    await page.wait_for_selector("#link.lost")
    await client.control("POST", "/services", json={"name": "other"})
    await page.wait_for_selector("#link.live")


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_and_is_drawn(client, show, say, tmp_path, width, scheme):
    talker = await client.socket()
    for text in ("hello", "what is the weather?"):
        await talker.send(say(text), ANSWER)
        await talker.until("rate_limits.updated")
    caller = await client.call()
    await caller.event()
    sideband = await client.socket(f"?call_id={caller.call_id}")
    caller.send(say("hello from the call"), ANSWER)
    await sideband.until("response.done")
    await client.control("PUT", "/switches", json={"behaviours": ["letter-by-letter"]})
    size = {"width": width, "height": 800}
    page = await show(client, viewport=size, color_scheme=scheme)
    await page.click("#sessions-list .session.running >> nth=0")
    await shown(page, "response.done")
    await page.locator("#events-list .row", has_text="response.done").last.click()
    for name in ("talk", "send", "switches", "clock", "script", "connect"):
        await page.click(f"#tab-{name}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, name
        await keep(page, f"{name}-{width}-{scheme}", tmp_path, full_page=width < 500)
