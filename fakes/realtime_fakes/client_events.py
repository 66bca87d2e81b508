"""What a client may send: every event with its shape."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson

from realtime_fakes.audience import Event
from realtime_fakes.conversation import ITEM
from realtime_fakes.errors import api_error
from realtime_fakes.input_audio import sound
from realtime_fakes.response import REQUEST
from realtime_fakes.shapes import (
    Refusal,
    Shape,
    integer,
    nullable,
    record,
    tagged,
)

__all__ = [
    "EVENTS",
    "EVENTS_OF_CALLS",
    "EVENTS_OF_TRANSCRIPTIONS",
    "EVENTS_OF_TRANSLATIONS",
    "NAMES",
    "parse",
    "with_further",
]


def _as_is(value: Any) -> Any:
    return value


def _not_in(session_type: str) -> Shape:
    def shape(value: Any) -> Any:
        raise Refusal("not_in_this_session", event=value["type"], current=session_type)

    return shape


def _event(*required: str, **fields: Shape) -> Shape:
    return record({"type": str, "event_id": nullable(str), **fields}, required=required)


# In the order in which the live service lists them (https://github.com/gauravzqa/llmgw
# ``capabilities/captures-ws.md``).
_EVENTS: dict[str, Shape] = {
    # Checked by what it changes: see realtime_fakes.config.
    "session.update": _event("session", session=_as_is),
    "session.close": _not_in("realtime"),
    "input_audio_buffer.append": _event("audio", audio=sound),
    "session.input_audio_buffer.append": _not_in("realtime"),
    "input_audio_buffer.commit": _event(),
    "input_audio_buffer.clear": _event(),
    "conversation.item.create": _event("item", item=ITEM, previous_item_id=nullable(str)),
    "conversation.item.truncate": _event(
        "item_id",
        "content_index",
        "audio_end_ms",
        item_id=str,
        content_index=integer(0, 0),
        audio_end_ms=integer(0),
    ),
    "conversation.item.delete": _event("item_id", item_id=str),
    "conversation.item.retrieve": _event("item_id", item_id=str),
    "response.create": _event(response=nullable(REQUEST)),
    "response.cancel": _event(response_id=nullable(str)),
}

NAMES = tuple(_EVENTS)
"""Of the events that the live service lists. Not all of them are for sessions of our type."""

_CALLS_ONLY = {"output_audio_buffer.clear": _event()}

EVENTS: Shape = tagged("type", _EVENTS)
"""What may come over WebSocket."""

EVENTS_OF_CALLS: Shape = tagged("type", {**_EVENTS, **_CALLS_ONLY})
"""What may come to a call."""


@cache
def with_further(further: tuple[str, ...], *, on_call: bool) -> Shape:
    """Return what may come where the service lists ``further`` events, and refuses them."""
    if not further:
        return EVENTS_OF_CALLS if on_call else EVENTS
    more = dict.fromkeys(further, _not_in("realtime"))
    return tagged("type", {**_EVENTS, **more, **(_CALLS_ONLY if on_call else {})})


_TRANSCRIBES = (
    "session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "conversation.item.delete",
    "conversation.item.retrieve",
)
EVENTS_OF_TRANSCRIPTIONS: Shape = tagged(
    "type",
    {
        name: shape if name in _TRANSCRIBES else _not_in("transcription")
        for name, shape in _EVENTS.items()
    },
)
"""What may come to a session that transcribes."""

EVENTS_OF_TRANSLATIONS: Shape = tagged(
    "type",
    {
        **{name: _not_in("translation") for name in _EVENTS},
        "session.update": _EVENTS["session.update"],
        "session.close": _event(),
        "session.input_audio_buffer.append": _event("audio", audio=sound),
    },
)
"""What may come to a session that translates."""


def parse(frame: str | bytes) -> Event:
    """Return the event in a frame, unchecked but for its being an object.

    Raises:
        ApiError: if there is none.

    """
    if isinstance(frame, bytes):
        raise api_error("binary_frame")
    try:
        event = orjson.loads(frame)
    except orjson.JSONDecodeError as problem:
        raise api_error("invalid_json", reason=str(problem)) from None
    if type(event) is not dict:
        raise api_error("missing_type")
    return event
