from __future__ import annotations

import pytest

from realtime_fakes.brain import EchoBrain, Say, Turn
from realtime_harness.audio import speech


def turn(text: str) -> Turn:
    return Turn(text=text, modality="text", instructions="", items=())


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        pytest.param("hello", "You said: hello", id="text"),
        pytest.param("", "I heard you.", id="sound"),
        pytest.param("x" * 5000, "You said: " + "x" * 1000 + "…", id="long"),
    ],
)
def test_the_echo_repeats_the_user_in_a_sentence(text: str, answer: str) -> None:
    assert EchoBrain().answer(turn(text)).output == (Say(answer),)


@pytest.mark.parametrize(
    ("text", "is_slow"), [("Count to ten", False), ("Slowly count to ten", True)]
)
def test_who_wants_to_hear_it_slowly_does(text: str, is_slow: bool) -> None:
    assert bool(EchoBrain().answer(turn(text)).course.delta_interval_s) is is_slow


def test_what_it_speaks_decodes_to_what_it_says() -> None:
    assert speech.decode(EchoBrain().speak("hello")).casefold() == "hello"
