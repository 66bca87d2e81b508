from __future__ import annotations

PHASES = ("http_ms", "ice_ms", "dtls_ms", "sctp_ms", "created_ms")


async def test_the_phases_of_a_set_up_follow_each_other(fake, opened):
    journey, operation = await opened(fake, "webrtc-text")
    assert set(operation.more) == {"setup_ms", *PHASES}
    assert all(operation.more[phase] > 0 for phase in PHASES if phase != "created_ms")
    set_up = journey.call.set_up
    offered_ns = set_up.posted_ns - set_up.begun_ns
    to_open = [operation.more[phase] for phase in PHASES[:-1]]
    assert operation.more["setup_ms"] == offered_ns + sum(to_open)
    whole_ns = operation.done_ns - operation.sent_ns
    assert operation.more["setup_ms"] + operation.more["created_ms"] <= whole_ns


async def test_a_call_in_which_nobody_speaks_sends_no_sound(fake, opened):
    journey, _ = await opened(fake, "webrtc-idle")
    (sender,) = journey.call.peer.getSenders()
    stats = (await sender.getStats()).values()
    assert [each.packetsSent for each in stats if each.type == "outbound-rtp"] == [0]
