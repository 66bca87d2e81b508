"""Violations that the checks of ``usage`` find.

What is counted wrongly adds up all the same, and is counted so in responses with metadata, on
WebSockets: other suites judge their own turns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from realtime_fakes.defects.suites import Suite
from realtime_fakes.defects.taps import Change, on_websocket, with_metadata
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]

_ALL_DONE = "response.done"
_Counts: TypeAlias = dict[str, Any]
_KINDS = ("text_tokens", "audio_tokens", "image_tokens")


def _with_usage(event: Event, usage: _Counts) -> list[Event]:
    """Return the event with another usage, of which the totals are made right."""
    total = usage["input_tokens"] + usage["output_tokens"]
    usage = {**usage, "total_tokens": total}
    return [{**event, "response": {**event["response"], "usage": usage}}]


def _counted(side: str, change: Callable[[_Counts], _Counts]) -> Change:
    """Return a change of the details of one side of the usage."""

    def changed(event: Event, memory: dict[str, Any]) -> list[Event]:
        usage = event["response"]["usage"]
        was = usage[f"{side}_token_details"]
        details = {**was, **change(was)}
        tokens = sum(details.get(kind, 0) for kind in _KINDS)
        sides = {f"{side}_token_details": details, f"{side}_tokens": tokens}
        return _with_usage(event, {**usage, **sides})

    return changed


def _limited(change: Change) -> EventTap:
    """Return a tap on responses with metadata and a limit of tokens."""
    return with_metadata(
        change, _ALL_DONE, where=lambda response: response["max_output_tokens"] != "inf"
    )


def _spoken(change: Change) -> EventTap:
    """Return a tap on responses with metadata that speak."""
    return with_metadata(
        change, _ALL_DONE, where=lambda response: response["output_modalities"] == ["audio"]
    )


def _as_before(nth: int) -> EventTap:
    """Return a tap that counts the input of the n-th text response like that of the one before."""

    def change(event: Event, memory: dict[str, Any]) -> list[Event]:
        usage = event["response"]["usage"]
        count = memory["count"] = memory.get("count", 0) + 1
        before = memory.get("before")
        memory["before"] = {k: usage[k] for k in ("input_tokens", "input_token_details")}
        return _with_usage(event, {**usage, **before}) if count == nth and before else [event]

    return with_metadata(
        change, _ALL_DONE, where=lambda response: response["output_modalities"] == ["text"]
    )


def _moved(kind: str, *, to: str = "text_tokens") -> Callable[[_Counts], _Counts]:
    """Return a change that counts tokens of one kind as another."""
    return lambda details: {kind: 0, to: details[to] + details[kind]}


def _doubled(details: _Counts) -> _Counts:
    return {"audio_tokens": 2 * details["audio_tokens"]}


def _one_cached(details: _Counts) -> _Counts:
    cached = {"text_tokens": 1, "audio_tokens": 0, "image_tokens": 0}
    return {"cached_tokens": 1, "cached_tokens_details": cached}


def _no_images(event: Event, memory: dict[str, Any]) -> list[Event]:
    usage = event["response"]["usage"]
    details = {k: v for k, v in usage["input_token_details"].items() if k != "image_tokens"}
    return _with_usage(event, {**usage, "input_token_details": details})


def _own_sound_forgotten(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Count no more sound in the input than there was before the assistant spoke."""
    details = event["response"]["usage"]["input_token_details"]
    heard = memory.setdefault("heard", details["audio_tokens"])
    change = _counted("input", lambda details: {"audio_tokens": heard})
    return change(event, memory)


def _limit(**members: Callable[[Mapping[str, Any]], Any]) -> EventTap:
    def change(event: Event, memory: dict[str, Any]) -> list[Event]:
        limits = [
            {**limit, **{name: value(limit) for name, value in members.items()}}
            for limit in event["rate_limits"]
        ]
        return [{**event, "rate_limits": limits}]

    return on_websocket(change, "rate_limits.updated")


_defect = Suite("usage").defect


