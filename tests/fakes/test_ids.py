from __future__ import annotations

import re

import pytest

from realtime_fakes.ids import Ids

NAMES = {
    "event": r"event_[0-9A-Za-z]{21}",
    "item": r"item_[0-9A-Za-z]{21}",
    "response": r"resp_[0-9A-Za-z]{21}",
    "conversation": r"conv_[0-9A-Za-z]{21}",
    "session": r"sess_[0-9A-Za-z]{21}",
    "call": r"rtc_u1_[0-9A-Za-z]{21}",
    "function_call": r"call_[0-9A-Za-z]{16}",
    "ephemeral_key": r"ek_[0-9a-f]{32}",
    "letters": r"[0-9A-Za-z]{16}",
}


@pytest.mark.parametrize("name", NAMES)
def test_ids_have_their_form_and_never_repeat(name: str) -> None:
    make = getattr(Ids(), name)
    made = [make() for _ in range(2000)]
    assert all(re.fullmatch(NAMES[name], one) for one in made)
    assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    ("now", "letters"),
    # Start of a recorded session (its expires_at, less an hour) and how its ids begin.
    [(1_784_736_004, "E4TeW"), (1_785_214_048, "E6U0u"), (1_785_214_050.9, "E6U0w")],
)
def test_ids_begin_with_the_second_of_their_making(now: float, letters: str) -> None:
    ids = Ids()
    ids.at(now)
    assert ids.event().startswith("event_" + letters)
    assert ids.item().startswith("item_" + letters)


def test_ids_go_on_after_the_clock_moved() -> None:
    ids = Ids(1)
    first = ids.event()
    ids.at(1_784_736_004)
    assert ids.event()[6:11] != first[6:11]


def test_a_seed_repeats_the_sequence() -> None:
    one, other, third = Ids(1), Ids(1), Ids(2)
    assert [one.event() for _ in range(9)] == [other.event() for _ in range(9)]
    assert one.event() != third.event()


def test_the_session_of_a_call_has_the_calls_letters() -> None:
    call = Ids(1, shard=2).call()
    assert Ids().session_of_call(call) == "sess" + call.removeprefix("rtc")
