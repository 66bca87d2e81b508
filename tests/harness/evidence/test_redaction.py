from __future__ import annotations

import pytest

from realtime_harness.evidence import MASK, Redactor


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        pytest.param("sk-abc_DEF-123 behind", f"{MASK} behind", id="standard-key"),
        pytest.param("key=ek_0123456789abcdef.", f"key={MASK}.", id="ephemeral-key"),
        pytest.param("Bearer whatever.it-is", f"Bearer {MASK}", id="bearer"),
        pytest.param("bearer abc", f"bearer {MASK}", id="bearer-in-lower-case"),
        pytest.param(
            "realtime, openai-insecure-api-key.abc, x",
            f"realtime, openai-insecure-api-key.{MASK}, x",
            id="subprotocol",
        ),
        pytest.param(
            "openai-ephemeral-key.abc", f"openai-ephemeral-key.{MASK}", id="ephemeral-subprotocol"
        ),
        pytest.param("my own secret", f"my own {MASK}", id="registered"),
        pytest.param("a task-oriented week_day", "a task-oriented week_day", id="words"),
    ],
)
def test_text(text: str, clean: str) -> None:
    assert Redactor("secret").text(text) == clean


def test_longest_of_registered_secrets_is_masked_as_a_whole() -> None:
    assert Redactor("abcd", "abcdefgh").text("abcdefgh abcd") == f"{MASK} {MASK}"


def test_tiny_secret_is_ignored() -> None:
    assert Redactor("a").text("banana") == "banana"


def test_data_is_masked_however_deep() -> None:
    data = {"a": [{"b": "Bearer top", "secret": 1}], "n": 1.5}
    assert Redactor("secret").data(data) == {"a": [{"b": f"Bearer {MASK}", MASK: 1}], "n": 1.5}


def test_data_without_secrets_is_handed_through() -> None:
    data = {"a": "b"}
    assert Redactor("secret").data(data) is data


def test_secret_with_a_quote_is_masked_inside_json() -> None:
    assert Redactor('se"cret').data({"a": 'a se"cret'}) == {"a": f"a {MASK}"}