SWITCHES: tuple[Switch, ...] = (
    # a turn in text
    _defect(
        "image-tokens-not-told",
        "details",
        "Does not tell how many tokens images cost, if there are none.",
        _limited(_no_images),
    ),
    _defect(
        "input-is-free",
        "text-in",
        "Counts no tokens for the text of a conversation.",
        _limited(_counted("input", lambda details: {"text_tokens": 0})),
    ),
    _defect(
        "answer-is-free",
        "text-out",
        "Counts no tokens for the text of an answer.",
        _limited(_counted("output", lambda details: {"text_tokens": 0})),
    ),
    _defect(
        "text-heard",
        "no-audio-in",
        "Counts a token of sound in a conversation in text.",
        _limited(_counted("input", lambda details: {"audio_tokens": 1})),
    ),
    _defect(
        "text-spoken",
        "no-audio-out",
        "Counts a token of sound in an answer in text.",
        _limited(
            _counted(
                "output",
                lambda details: {"audio_tokens": 1, "text_tokens": details["text_tokens"] - 1},
            )
        ),
    ),
    _defect(
        "text-seen",
        "no-image",
        "Counts image tokens in a conversation without images.",
        _limited(_counted("input", lambda details: {"image_tokens": 1})),
    ),
    _defect(
        "token-limit-exceeded",
        "within-limit",
        "Counts more output tokens than a response may have.",
        _limited(_counted("output", lambda details: {"text_tokens": 5000})),
    ),
    # what is input
    _defect(
        "second-turn-as-first",
        "history",
        "Counts the input of a second turn like that of the first.",
        _as_before(2),
    ),
    _defect(
        "instructions-are-free",
        "instructions",
        "Counts the input of a third response like that of the second, whatever its instructions.",
        _as_before(3),
    ),
    _defect(
        "empty-input-costs",
        "empty-input",
        "Counts the input of a fourth response like that of the third, though it has none.",
        _as_before(4),
    ),
    _defect(
        "deleted-items-cost",
        "deleted",
        "Counts the input of a sixth response like that of the fifth, whatever was deleted.",
        _as_before(6),
    ),
    _defect(
        "images-as-text",
        "image",
        "Counts images as text.",
        with_metadata(_counted("input", _moved("image_tokens")), _ALL_DONE),
    ),
    _defect(
        "one-token-cached",
        "cached-step",
        "Counts a single token as cached.",
        _limited(_counted("input", _one_cached)),
    ),
    # sound
    _defect(
        "sound-heard-as-text",
        "sound-in",
        "Counts the user's sound as text.",
        _spoken(_counted("input", _moved("audio_tokens"))),
        also={"rt.usage.sound-in-rate": "no tokens are too few"},
    ),
    _defect(
        "sound-heard-twice",
        "sound-in-rate",
        "Counts the user's sound twice.",
        _spoken(_counted("input", _doubled)),
    ),
    _defect(
        "sound-spoken-as-text",
        "sound-out",
        "Counts the sound of answers as text.",
        _spoken(_counted("output", _moved("audio_tokens"))),
        also={"rt.usage.sound-out-rate": "no tokens are too few"},
    ),
    _defect(
        "sound-spoken-twice",
        "sound-out-rate",
        "Counts the sound of answers twice.",
        _spoken(_counted("output", _doubled)),
    ),
    _defect(
        "transcript-is-free",
        "transcript",
        "Counts no text tokens for the transcript of an answer.",
        _spoken(_counted("output", lambda details: {"text_tokens": 0})),
    ),
    _defect(
        "own-sound-forgotten",
        "sound-is-input",
        "Counts the sound of earlier answers as no input.",
        with_metadata(_own_sound_forgotten, _ALL_DONE),
    ),
    # limits
    _defect(
        "limit-of-another-kind",
        "limit-names",
        "Tells a limit of sessions.",
        _limit(name=lambda limit: "sessions"),
        also={"rt.wire.event-schema": "the contract has a list of what may be limited"},
    ),
    _defect(
        "more-left-than-all",
        "limit-bounds",
        "Tells that more is left of a limit than there is.",
        _limit(remaining=lambda limit: limit["limit"] + 1),
    ),
    _defect(
        "limit-reset-in-the-past",
        "limit-reset",
        "Tells that a limit was reset a second ago.",
        _limit(reset_seconds=lambda limit: -1.0),
    ),
)
