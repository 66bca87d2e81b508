from __future__ import annotations

from dataclasses import replace

import pytest

from realtime_harness.targets.profiles import AZURE, PROFILES, KeyStyle, Profile


@pytest.mark.parametrize(
    ("style", "headers", "query"),
    [
        ("bearer", {"Authorization": "Bearer sk-a"}, {}),
        ("header:X-API-Key", {"X-API-Key": "sk-a"}, {}),
        ("query:api_key", {}, {"api_key": "sk-a"}),
    ],
)
def test_standard_key(style: str, headers: dict[str, str], query: dict[str, str]) -> None:
    read = KeyStyle.parse(style)
    assert (read.headers("sk-a"), read.query("sk-a")) == (headers, query)
    assert str(read) == style


@pytest.mark.parametrize("style", ["bearer", "header:api-key", "query:key", "none"])
def test_ephemeral_key_is_a_bearer_token_everywhere(style: str) -> None:
    read = KeyStyle.parse(style)
    assert read.headers("ek_a") == {"Authorization": "Bearer ek_a"}
    assert read.query("ek_a") == {}


def test_no_key_is_shown_where_there_is_none() -> None:
    read = KeyStyle.parse("none")
    assert (read.headers(""), read.query("")) == ({}, {})


@pytest.mark.parametrize("text", ["", "basic", "bearer:x", "header", "header:", "query:a b"])
def test_unusable(text: str) -> None:
    with pytest.raises(ValueError, match="no way to show a key"):
        KeyStyle.parse(text)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_plain_values(profile: Profile) -> None:
    assert Profile.from_json(profile.to_json()) == profile


def test_azure() -> None:
    assert AZURE.key_style.headers("a") == {"api-key": "a"}
    assert replace(AZURE, filters_calls=True).to_json()["filters_calls"]
