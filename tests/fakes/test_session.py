from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from itertools import groupby
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime_fakes.audience import Role
from realtime_fakes.client_events import NAMES

OpenStage = Any
Event = dict[str, Any]
Message = Callable[..., Event]

RESPOND: Event = {"type": "response.create"}
COMMIT: Event = {"type": "input_audio_buffer.commit"}
HALF_SECOND = b64encode(bytes(24_000)).decode()


def kinds(events: list[Event]) -> list[str]:
    """Return the types in order, repeated deltas as one."""
    return [kind for kind, _ in groupby(event["type"] for event in events)]


def first(events: list[Event], kind: str) -> Event:
    return next(event for event in events if event["type"] == kind)


def append(audio: str = HALF_SECOND) -> Event:
    return {"type": "input_audio_buffer.append", "audio": audio}


def respond(**response: Any) -> Event:
    return {"type": "response.create", "response": response}


def update(**session: Any) -> Event:
    return {"type": "session.update", "session": {"type": "realtime", **session}}


def about(kind: str, item_id: str, **more: Any) -> Event:
    return {"type": f"conversation.item.{kind}", "item_id": item_id, **more}


def create(item_id: str, **more: Any) -> Event:
    content = [{"type": "input_text", "text": item_id}]
    item = {"id": item_id, "type": "message", "role": "user", "content": content}
    return {"type": "conversation.item.create", "item": item, **more}


# Greeting and audience


def test_a_primary_is_greeted_and_a_sideband_is_not(open_stage: OpenStage) -> None:
    stage = open_stage(on_call=True)
    stage.join(Role.SIDEBAND, "sideband")
    assert kinds(stage.received["client"]) == ["session.created"]
    assert stage.received["client"][0]["session"] == stage.session.config
    assert stage.received["sideband"] == []


def test_a_sideband_may_be_greeted_by_policy(open_stage: OpenStage) -> None:
    stage = open_stage(on_call=True)
    stage.change(greet_sidebands=True)
    stage.join(Role.SIDEBAND, "sideband")
    assert kinds(stage.received["sideband"]) == ["session.created"]
    assert kinds(stage.received["client"]) == ["session.created"]


