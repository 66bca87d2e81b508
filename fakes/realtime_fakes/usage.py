"""What a response costs.

The rules, as far as recordings and price lists tell them: heard sound is one token for each 100 ms,
spoken sound one for each 50 ms, and all of the conversation is input again at every response. Text
is counted in words and punctuation marks, plus two tokens a message, six if it is sound; that gives
exactly the figures of the short recorded turns (pydantic-ai cassettes
``test_openai_ws_sideband__*`` and ``test_openai_ws__*``), and an estimate of everything else.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

__all__ = [
    "AUDIO_MESSAGE",
    "HEARD_MS",
    "NOTHING",
    "SPOKEN_MS",
    "TEXT_MESSAGE",
    "Tokens",
    "count_text",
    "usage",
]

TEXT_MESSAGE = 2
"""Tokens that a text message costs beside its text."""
AUDIO_MESSAGE = 6
"""Text tokens that a spoken message costs beside its transcript."""
HEARD_MS = 100
"""Milliseconds of user audio in one token."""
SPOKEN_MS = 50
"""Milliseconds of assistant audio in one token."""

# Long words are several tokens in any vocabulary.
_find_pieces = re.compile(r"\w{1,12}|[^\w\s]").findall


class Tokens(NamedTuple):
    """A number of tokens of each kind."""

    text: int = 0
    audio: int = 0
    image: int = 0


NOTHING = Tokens()


def count_text(text: str) -> int:
    """Return how many tokens ``text`` is."""
    return len(_find_pieces(text))


def usage(spent: Tokens, gained: Tokens) -> dict[str, Any]:
    """Return the ``usage`` of a response.

    Args:
        spent: the input: instructions and conversation.
        gained: the output.

    """
    input_tokens = spent.text + spent.audio + spent.image
    output_tokens = gained.text + gained.audio
    return {
        "total_tokens": input_tokens + output_tokens,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "input_token_details": {
            "text_tokens": spent.text,
            "audio_tokens": spent.audio,
            "image_tokens": spent.image,
            "cached_tokens": 0,
            "cached_tokens_details": {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0},
        },
        "output_token_details": {"text_tokens": gained.text, "audio_tokens": gained.audio},
    }
