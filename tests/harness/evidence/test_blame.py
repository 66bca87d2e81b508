from __future__ import annotations

import json
from typing import Any

import pytest

from realtime_harness.evidence.blame import blamed_field

DONE: dict[str, Any] = {
    "type": "response.done",
    "event_id": "event_1",
    "response": {
        "id": "resp_1",
        "status": "cancelled",
        "status_details": {"type": "cancelled", "reason": "turn_detected"},
        "output": [{"id": "item_1", "status": "cancelled", "content": []}],
        "usage": {
            "input_tokens": 7,
            "input_token_details": {"text_tokens": 7, "audio_tokens": 0},
            "output_token_details": {"text_tokens": 3, "audio_tokens": 0},
        },
    },
}
UPDATED = {
    "type": "session.updated",
    "session": {
        "tools": [],
        "tool_choice": "required",
        "audio": {"input": {"turn_detection": None}, "output": {"voice": "verse", "speed": 1.0}},
    },
}
ERROR = {"message": "No.", "type": "server_error", "code": None, "param": None}
REFUSED = {
    "status": 422,
    "headers": {"content-type": "text/plain", "x-request-id": "req_1"},
    "body": json.dumps({"error": ERROR}),
}
ITEM = {"type": "conversation.item.added", "previous_item_id": "b", "item": {"id": "b"}}


@pytest.mark.parametrize(
    ("check", "reason", "data", "path"),
    [
        pytest.param(
            "rt.x.costs",
            "expected 0 input_token_details.audio_tokens, got 1",
            DONE,
            "response.usage.input_token_details.audio_tokens",
            id="a name of several words",
        ),
        pytest.param(
            "rt.x.why",
            "expected client_cancelled, got turn_detected",
            DONE,
            "response.status_details.reason",
            id="the value that came",
        ),
        pytest.param(
            "rt.x.completed",
            "expected completed, got cancelled",
            DONE,
            "response.status",
            id="the outermost of several",
        ),
        pytest.param(
            "rt.x.speed",
            "expected it to be slower",
            UPDATED,
            "session.audio.output.speed",
            id="check",
        ),
        pytest.param(
            "rt.x.choice",
            "expected {'tools': [], 'tool_choice': 'auto'}, "
            "got {'tools': [], 'tool_choice': 'required'}",
            UPDATED,
            "session.tool_choice",
            id="the member that differs",
        ),
        pytest.param(
            "rt.x.voice",
            "expected {'audio': {'output': {'voice': 'marin'}}}, got "
            "{'audio': {'input': {'turn_detection': None}, "
            "'output': {'voice': 'verse', 'speed': 1.0}}}",
            UPDATED,
            "session.audio.output.voice",
            id="the member deep inside",
        ),
        pytest.param(
            "rt.x.one", "expected status 400, got 422: {}", REFUSED, "status", id="status"
        ),
        pytest.param(
            "rt.x.one",
            'expected status 400, got 422: {"error":{"code":null}}',
            REFUSED,
            "status",
            id="a body names no field",
        ),
        pytest.param(
            "rt.x.media",
            "expected application/json, got text/plain",
            REFUSED,
            "headers.content-type",
            id="header",
        ),
        pytest.param(
            "rt.x.no-audio-code",
            "expected 'invalid_offer', got None",
            REFUSED,
            "body.error.code",
            id="a common value and the check",
        ),
        pytest.param("rt.x.ones", "expected 'a', got None", REFUSED, "", id="a common value"),
        pytest.param("rt.x.first", "expected None, got b", ITEM, "previous_item_id", id="outer id"),
        pytest.param(
            "rt.x.first",
            "expected an error about {'type': 'x', 'event_id': 'y'}, got no answer",
            DONE,
            "",
            id="nothing came",
        ),
        pytest.param(
            "rt.x.request-id",
            "expected a header x-request-id, got none",
            {"status": 200, "headers": {}, "body": json.dumps({"session": {"id": "sess_1"}})},
            "",
            id="what is not there",
        ),
        pytest.param("rt.x.first", "it took too long", DONE, "", id="nothing is said"),
        pytest.param("rt.x.first", "expected {'a', got {'a': ", DONE, "", id="cut off"),
        pytest.param("rt.x.first", "got " + "[" * 5000, DONE, "", id="hostile"),
        pytest.param("rt.x.first", "got 1", {"status": [1] * 9000}, "", id="much"),
    ],
)
def test_the_field_that_a_reason_is_about(check: str, reason: str, data: Any, path: str) -> None:
    assert blamed_field(check, reason, data) == path
