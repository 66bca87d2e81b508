from __future__ import annotations

from dataclasses import replace

import pytest

from realtime_harness.errors import UsageError
from realtime_harness.load.sessions import journey_class


@pytest.mark.parametrize(("name", "kind"), [("relay", "ws"), ("webrtc-relay", "webrtc")])
@pytest.mark.parametrize("media", ["lite", "full"])
@pytest.mark.parametrize("is_ours", [True, False], ids=["ours", "the-target"])
async def test_turns_go_through_a_relay_and_past_it(
    fake, lab, opened, begin, name, kind, media, is_ours
):
    target = fake
    if not is_ours:
        relay = {"base_url": lab.relay(kind, fake), "upstream": fake, "relay_kind": kind}
        target = replace(fake, **relay)
    prepared = await journey_class(name).prepare(target, lab)
    assert (prepared.upstream, prepared.relay_kind) == (fake, kind)
    assert prepared.base_url == lab.relay(kind, fake)
    journey, opening = await opened(prepared, name, media)
    # What the way past the relay took does not count.
    assert opening.sent_ns - opening.intended_ns < 1_000_000
    assert opening.sent_ns < opening.done_ns
    for position in (1, 2):
        turn = begin("turn")
        turn.position = position
        await journey.act(turn)
        journey.forget()
        assert turn.intended_ns <= turn.sent_ns < turn.first_ns <= turn.done_ns
        assert turn.more["added_ms"] >= 0


@pytest.mark.parametrize(("name", "kind"), [("relay", "webrtc"), ("webrtc-relay", "ws")])
async def test_a_relay_of_another_kind_is_refused(fake, lab, name, kind):
    relay = replace(fake, upstream=fake, relay_kind=kind)
    with pytest.raises(UsageError, match=f"is a relay of kind {kind}"):
        await journey_class(name).prepare(relay, lab)
