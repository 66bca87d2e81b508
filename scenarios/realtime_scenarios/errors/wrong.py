"""What the scenarios of ``errors`` send: frames and events, each wrong in one way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realtime_harness.checks import Check
from realtime_scenarios.errors import checks

__all__ = ["EVENTS", "FRAMES", "UNKNOWN", "Wrong"]

UNKNOWN = "nobody.knows.this"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A message that has to be answered with an error."""

    check: Check
    """That it is."""
    message: Mapping[str, Any] | str | bytes
    said: Check | None = None
    """About what the error says."""
    code: str | None = None
    """That it has; any if not given."""
    param: str | None = None
    """That it has; any if not given."""


def _message(**members: Any) -> dict[str, Any]:
    content = [{"type": "input_text", "text": "This is never said."}]
    item = {"type": "message", "role": "user", "content": content, **members}
    return {"type": "conversation.item.create", "item": item}


def _metadata(pairs: Mapping[str, str]) -> dict[str, Any]:
    response = {"output_modalities": ["text"], "metadata": dict(pairs)}
    return {"type": "response.create", "response": response}


FRAMES = (
    Wrong(
        check=checks.NOT_JSON,
        message="Is anybody there?",
        said=checks.NOT_JSON_CODE,
        code="invalid_json",
    ),
    Wrong(check=checks.NOT_JSON, message='{"type": "input_audio_buffer.cl'),
    Wrong(check=checks.EMPTY, message=""),
    Wrong(check=checks.NOT_OBJECT, message="[]"),
    Wrong(check=checks.NOT_OBJECT, message="null"),
    Wrong(check=checks.NOT_OBJECT, message='"response.create"'),
    Wrong(
        check=checks.BINARY,
        message=b'{"type": "input_audio_buffer.commit"}',
        said=checks.BINARY_CODE,
        code="invalid_event",
    ),
    Wrong(check=checks.NO_TYPE, message={"item_id": "item_1"}),
    Wrong(check=checks.TYPE_NOT_TEXT, message={"type": 5}),
    Wrong(
        check=checks.UNKNOWN_TYPE,
        message={"type": UNKNOWN},
        said=checks.UNKNOWN_TYPE_PARAM,
        code="invalid_value",
        param="type",
    ),
    Wrong(
        check=checks.BETA_EVENT,
        message={"type": "transcription_session.update", "session": {}},
    ),
)
"""Frames that hold no event, and events of which nobody knows what they are."""

_MISSING = "missing_required_parameter"

EVENTS = (
    Wrong(
        check=checks.MISSING_FIELD,
        message={"type": "input_audio_buffer.append"},
        said=checks.MISSING_FIELD_PARAM,
        code=_MISSING,
        param="audio",
    ),
    Wrong(
        check=checks.MISSING_FIELD,
        message={"type": "conversation.item.create"},
        said=checks.MISSING_FIELD_PARAM,
        code=_MISSING,
        param="item",
    ),
    Wrong(
        check=checks.MISSING_FIELD,
        message={"type": "conversation.item.delete"},
        said=checks.MISSING_FIELD_PARAM,
        code=_MISSING,
        param="item_id",
    ),
    Wrong(check=checks.WRONG_TYPE, message={"type": "conversation.item.delete", "item_id": 5}),
    Wrong(check=checks.WRONG_TYPE, message={"type": "conversation.item.create", "item": "hello"}),
    Wrong(check=checks.WRONG_TYPE, message={"type": "response.create", "response": "now"}),
    Wrong(check=checks.ITEM_TYPE, message=_message(type="poem")),
    Wrong(check=checks.ROLE, message=_message(role="poet")),
    Wrong(
        check=checks.CONTENT_TYPE,
        message=_message(content=[{"type": "output_text", "text": "This is never said."}]),
    ),
    Wrong(check=checks.METADATA_PAIRS, message=_metadata({f"key{n}": "x" for n in range(17)})),
    Wrong(check=checks.METADATA_KEY, message=_metadata({"k" * 65: "x"})),
    Wrong(check=checks.METADATA_VALUE, message=_metadata({"key": "x" * 513})),
)
"""Events of which it is clear what they are, and not what is in them."""
