"""When sound is first heard, against a fake of which it is known."""

from __future__ import annotations

import itertools

import pytest

from realtime_harness.clients.control import Control

MS = 1_000_000
PAUSE_MS = 200
"""Of silence, behind which the fake takes a user for finished, unless told otherwise."""
DELAY_MS, LEAD_MS = 100, 300
TOLERANCE_MS = 20
"""A frame of RTP, and the stretch of sound whose level is looked at."""
FULL_DELAY_MS = 100
"""More with full media: aiortc hands out what is four packets old, and its encoder takes one."""

_names = (f"led-{number}" for number in itertools.count())


@pytest.fixture
async def led(fake):
    """A service that answers after a known time, with sound that begins with silence."""
    rule = {"say": "Hello", "delay": f"{DELAY_MS}ms", "lead": f"{LEAD_MS}ms"}
    async with Control(fake) as control:
        service = await control.new_service(next(_names))
    async with Control(service) as control:
        await control.script([rule])
    return service


@pytest.mark.parametrize(
    ("name", "media", "more_ms"),
    [
        ("voice", "lite", 0),
        ("voice", "full", 0),
        ("webrtc-voice", "lite", 0),
        ("webrtc-voice", "full", FULL_DELAY_MS),
    ],
)
async def test_first_audible_sound_is_where_it_is_known_to_be(
    led, opened, begin, name, media, more_ms
):
    journey, _ = await opened(led, name, media, parameters={"text": "Hello", "silence_ms": 300})
    known_ms = PAUSE_MS + DELAY_MS + LEAD_MS + more_ms
    found_ms, told_ms = [], []
    # A busy machine makes some turns late. None of an instrument that is wrong would be right.
    while sum(abs(each - known_ms) <= TOLERANCE_MS for each in found_ms) < 2:
        assert len(found_ms) < 12, f"known {known_ms} ms, found {found_ms}"
        turn = begin("turn")
        await journey.act(turn)
        found_ms.append((turn.first_audio_ns - turn.due_ns) / MS)
        told_ms.append((turn.first_ns - turn.due_ns) / MS)
    # The first frames came, and were silent.
    assert min(told_ms) < PAUSE_MS + DELAY_MS + TOLERANCE_MS
