from __future__ import annotations

import pytest

from realtime_harness.clients.control import Control

MS = 1_000_000
REST_MS = 20
"""Which aioice takes behind its last check."""
PHASES = ("http_ms", "ice_ms", "dtls_ms", "sctp_ms", "created_ms")


@pytest.mark.parametrize("media", ["lite", "full"])
async def test_the_phases_of_a_set_up_follow_each_other(fake, opened, media):
    journey, operation = await opened(fake, "webrtc-text", media)
    assert set(operation.more) == {"setup_ms", *PHASES}
    assert all(operation.more[phase] > 0 for phase in PHASES if phase != "created_ms")
    set_up = journey.call.set_up
    offered_ns = set_up.posted_ns - set_up.begun_ns
    to_open = [operation.more[phase] for phase in PHASES[:-1]]
    assert operation.more["setup_ms"] == offered_ns + sum(to_open)
    whole_ns = operation.done_ns - operation.sent_ns
    assert operation.more["setup_ms"] + operation.more["created_ms"] <= whole_ns
    if media == "full":
        assert operation.more["ice_ms"] >= REST_MS * MS


@pytest.mark.parametrize("media", ["lite", "full"])
async def test_a_spoken_turn_tells_how_sound_came_through(fake, opened, begin, media):
    journey, _ = await opened(fake, "webrtc-voice", media)
    turn = begin("turn")
    await journey.act(turn)
    assert turn.sent_ns < turn.first_ns < turn.done_ns
    assert turn.sent_ns < turn.first_audio_ns
    assert {"gap_ms", "stalled_ms", "underruns", "rtf", "loss_percent", "jitter_ms"} <= set(
        turn.more
    )
    assert turn.more["loss_percent"] == 0
    # A call has sound in real time, whatever the machine does.
    assert 300_000 < turn.more["rtf"] < 3_000_000
    assert "output_audio_buffer.stopped" in [event.type for event in journey.events.events]


async def test_a_turn_in_writing_has_too_few_packets_for_a_share_of_lost_ones(fake, opened, begin):
    journey, _ = await opened(fake, "webrtc-text")
    turn = begin("turn")
    await journey.act(turn)
    assert "loss_percent" not in turn.more


async def test_a_call_in_which_nobody_speaks_sends_no_sound(fake, opened):
    journey, _ = await opened(fake, "webrtc-idle")
    (sender,) = journey.call.peer.getSenders()
    stats = (await sender.getStats()).values()
    assert [each.packetsSent for each in stats if each.type == "outbound-rtp"] == [0]


@pytest.mark.parametrize("media", ["lite", "full"])
async def test_a_sideband_sees_the_end_of_each_turn(fake, opened, begin, media):
    journey, _ = await opened(fake, "sideband", media)
    for _ in range(2):
        turn = begin("turn")
        await journey.act(turn)
        journey.forget()
        assert turn.sent_ns < turn.done_ns
        assert "sideband_ms" in turn.more


async def test_packets_that_a_fake_loses_are_told(fake, opened, begin):
    async with Control(fake) as control:
        lossy = await control.new_service("lossy", faults=["rtp-loss:30%,to=caller"])
    journey, _ = await opened(lossy, "webrtc-voice")
    told = []
    for _ in range(3):
        turn = begin("turn")
        await journey.act(turn)
        told.append(turn.more["loss_percent"] / 1_000_000)
    # Of some 200 packets; further from 30 % is less likely than one in a thousand.
    assert 18 < sum(told) / len(told) < 42
