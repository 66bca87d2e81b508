from __future__ import annotations

import copy
from typing import Any

import pytest

from realtime_harness.contract import schemas
from realtime_harness.evidence.entry import Direction

RIGHT = [
    "openai_audio_out_turn",
    "openai_server_vad_turn",
    "openai_sideband_text_turn",
    "openai_tool_call_round",
    "azure_audio_out_turn",
    "azure_sideband_text_turn",
    "azure_tool_call_round",
]

RESPONSE_DONE: dict[str, Any] = {
    "type": "response.done",
    "event_id": "event_1",
    "response": {
        "id": "resp_1",
        "status": "completed",
        "output": [
            {
                "id": "item_1",
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Hi"}],
            },
            {"type": "function_call", "name": "f", "call_id": "call_1", "arguments": "{}"},
        ],
        "usage": {"total_tokens": 3, "input_tokens": 2, "output_tokens": 1},
    },
}

SESSION_CREATED: dict[str, Any] = {
    "type": "session.created",
    "event_id": "event_1",
    "session": {
        "type": "realtime",
        "tools": [{"type": "function", "name": "f"}],
        "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000}}},
    },
}


def changed(event: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return the event with one field set, or removed (``...``)."""
    result = copy.deepcopy(event)
    *steps, last = path.split(".")
    target: Any = result
    for step in steps:
        target = target[int(step) if step.isdigit() else step]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return result


@pytest.mark.parametrize("name", RIGHT)
def test_recorded_events_fit(recordings: Any, name: str) -> None:
    judge = {
        Direction.RECEIVED: schemas.server_event_errors,
        Direction.SENT: schemas.client_event_errors,
    }
    for direction, event in recordings.events(name):
        assert judge[direction](event) == [], event["type"]
        if direction is Direction.RECEIVED:
            assert event["type"] in schemas.server_event_types()


def test_deviations_of_another_vendor_are_named(recordings: Any) -> None:
    found = [
        f"{event['type']} {error.partition(':')[0]}"
        for direction, event in recordings.events("xai_audio_out_turn")
        if direction is Direction.RECEIVED
        for error in schemas.server_event_errors(event)
    ]
    assert found == [
        "session.created session",
        "session.updated session",
        "response.created response.status_details",
        "response.output_item.added item",
        'response.content_part.done "part" is a required property',
        "response.output_item.done item",
        "response.done response.output[0].content[0].type",
        "response.done response.status_details",
    ]


MESSAGES = [
    (RESPONSE_DONE, "event_id", ..., '"event_id" is a required property'),
    (RESPONSE_DONE, "response", "x", 'response: "x" is not of type "object"'),
    (
        RESPONSE_DONE,
        "response.output.1.name",
        3,
        'response.output[1].name: 3 is not of type "string"',
    ),
    (
        RESPONSE_DONE,
        "response.output.0.content.0.type",
        "text",
        'response.output[0].content[0].type: "text" is not one of "output_text" or "output_audio"',
    ),
    (
        RESPONSE_DONE,
        "response.output.0.role",
        "robot",
        "response.output[0].role: 'robot' is none of the known ones",
    ),
    (
        RESPONSE_DONE,
        "response.output.1.type",
        "poem",
        "response.output[1].type: 'poem' is none of the known ones",
    ),
    (
        RESPONSE_DONE,
        "response.output.1.name",
        ...,
        'response.output[1]: "name" is a required property',
    ),
    (SESSION_CREATED, "session.type", ..., 'session: "type" is a required property'),
    (
        SESSION_CREATED,
        "session.audio.input.format.rate",
        16000,
        "session.audio.input.format.rate: 24000 was expected",
    ),
    (
        SESSION_CREATED,
        "session.tools.0.name",
        3,
        'session.tools[0].name: 3 is not of types "null", "string"',
    ),
]


@pytest.mark.parametrize(
    ("event", "path", "value", "message"), MESSAGES, ids=[f"{p}={v}" for _, p, v, _ in MESSAGES]
)
def test_error_says_where_and_what(
    event: dict[str, Any], path: str, value: Any, message: str
) -> None:
    assert schemas.server_event_errors(event) == []
    assert schemas.server_event_errors(changed(event, path, value)) == [message]


def test_long_values_are_cut() -> None:
    event = changed(RESPONSE_DONE, "response.usage", "x" * 10_000)
    (error,) = schemas.server_event_errors(event)
    assert " … " in error
    assert len(error) < 300


def test_fields_nobody_knows_are_tolerated() -> None:
    assert schemas.server_event_errors({**RESPONSE_DONE, "obfuscation": "xyz"}) == []


def test_error_event_without_an_id_of_its_own_is_tolerated() -> None:
    event = {"type": "error", "event_id": None, "error": {"type": "t", "message": "m"}}
    assert schemas.server_event_errors(event) == []


@pytest.mark.parametrize("event_type", ["ping", None, 3, [], {}], ids=repr)
def test_event_of_unknown_type_has_no_schema(event_type: object) -> None:
    assert schemas.server_event_errors({"type": event_type}) == []
    assert schemas.client_event_errors({"type": event_type}) == [
        f"type: {event_type!r} is not a client event"
    ]


def test_client_event() -> None:
    event = {"type": "conversation.item.delete", "item_id": 3}
    assert schemas.client_event_errors(event) == ['item_id: 3 is not of type "string"']


def test_every_event_type_compiles() -> None:
    assert len(schemas.server_event_types()) >= 46
    for event_type in schemas.server_event_types():
        assert schemas.server_event_errors({"type": event_type}) != [], event_type
    for event_type in schemas.client_event_types():
        schemas.client_event_errors({"type": event_type})


TRANSLATION_CREATED: dict[str, Any] = {
    "type": "session.created",
    "event_id": "event_1",
    "session": {
        "type": "translation",
        "id": "sess_1",
        "model": "gpt-realtime-translate",
        "expires_at": 1,
        "audio": {"input": {"transcription": None}, "output": {"language": "es"}},
    },
}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("session.type", "realtime", 'session.type: "translation" was expected'),
        ("session.id", ..., 'session: "id" is a required property'),
        ("session.audio.output.language", 3, "session.audio.output.language: 3 is not of types"),
    ],
    ids=["type", "id", "language"],
)
def test_sessions_that_translate_have_schemas_of_their_own(
    path: str, value: Any, message: str
) -> None:
    assert schemas.server_event_errors(TRANSLATION_CREATED, translating=True) == []
    assert schemas.server_event_errors(TRANSLATION_CREATED) != []
    event = changed(TRANSLATION_CREATED, path, value)
    (error,) = schemas.server_event_errors(event, translating=True)
    assert error.startswith(message)


def test_sessions_that_translate_have_types_of_their_own() -> None:
    closed = {"type": "session.close"}
    assert schemas.client_event_errors(closed, translating=True) == []
    assert schemas.client_event_errors(closed) == ["type: 'session.close' is not a client event"]
    response = {"type": "response.create"}
    assert schemas.client_event_errors(response) == []
    assert schemas.client_event_errors(response, translating=True) != []
    ours, others = (schemas.server_event_types(translating=t) for t in (True, False))
    assert ours & others == {"error", "session.created", "session.updated"}
