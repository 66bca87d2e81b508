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


def test_what_it_speaks_decodes_to_what_it_says() -> None:
    assert speech.decode(EchoBrain().speak("hello")).casefold() == "hello"