def test_what_a_sideband_does_is_answered_to_all(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(on_call=True)
    sideband = stage.join(Role.SIDEBAND, "sideband")
    answered = stage.send(message("hello"), RESPOND, by=sideband)
    assert answered == stage.received["client"][1:]


def test_an_error_goes_to_its_causer_alone(open_stage: OpenStage) -> None:
    stage = open_stage(on_call=True)
    sideband = stage.join(Role.SIDEBAND, "sideband")
    other = stage.join(Role.SIDEBAND, "sideband-2")
    (error,) = stage.send({"type": "nope"}, by=sideband)
    assert error["type"] == "error"
    assert stage.received[other.name] == []
    assert kinds(stage.received["client"]) == ["session.created"]
    stage.change(broadcast_errors=True)
    stage.send({"type": "nope"}, by=sideband)
    assert kinds(stage.received[other.name]) == ["error"]


def test_the_session_ends_with_its_primary_socket(open_stage: OpenStage) -> None:
    stage = open_stage()
    stage.session.detach(stage.parties[0], stage.now)
    assert stage.session.ended
    assert stage.session.next_timer() is None
    assert stage.send(RESPOND) == []
    assert stage.session.on_timer(stage.now) == []


def test_a_call_outlives_its_sidebands(open_stage: OpenStage) -> None:
    stage = open_stage(on_call=True)
    sideband = stage.join(Role.SIDEBAND, "sideband")
    stage.session.detach(sideband, stage.now)
    assert not stage.session.ended
    assert stage.session.attachments == [stage.parties[0]]


# Input audio


def test_a_commit_makes_an_item(open_stage: OpenStage) -> None:
    stage = open_stage()
    assert stage.send(append(), append()) == []
    committed, added, done = stage.send(COMMIT)
    assert committed["type"] == "input_audio_buffer.committed"
    assert committed["previous_item_id"] is None
    assert added["item"] == {
        "id": committed["item_id"],
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_audio", "transcript": None}],
    }
    assert done["item"] == added["item"]
    usage = first(stage.send(RESPOND), "response.done")["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 10
    (retrieved,) = stage.send(about("retrieve", committed["item_id"]))
    assert b64decode(retrieved["item"]["content"][0]["audio"]) == bytes(48_000)


@pytest.mark.parametrize(("size", "found"), [(0, "0.00"), (4798, "99.96")])
def test_a_commit_needs_100_ms(open_stage: OpenStage, size: int, found: str) -> None:
    stage = open_stage()
    stage.send(append(b64encode(bytes(size)).decode()))
    (error,) = stage.send(COMMIT)
    assert error["error"]["code"] == "input_audio_buffer_commit_empty"
    assert error["error"]["message"] == (
        "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
        f"but buffer only has {found}ms of audio."
    )


def test_clear_empties_the_buffer(open_stage: OpenStage) -> None:
    stage = open_stage()
    (cleared,) = stage.send(append(), {"type": "input_audio_buffer.clear"})
    assert cleared["type"] == "input_audio_buffer.cleared"
    assert kinds(stage.send(COMMIT)) == ["error"]


# Expiry


@pytest.mark.parametrize("on_call", [False, True])
def test_a_session_lasts_an_hour(open_stage: OpenStage, on_call: bool) -> None:
    stage = open_stage(on_call=on_call)
    assert stage.advance(3599) == []
    (error,) = stage.advance(1)
    assert error["error"] == {
        "type": "invalid_request_error",
        "code": "session_expired",
        "message": "Your session hit the maximum duration of 60 minutes.",
        "param": None,
        "event_id": None,
    }
    assert stage.closed is not None
    assert stage.closed.code == 1001
    assert stage.session.ended
    assert stage.session.next_timer() is None


# Refusals

SUPPORTED = (
    "'session.update', 'session.close', 'input_audio_buffer.append', "
    "'session.input_audio_buffer.append', 'input_audio_buffer.commit', "
    "'input_audio_buffer.clear', 'conversation.item.create', 'conversation.item.truncate', "
    "'conversation.item.delete', 'conversation.item.retrieve', 'response.create', "
    "and 'response.cancel'"
)


@pytest.mark.parametrize(
    ("frame", "code", "param", "message"),
    [
        pytest.param(
            b"\x00",
            "invalid_event",
            None,
            "Expected a text WebSocket message; binary frames are not supported.",
            id="binary",
        ),
        pytest.param("{", "invalid_json", None, None, id="not-json"),
        pytest.param("\ud800", "invalid_json", None, None, id="not-unicode"),
        pytest.param(
            "[]", "invalid_event", None, "The 'type' field is missing.", id="not-an-object"
        ),
        pytest.param("{}", "invalid_event", None, "The 'type' field is missing.", id="no-type"),
        pytest.param(
            {"type": "nope"},
            "invalid_value",
            "type",
            f"Invalid value: 'nope'. Supported values are: {SUPPORTED}.",
            id="unknown-type",
        ),
        pytest.param({"type": []}, "invalid_type", "type", None, id="type-is-a-list"),
        pytest.param(
            {"type": "output_audio_buffer.clear"}, "invalid_value", "type", None, id="not-a-call"
        ),
        pytest.param({"type": "session.close"}, "invalid_value", "type", None, id="translation"),
        pytest.param({**RESPOND, "bogus": 1}, "unknown_parameter", "bogus", None, id="field"),
        pytest.param({**RESPOND, "event_id": 7}, "invalid_type", "event_id", None, id="event-id"),
        pytest.param(
            {"type": "session.update"},
            "missing_required_parameter",
            "session",
            "Missing required parameter: 'session'.",
            id="no-session",
        ),
        pytest.param(
            {"type": "session.update", "session": {"instructions": "x"}},
            "missing_required_parameter",
            "session.type",
            "Missing required parameter: 'session.type'.",
            id="no-session-type",
        ),
        pytest.param(
            update(temperature=1),
            "unknown_parameter",
            "session.temperature",
            "Unknown parameter: 'session.temperature'.",
            id="temperature",
        ),
        pytest.param(update(model="gpt-4o"), "invalid_value", "session.model", None, id="model"),
        pytest.param(append("!"), "invalid_value", "audio", None, id="not-base64"),
        pytest.param(
            {
                "type": "conversation.item.create",
                "item": {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_audio", "audio": ""}],
                },
            },
            "invalid_value",
            "item.content[0].type",
            "Invalid value: 'output_audio'. Supported values are: 'output_text'.",
            id="assistant-audio",
        ),
        pytest.param(
            create("x", previous_item_id="nope"),
            "item_create_invalid_previous_item_id",
            "previous_item_id",
            None,
            id="unknown-predecessor",
        ),
        pytest.param(
            create("seed"),
            "item_create_duplicate_item_id",
            None,
            "Error adding item: an item with id 'seed' already exists.",
            id="duplicate-item",
        ),
        pytest.param(
            about("delete", "yo"),
            "item_delete_invalid_item_id",
            None,
            "Error deleting item: the item with id 'yo' does not exist.",
            id="delete",
        ),
        pytest.param(
            about("retrieve", "non_existent_item"),
            "item_retrieve_invalid_item_id",
            None,
            "Error retrieving item: the item with id 'non_existent_item' does not exist.",
            id="retrieve",
        ),
        pytest.param(
            about("truncate", "yo", content_index=0, audio_end_ms=0),
            "item_truncate_invalid_item_id",
            None,
            "Error truncating item: the item with id 'yo' does not exist.",
            id="truncate",
        ),
        pytest.param(
            about("truncate", "seed", content_index=0, audio_end_ms=0),
            None,
            None,
            "Only model output audio messages can be truncated",
            id="truncate-text",
        ),
        pytest.param(
            {"type": "response.cancel"}, "response_cancel_not_active", None, None, id="cancel"
        ),
        pytest.param(
            respond(input=[{"type": "item_reference", "id": "nope"}]),
            "item_reference_invalid_item_id",
            "response.input",
            None,
            id="reference",
        ),
        pytest.param(
            respond(modalities=["text"]),
            "unknown_parameter",
            "response.modalities",
            None,
            id="beta-response",
        ),
        pytest.param(
            respond(metadata={"k": "v" * 513}),
            "string_above_max_length",
            "response.metadata.k",
            None,
            id="metadata",
        ),
    ],
)
def test_refusals(
    open_stage: OpenStage,
    frame: Any,
    code: str | None,
    param: str | None,
    message: str | None,
) -> None:
    stage = open_stage()
    stage.send(create("seed"))
    before = (stage.session.config, stage.session.describe())
    raw = orjson.dumps(frame).decode() if isinstance(frame, dict) else frame
    (event,) = stage.frames(raw)
    assert event["type"] == "error"
    assert event["event_id"].startswith("event_")
    error = event["error"]
    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", code, param)
    assert message is None or error["message"] == message
    assert (stage.session.config, stage.session.describe()) == before


def test_an_error_names_the_event_that_caused_it(open_stage: OpenStage) -> None:
    stage = open_stage()
    (event,) = stage.send({"type": "nope", "event_id": "mine"})
    assert event["error"]["event_id"] == "mine"


def test_a_model_change_may_be_accepted_by_policy(open_stage: OpenStage) -> None:
    stage = open_stage()
    stage.change(accept_model_change=True)
    (updated,) = stage.send(update(model="gpt-realtime-2.1"))
    assert updated["session"]["model"] == "gpt-realtime-2.1"


# Anything at all

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
PARTS: dict[str, Any] = {
    "type": st.sampled_from([*NAMES, "message", "function_call", "item_reference", "realtime"]),
    "event_id": st.text(max_size=4),
    "role": st.sampled_from(["user", "system", "assistant"]),
    "id": st.sampled_from(["a", "b"]),
    "item_id": st.sampled_from(["a", "b"]),
    "previous_item_id": st.sampled_from(["root", "a", "nope"]),
    "audio": st.sampled_from(["AAAA", HALF_SECOND, "!"]) | JSON,
    "content": st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from(["input_text", "input_audio", "output_text"])},
            optional={"text": st.text(max_size=20), "audio": st.just("AAAA")},
        ),
        max_size=2,
    ),
    "output_modalities": st.sampled_from([["text"], ["audio"], ["text", "audio"], []]),
    "content_index": st.integers(0, 1),
    "audio_end_ms": st.integers(0, 3000),
    "call_id": st.text(max_size=4),
    "output": st.text(max_size=4),
    "conversation": st.sampled_from(["auto", "none"]),
}
SOME = {key: strategy | JSON for key, strategy in PARTS.items() if key != "type"}
BODY = st.fixed_dictionaries({}, optional={**PARTS, "tools": JSON, "metadata": JSON})
EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from(NAMES)},
    optional={
        **SOME,
        "session": BODY | JSON,
        "item": BODY | JSON,
        "response": BODY | JSON,
    },
)
FRAMES = st.lists(
    (EVENT | JSON).map(orjson.dumps).map(bytes.decode) | st.text() | st.binary(), max_size=6
)


@given(frames=FRAMES, on_call=st.booleans(), interval=st.sampled_from([0.0, 0.1]))
@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_frame_raises_and_no_refused_frame_changes_anything(
    open_stage: OpenStage, frames: list[Any], on_call: bool, interval: float
) -> None:
    stage = open_stage(on_call=on_call)
    stage.change(delta_interval_s=interval)
    for frame in frames:
        before = (stage.session.config, stage.session.describe(), stage.session.next_timer())
        answered = stage.frames(frame)
        if any(event["type"] == "error" for event in answered):
            assert len(answered) == 1
            after = (stage.session.config, stage.session.describe(), stage.session.next_timer())
            assert after == before
        stage.advance(0.05)
