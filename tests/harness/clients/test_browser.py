"""Calls of a real Chromium to the fake in a process of its own."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

pytest.importorskip("aiortc")
pytest.importorskip("playwright", reason="install realtime-harness[browser]")

from realtime_harness import doctor
from realtime_harness.audio import speech
from realtime_harness.clients import browser
from realtime_harness.clients.browser import Browser, BrowserCall, open_browser_call
from realtime_harness.clients.call import Audio
from realtime_harness.clients.signaling import Signaling
from realtime_harness.errors import (
    ClientCannot,
    ConnectionLost,
    ConnectionRefused,
    HarnessError,
    MissingBrowser,
)
from realtime_harness.evidence import Kind, Lane, Recorder
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.lab import Lab
from realtime_harness.targets.target import Target

needs_chromium = pytest.mark.skipif(
    doctor.find_chromium() is None,
    reason="no Chromium: install it (Debian: apt-get install chromium) or set RT_CHROMIUM",
)
SESSION = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}


@dataclass
class Caller:
    """Opens calls of one browser to one target."""

    browser: Browser
    target: Target
    signaling: Signaling
    recorder: Recorder

    async def call(self, **options: object) -> BrowserCall:
        session = {**SESSION, "model": self.target.model}
        return await open_browser_call(
            self.browser,
            self.target,
            self.signaling,
            self.recorder,
            **{"name": "client", "session": session, **options},
        )

    def states(self) -> list[tuple[str, str]]:
        return [
            (entry.data["what"], entry.data["state"])
            for entry in self.recorder.entries
            if entry.kind is Kind.STATE
        ]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture(scope="module")
def fake(lab: Lab) -> Target:
    return lab.fake()


@pytest.fixture
async def caller(lab: Lab, fake: Target) -> AsyncIterator[Caller]:
    recorder = Recorder()
    chromium = await asyncio.to_thread(lab.browser)
    async with Signaling(fake, recorder) as signaling:
        yield Caller(chromium, fake, signaling, recorder)


@needs_chromium
@pytest.mark.parametrize("audio", Audio, ids=lambda audio: audio.value)
async def test_a_text_turn(caller: Caller, audio: Audio) -> None:
    call = await caller.call(audio=audio)
    assert call.id.startswith("rtc_")
    await call.events.expect("session.created")
    turn = await text_turn(call.events, "hello")
    assert "hello" in turn.text
    assert turn.first_text_ns is not None
    assert 0 < turn.first_text_ns - turn.sent_ns <= turn.done_ns - turn.sent_ns
    await call.close()
    await call.close()
    assert call.events.closed is not None
    assert call.events.closed.by_us
    assert {("dtls", "connected"), ("sctp", "connected"), ("data-channel", "closed")} <= set(
        caller.states()
    )


async def _hear_one_answer(caller: Caller) -> str:
    call = await caller.call()
    await call.events.expect("session.created")
    turn = await text_turn(call.events, "Hi", modalities=("audio",))
    assert turn.text == "You said: Hi"
    heard = call.received_audio
    await heard.wait_audible()
    await call.events.expect("output_audio_buffer.stopped", timeout_s=10)
    await heard.wait_quiet()
    await call.close()
    assert heard.packets
    return speech.decode(heard.pcm, heard.rate)


@needs_chromium
@pytest.mark.parametrize("meter", ["at once", "late"])
async def test_what_is_heard_decodes_to_what_was_said(
    caller: Caller, meter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if meter == "late":
        # As on a busy machine: the call is not there before its meter is.
        begin = "await context.audioWorklet.addModule"
        wait = "await new Promise((resolve) => setTimeout(resolve, 700));"
        script = browser._script()
        assert begin in script
        monkeypatch.setattr(browser, "_script", lambda: script.replace(begin, f"{wait} {begin}"))
    # The browser's jitter buffer fills gaps with what came before when packets are late, as on a
    # busy machine: then a symbol is heard twice. Of three calls one has to be heard as it was.
    heard: list[str] = []
    while "You said: Hi" not in heard and len(heard) < 3:
        heard.append(await _hear_one_answer(caller))
    assert heard[-1] == "You said: Hi", heard
    assert any(entry.lane is Lane.RTP_IN for entry in caller.recorder.entries)


@needs_chromium
async def test_frames_of_any_kind_are_sent(caller: Caller) -> None:
    call = await caller.call()
    await call.events.send_raw("no JSON")
    await call.events.expect("error")
    await call.events.send_raw(b'{"type": "input_audio_buffer.clear"}')
    await call.events.expect("input_audio_buffer.cleared", "error")
    await call.close()
    with pytest.raises(ConnectionLost):
        await call.events.send({"type": "input_audio_buffer.clear"})


@needs_chromium
async def test_a_hang_up_is_seen(caller: Caller) -> None:
    call = await caller.call()
    await caller.signaling.hangup(call.id)
    await call.wait_closed()
    await call.events.wait_closed()
    assert not call.events.closed.by_us
    await call.close()


@needs_chromium
async def test_without_a_data_channel(caller: Caller) -> None:
    call = await caller.call(data_channel=False)
    with pytest.raises(AttributeError):
        _ = call.events
    await caller.signaling.hangup(call.id)
    await call.wait_closed()
    await call.close()


@needs_chromium
async def test_a_refused_offer(caller: Caller) -> None:
    with pytest.raises(ConnectionRefused) as refused:
        await caller.call(key="sk-of-nobody")
    assert refused.value.status == 401


@needs_chromium
async def test_it_cannot_vanish(caller: Caller) -> None:
    call = await caller.call()
    with pytest.raises(ClientCannot, match="chromium cannot"):
        await call.cut()
    await call.close()


def test_a_missing_browser_comes_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RT_CHROMIUM", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(MissingBrowser, match="install Chromium"):
        Browser.start()


def test_a_browser_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RT_CHROMIUM", "/bin/false")
    with pytest.raises(HarnessError, match="/bin/false does not start"):
        Browser.start()
