"""Legal things that no recorded service does, and clients had better survive.

The protocol promises neither how an answer is cut into deltas nor that nothing is ever added to
it: fields such as ``obfuscation`` and ``phase`` came to recorded events without notice.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from random import Random
from string import ascii_letters, digits
from typing import Any

from realtime_fakes.audience import Event, Role
from realtime_fakes.latency import Latency
from realtime_fakes.switches import Switch

__all__ = ["SWITCHES"]

_TEXT_DELTAS = (
    "response.output_text.delta",
    "response.output_audio_transcript.delta",
    "response.function_call_arguments.delta",
)
_SOUND_DELTA = "response.output_audio.delta"
_MOST_LETTERS = 400
"""Of a delta that is cut into letters; longer ones stay as they are."""

_LARGE = 2 * 1024 * 1024
_LARGE_ON_CHANNEL = 48 * 1024
"""Bytes; peers say how much they take in a message, and aiortc's say 64 KiB."""


def _letters(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] not in _TEXT_DELTAS or not 1 < len(event["delta"]) <= _MOST_LETTERS:
        return [event]
    # Later ones get ids of their own.
    return [
        {**event, "delta": letter, **({"event_id": _another(event, n)} if n else {})}
        for n, letter in enumerate(event["delta"])
    ]


def _one_piece(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    kind = event["type"]
    responses: dict[str, dict[str, Event]] = memory.setdefault("one-piece", {})
    if kind in _TEXT_DELTAS or kind == _SOUND_DELTA:
        held = responses.setdefault(event["response_id"], {})
        first = held.get(kind)
        held[kind] = event if first is None else {**first, "delta": _joined(kind, first, event)}
        return []
    if not kind.endswith(".done"):
        return [event]
    response_id = event.get("response_id") or event.get("response", {}).get("id")
    return [*responses.pop(response_id, {}).values(), event]


def _joined(kind: str, first: Event, second: Event) -> str:
    if kind != _SOUND_DELTA:
        return str(first["delta"] + second["delta"])
    sound = a2b_base64(first["delta"]) + a2b_base64(second["delta"])
    return b2a_base64(sound, newline=False).decode()


def _more_fields(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    return [_with_more(event)]


def _with_more(value: Any) -> Any:
    if isinstance(value, dict):
        # Metadata is the client's own.
        more = {k: v if k == "metadata" else _with_more(v) for k, v in value.items()}
        return more | {"x_future": {"reason": "fields may be added", "level": None}}
    if isinstance(value, list):
        return [_with_more(entry) for entry in value]
    return value


def _more_events(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    # The same for every party and in every turn, so that turns can be compared.
    random = Random(f"{event['type']}, and more")
    if event["type"] == "session.created" or random.random() < 0.5:
        return [event]
    kind = random.choice(("session.x_weather", "response.x_thought.delta", "x_future.event"))
    return [{"type": kind, "event_id": _another(event, 1), "detail": {"certainty": 0.5}}, event]


def _limits_first(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "rate_limits.updated":
        return []
    if event["type"] != "response.created":
        return [event]
    limit = {"name": "tokens", "limit": 15_000_000, "remaining": 14_999_000, "reset_seconds": 0.0}
    return [
        event,
        {"type": "rate_limits.updated", "event_id": _another(event, 1), "rate_limits": [limit]},
    ]


def _large(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] != "session.updated":
        return [event]
    is_channel = role in (Role.DATA_CHANNEL, Role.FILTERED_CHANNEL)
    return [{**event, "x_padding": "." * (_LARGE_ON_CHANNEL if is_channel else _LARGE)}]


def _another(event: Event, number: int) -> str:
    """Return an id for an event that is added to another one."""
    letters = Random(f"{event['event_id']}/{number}").choices(ascii_letters + digits, k=21)
    return "event_" + "".join(letters)


SWITCHES = (
    Switch(
        name="letter-by-letter",
        summary="Sends text, transcripts and arguments in deltas of one letter.",
        event=_letters,
    ),
    Switch(
        name="one-piece",
        summary="Sends all of a text, a transcript, a sound or the arguments in one delta.",
        event=_one_piece,
    ),
    Switch(
        name="fields-of-the-future",
        summary="Adds an unknown field to every object of every event.",
        event=_more_fields,
    ),
    Switch(
        name="events-of-the-future",
        summary="Sends events of unknown types between the others.",
        event=_more_events,
    ),
    Switch(
        name="slow-session-updated",
        summary="Takes 300 ms to say session.updated, and everything behind it.",
        faults=("delay:300ms,on=session.updated",),
    ),
    Switch(
        name="unintelligible-fails",
        summary="Lets the transcription of sound without words fail, instead of saying that it is "
        "unintelligible.",
        policy={"fail_unintelligible": True},
    ),
    Switch(
        name="no-rate-limits",
        summary="Never sends rate_limits.updated.",
        policy={"send_rate_limits": False},
        also=dict.fromkeys(
            ("rt.usage.limit-names", "rt.usage.limit-bounds", "rt.usage.limit-reset"),
            "limits that are not told cannot be judged",
        ),
    ),
    Switch(
        name="rate-limits-first",
        summary="Sends rate_limits.updated at the beginning of a response, as the SDK's docstring "
        "has it, instead of behind it.",
        event=_limits_first,
    ),
    Switch(
        name="application-sdp",
        summary="Answers offers as application/sdp.",
        policy={"answer_media_type": "application/sdp"},
    ),
    Switch(
        name="late-transcription",
        summary="Transcribes what was said 300 to 600 ms after it was committed.",
        policy={"latency": Latency(transcription=(0.3, 0.6))},
    ),
    Switch(
        name="large-session-updated",
        summary="Makes session.updated 2 MiB large, and 48 KiB on a data channel.",
        event=_large,
        also=dict.fromkeys(
            (
                "rt.relay.call-no-audio-deltas",
                "rt.relay.call-nothing-lost",
                "rt.relay.caller-heard",
                "rt.relay.caller-hears",
            ),
            "the reference relay passes it on to a data channel, whose peer takes 1 MiB",
        ),
    ),
    Switch(
        name="no-obfuscation",
        summary="Leaves the padding of deltas out.",
        policy={"obfuscate_deltas": False},
    ),
    Switch(
        name="no-silence",
        summary="Sends no RTP while it says nothing (discontinuous transmission).",
        policy={"send_silence": False},
    ),
    Switch(
        name="ping-storm",
        summary="Pings WebSocket clients a hundred times a second.",
        policy={"ping_interval_s": 0.01},
    ),
)
