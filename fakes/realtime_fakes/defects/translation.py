"""Violations that the checks of ``translation`` find."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from typing import Any

from realtime_fakes.defects.suites import Suite
from realtime_fakes.defects.taps import (
    Change,
    another,
    drop,
    in_sessions,
)
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]

_SOUND, _WORDS = "session.output_audio.delta", "session.output_transcript.delta"
_SOURCE = "session.input_transcript.delta"
_CLOSED = "session.closed"


def _translating(change: Change, *types: str) -> EventTap:
    """Return a tap on sessions that translate."""
    return in_sessions("translation", change, *types)


def _as_realtime(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "session": {**event["session"], "type": "realtime"}}]


def _in_english(event: Event, memory: dict[str, Any]) -> list[Event]:
    session = event["session"]
    audio = {**session["audio"], "output": {"language": "en"}}
    return [{**event, "session": {**session, "audio": audio}}]


def _half_a_sample_more(event: Event, memory: dict[str, Any]) -> list[Event]:
    sound = a2b_base64(event["delta"]) + b"\0"
    return [{**event, "delta": b2a_base64(sound, newline=False).decode()}]


def _mute(event: Event, memory: dict[str, Any]) -> list[Event]:
    sound = bytes(len(a2b_base64(event["delta"])))
    return [{**event, "delta": b2a_base64(sound, newline=False).decode()}]


def _backwards(event: Event, memory: dict[str, Any]) -> list[Event]:
    count = memory["count"] = memory.get("count", 0) + 1
    return [{**event, "elapsed_ms": max(0, 10_000 - 200 * count)}]


def _source_always(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [another(event, "s", type=_SOURCE, delta="hello", elapsed_ms=0), event]


def _with_response(event: Event, memory: dict[str, Any]) -> list[Event]:
    if memory.get("answered"):
        return [event]
    memory["answered"] = True
    response = {
        "object": "realtime.response",
        "id": "resp_ofNobody",
        "status": "in_progress",
        "output": [],
    }
    return [event, another(event, "r", type="response.created", response=response)]


def _last_words_late(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Say the third sentence behind the end of the session."""
    kind = event["type"]
    if kind == _SOUND:
        memory["sentence"] = memory.get("sentence", 0) + (not memory.get("sounds"))
        memory["sounds"] = True
        return [event]
    memory["sounds"] = False
    if kind == _CLOSED:
        return [event, *memory.pop("held", [])]
    if memory.get("sentence", 0) < 2:
        return [event]
    memory.setdefault("held", []).append(event)
    return []


_defect = Suite("translation").defect


SWITCHES: tuple[Switch, ...] = (
    _defect(
        "translation-greeted-as-realtime",
        "greeted",
        "A session that translates says that it is of type realtime.",
        event=_translating(_as_realtime, "session.created", "session.updated"),
    ),
    _defect(
        "translation-into-english",
        "language",
        "A session that translates says that its language is English.",
        event=_translating(_in_english, "session.updated"),
    ),
    _defect(
        "translation-without-words",
        "transcript",
        "A translation has no transcript.",
        event=_translating(drop, _WORDS),
        also={
            "heard-is-claimed": "nothing is claimed",
            "flushed": "the transcript is how it is seen",
        },
    ),
    _defect(
        "translation-without-sound",
        "sound",
        "A translation is not spoken.",
        event=_translating(drop, _SOUND),
        also=dict.fromkeys(("sound-described", "heard-is-claimed"), "there is no sound to look at"),
    ),
    _defect(
        "translation-splits-samples",
        "whole-samples",
        "Pieces of a translation end amid a sample.",
        event=_translating(_half_a_sample_more, _SOUND),
        also={"heard-is-claimed": "what is out of step cannot be understood"},
    ),
    _defect(
        "translation-at-no-rate",
        "sound-described",
        "The sound of a translation has a rate of 0 Hz.",
        event=_translating(lambda event, memory: [{**event, "sample_rate": 0}], _SOUND),
    ),
    _defect(
        "translation-mute",
        "heard-is-claimed",
        "The sound of a translation is silence.",
        event=_translating(_mute, _SOUND),
    ),
    _defect(
        "translation-goes-back",
        "elapsed",
        "The times of a translation go back.",
        event=_translating(_backwards, _WORDS),
    ),
    _defect(
        "translation-source-unasked",
        "source-unasked",
        "What was said is written down, whether the session transcribes or not.",
        event=_translating(_source_always, _WORDS),
    ),
    _defect(
        "translation-source-withheld",
        "source",
        "What was said is never written down.",
        event=_translating(drop, _SOURCE),
    ),
    _defect(
        "translation-responds",
        "no-responses",
        "A response begins in a session that translates.",
        event=_translating(_with_response, _WORDS),
    ),
    _defect(
        "translation-ignores-turns",
        "refuses-turns",
        "A response.create in a session that translates is answered by nothing.",
        event=_translating(drop, "error"),
    ),
    _defect(
        "translation-loses-last-words",
        "flushed",
        "The last words come behind session.closed.",
        event=_translating(_last_words_late, _WORDS, _SOUND, _CLOSED),
    ),
    _defect(
        "translation-close-unanswered",
        "closed",
        "session.close closes the socket without session.closed.",
        event=_translating(drop, _CLOSED),
    ),
    _defect(
        "translation-socket-left-open",
        "socket-closed",
        "The socket stays open behind session.closed.",
        policy={"close_translations": False},
    ),
)
