from __future__ import annotations

import pytest

from realtime_fakes.usage import Tokens, count_text, usage


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("Hello there!", 3, id="words-and-marks"),
        pytest.param("Answer in two or three words.", 7, id="sentence"),
        pytest.param("x" * 25, 3, id="long-word"),
        pytest.param("grüß dich 🎈", 3, id="beyond-ascii"),
    ],
)
def test_text_is_counted_in_words_and_marks(text: str, tokens: int) -> None:
    assert count_text(text) == tokens


def test_usage_adds_up() -> None:
    made = usage(Tokens(14, 27), Tokens(28, 136))
    assert (made["input_tokens"], made["output_tokens"], made["total_tokens"]) == (41, 164, 205)
    inputs = made["input_token_details"]
    assert (inputs["text_tokens"], inputs["audio_tokens"], inputs["image_tokens"]) == (14, 27, 0)
    assert inputs["cached_tokens"] == sum(inputs["cached_tokens_details"].values()) == 0
    assert made["output_token_details"] == {"text_tokens": 28, "audio_tokens": 136}
