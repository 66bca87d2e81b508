from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from itertools import groupby, pairwise
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime_fakes.audience import Role
from realtime_fakes.session import EVENTS

OpenStage = Any
Event = dict[str, Any]
Message = Callable[..., Event]

RESPOND: Event = {"type": "response.create"}
COMMIT: Event = {"type": "input_audio_buffer.commit"}
HALF_SECOND = b64encode(bytes(24_000)).decode()

OPENING = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
]
CLOSING = [
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
]
TEXT_TURN = [*OPENING, "response.output_text.delta", "response.output_text.done", *CLOSING]


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


def previous(events: list[Event]) -> list[str | None]:
    return [event["previous_item_id"] for event in events if "previous_item_id" in event]


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


# Text turns


def test_a_text_turn_has_the_recorded_order(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage()
    answered = stage.send(message("hello"), RESPOND)
    assert kinds(answered) == [
        "conversation.item.added",
        "conversation.item.done",
        *TEXT_TURN,
    ]
    assert len({event["event_id"] for event in answered}) == len(answered)
    deltas = [e for e in answered if e["type"] == "response.output_text.delta"]
    assert [delta["delta"] for delta in deltas] == ["You", " said:", " hello"]
    assert all((len(d["delta"]) + len(d["obfuscation"])) % 16 == 0 for d in deltas)
    done = first(answered, "response.done")["response"]
    assert done["status"] == "completed"
    assert done["output"][0]["content"] == [{"type": "output_text", "text": "You said: hello"}]
    assert first(answered, "response.output_text.done")["text"] == "You said: hello"


def test_text_costs_no_audio_and_history_is_paid_again(
    open_stage: OpenStage, message: Message
) -> None:
    stage = open_stage(instructions="Be brief.")
    turns = [stage.send(message("hello"), RESPOND) for _ in range(3)]
    bills = [first(turn, "response.done")["response"]["usage"] for turn in turns]
    for bill in bills:
        assert bill["input_token_details"]["audio_tokens"] == 0
        assert bill["output_token_details"]["audio_tokens"] == 0
        assert bill["total_tokens"] == bill["input_tokens"] + bill["output_tokens"]
    # Each turn adds the answer before it and one user message of two words' worth and one.
    for before, after in pairwise(bills):
        assert after["input_tokens"] == before["input_tokens"] + before["output_tokens"] + 3
    limits = first(turns[0], "rate_limits.updated")["rate_limits"][0]
    assert limits["remaining"] == limits["limit"] - bills[0]["total_tokens"]


def test_a_silent_track_costs_nothing(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(on_call=True)
    for _ in range(50):
        assert stage.session.receive_audio(bytes(960), stage.now) == []
    bill = first(stage.send(message("hello"), RESPOND), "response.done")["response"]["usage"]
    assert bill["input_token_details"]["audio_tokens"] == 0
    assert stage.session.describe()["input_audio_ms"] == 1000


def test_a_response_may_differ_from_the_session(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(modality="audio")
    answered = stage.send(
        message("hello"),
        respond(output_modalities=["text"], metadata={"a": "b"}, instructions=None),
    )
    created = first(answered, "response.created")["response"]
    assert created["output_modalities"] == ["text"]
    assert created["metadata"] == {"a": "b"}
    assert first(answered, "response.done")["response"]["metadata"] == {"a": "b"}


def test_an_answer_may_be_cut_short(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage()
    answered = stage.send(message("one two three"), respond(max_output_tokens=6))
    done = first(answered, "response.done")["response"]
    assert done["status"] == "incomplete"
    assert done["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
    assert done["output"][0]["status"] == "incomplete"
    assert done["output"][0]["content"][0]["text"] == "You said: one"
    assert done["usage"]["output_tokens"] <= 6


def test_a_long_answer_has_a_bounded_number_of_deltas(
    open_stage: OpenStage, message: Message
) -> None:
    stage = open_stage()
    answered = stage.send(message("a " * 500), RESPOND)
    deltas = [e["delta"] for e in answered if e["type"] == "response.output_text.delta"]
    assert len(deltas) <= 64
    assert "".join(deltas) == first(answered, "response.output_text.done")["text"]


def test_out_of_band_leaves_the_conversation_alone(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage()
    item_id = stage.send(message("hello"))[0]["item"]["id"]
    before = stage.session.describe()["items"]
    said = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "aside"}],
    }
    answered = stage.send(
        respond(conversation="none", input=[{"type": "item_reference", "id": item_id}, said])
    )
    assert kinds(answered) == [k for k in TEXT_TURN if not k.startswith("conversation.item")]
    assert first(answered, "response.created")["response"]["conversation_id"] is None
    assert first(answered, "response.output_text.done")["text"] == "You said: aside"
    assert stage.session.describe()["items"] == before


def test_an_empty_context_is_not_the_conversation(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(instructions="")
    answered = stage.send(message("hello"), respond(input=[]))
    assert first(answered, "response.done")["response"]["usage"]["input_tokens"] == 0
    assert first(answered, "response.output_text.done")["text"] == "I heard you."


# Audio turns


def test_an_audio_turn_over_websocket(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(modality="audio")
    answered = stage.send(message("hello"), RESPOND)[2:]
    assert kinds(answered) == [
        *OPENING,
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        *CLOSING,
    ]
    deltas = [e for e in answered if e["type"] == "response.output_audio.delta"]
    assert all("obfuscation" not in delta for delta in deltas)
    pcm = b"".join(b64decode(delta["delta"]) for delta in deltas)
    assert len(pcm) == 15 * 4800
    assert [len(b64decode(delta["delta"])) for delta in deltas] == [9600] * 7 + [4800]
    usage = first(answered, "response.done")["response"]["usage"]
    assert usage["output_token_details"] == {"text_tokens": 10, "audio_tokens": 30}
    assert stage.played == []


def test_what_was_spoken_is_input_again(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(modality="audio")
    stage.send(message("hello"), RESPOND)
    usage = first(stage.send(message("x"), RESPOND), "response.done")["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 30


def test_sound_leaves_in_the_format_of_the_session(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(modality="audio", audio={"output": {"format": {"type": "audio/pcmu"}}})
    answered = stage.send(message("hello"), RESPOND)
    deltas = [e["delta"] for e in answered if e["type"] == "response.output_audio.delta"]
    assert len(b"".join(map(b64decode, deltas))) == 15 * 800


def test_an_audio_turn_on_a_call(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(on_call=True, modality="audio")
    answered = stage.send(message("hello"), RESPOND)[2:]
    assert kinds(answered) == [
        *OPENING,
        "response.output_audio_transcript.delta",
        "output_audio_buffer.started",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        *CLOSING,
    ]
    assert [len(pcm) for pcm in stage.played] == [15 * 4800]
    response_id = answered[0]["response"]["id"]
    assert stage.advance(1.4) == []
    (stopped,) = stage.advance(0.2)
    assert stopped["type"] == "output_audio_buffer.stopped"
    assert stopped["response_id"] == response_id


def test_playing_can_be_stopped_by_the_client(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(on_call=True, modality="audio")
    response_id = stage.send(message("hello"), RESPOND)[2]["response"]["id"]
    (cleared,) = stage.send({"type": "output_audio_buffer.clear"})
    assert (cleared["type"], cleared["response_id"]) == ("output_audio_buffer.cleared", response_id)
    assert stage.cleared == [response_id]
    assert stage.advance(5) == []


def test_the_voice_is_fixed_once_it_was_heard(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(modality="audio")
    assert kinds(stage.send(update(audio={"output": {"voice": "ash"}}))) == ["session.updated"]
    stage.send(message("hello"), RESPOND)
    assert kinds(stage.send(update(audio={"output": {"voice": "ash"}}))) == ["session.updated"]
    for event in (
        update(audio={"output": {"voice": "sage"}}),
        respond(audio={"output": {"voice": "sage"}}),
    ):
        (error,) = stage.send(event)
        assert error["error"]["code"] == "cannot_update_voice"


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


# Items


def create(item_id: str, **more: Any) -> Event:
    content = [{"type": "input_text", "text": item_id}]
    item = {"id": item_id, "type": "message", "role": "user", "content": content}
    return {"type": "conversation.item.create", "item": item, **more}


def test_items_that_follow_each_other(open_stage: OpenStage) -> None:
    stage = open_stage()
    # The ``done`` of the second item hides its predecessor, in every recording.
    assert previous(stage.send(create("a"))) == [None, None]
    assert previous(stage.send(create("b"))) == ["a", None]
    assert previous(stage.send(create("c"))) == ["b", "b"]
    assert stage.session.describe()["items"] == ["a", "b", "c"]


def test_the_predecessor_may_be_shown_by_policy(open_stage: OpenStage) -> None:
    stage = open_stage()
    stage.change(hide_second_predecessor=False)
    stage.send(create("a"))
    assert previous(stage.send(create("b"))) == ["a", "a"]


def test_items_that_are_inserted(open_stage: OpenStage) -> None:
    stage = open_stage()
    stage.send(create("a"))
    assert previous(stage.send(create("b", previous_item_id="a"))) == ["a", "a"]
    assert previous(stage.send(create("c", previous_item_id="a"))) == ["a", "a"]
    assert previous(stage.send(create("d", previous_item_id="root"))) == [None, None]
    assert previous(stage.send(create("e", previous_item_id=""))) == ["b", "b"]
    assert stage.session.describe()["items"] == ["d", "a", "c", "b", "e"]


def test_items_after_one_was_deleted(open_stage: OpenStage) -> None:
    stage = open_stage()
    stage.send(create("a"), create("b"), create("c"))
    assert kinds(stage.send(about("delete", "b"))) == ["conversation.item.deleted"]
    assert previous(stage.send(create("d", previous_item_id="a"))) == ["a", "a"]
    assert stage.session.describe()["items"] == ["a", "d", "c"]
    stage.send(about("delete", "c"), about("delete", "d"), about("delete", "a"))
    assert previous(stage.send(create("e"))) == [None, None]


def test_deleted_items_cost_nothing(open_stage: OpenStage) -> None:
    stage = open_stage(instructions="")
    stage.send(create("a"), create("b"), about("delete", "b"))
    usage = first(stage.send(RESPOND), "response.done")["response"]["usage"]
    assert usage["input_tokens"] == 3


def test_an_item_may_lose_its_id_by_policy(open_stage: OpenStage) -> None:
    stage = open_stage()
    stage.change(keep_client_item_ids=False)
    added = stage.send(create("a"))[0]
    assert added["item"]["id"].startswith("item_")


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        pytest.param(
            {"type": "message", "role": "system", "content": []},
            {"type": "message", "status": "completed", "role": "system", "content": []},
            id="system",
        ),
        pytest.param(
            {
                "type": "message",
                "role": "assistant",
                "object": "realtime.item",
                "status": "completed",
                "content": [{"type": "output_text", "text": "x"}],
            },
            {
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "x"}],
            },
            id="assistant",
        ),
        pytest.param(
            {
                "type": "message",
                "role": "user",
                "content": [
                    {"type": "input_audio", "audio": HALF_SECOND},
                    {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
                ],
            },
            {
                "type": "message",
                "status": "completed",
                "role": "user",
                "content": [
                    {"type": "input_audio", "transcript": None},
                    {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
                ],
            },
            id="user",
        ),
        pytest.param(
            {"type": "function_call", "name": "f", "call_id": "call_1", "arguments": "{}"},
            {
                "type": "function_call",
                "status": "completed",
                "name": "f",
                "call_id": "call_1",
                "arguments": "{}",
            },
            id="function-call",
        ),
        pytest.param(
            {"type": "function_call_output", "call_id": "call_1", "output": "12"},
            {"type": "function_call_output", "call_id": "call_1", "output": "12"},
            id="function-call-output",
        ),
    ],
)
def test_every_kind_of_item_is_shown_as_recorded(
    open_stage: OpenStage, item: Event, shown: Event
) -> None:
    stage = open_stage()
    added, done = stage.send({"type": "conversation.item.create", "item": item})
    item_id = added["item"].pop("id")
    assert item_id.startswith("item_")
    assert added["item"] == shown
    assert done["item"] == {"id": item_id, **shown}


def test_spoken_answers_can_be_truncated(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(modality="audio")
    answered = stage.send(message("one two"), RESPOND)
    item_id = first(answered, "response.output_item.done")["item"]["id"]
    (truncated,) = stage.send(about("truncate", item_id, content_index=0, audio_end_ms=850))
    assert truncated["type"] == "conversation.item.truncated"
    assert (truncated["content_index"], truncated["audio_end_ms"]) == (0, 850)
    (retrieved,) = stage.send(about("retrieve", item_id))
    assert retrieved["item"]["content"] == [{"type": "output_audio", "transcript": "You said:"}]
    usage = first(stage.send(RESPOND), "response.done")["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 17
    (error,) = stage.send(about("truncate", item_id, content_index=0, audio_end_ms=851))
    assert error["error"]["message"] == "Audio content of 850ms is already shorter than 851ms"


# Responses that take their time


def test_a_paced_response_takes_its_time(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage()
    stage.change(delta_interval_s=0.5)
    assert kinds(stage.send(message("hello"), RESPOND)[2:]) == [
        *OPENING,
        "response.output_text.delta",
    ]
    assert kinds(stage.advance(0.5)) == ["response.output_text.delta"]
    assert kinds(stage.advance(5)) == [
        "response.output_text.delta",
        "response.output_text.done",
        *CLOSING,
    ]


def test_only_one_response_at_a_time(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage()
    stage.change(delta_interval_s=0.5)
    response_id = stage.send(message("hello"), RESPOND)[2]["response"]["id"]
    (error,) = stage.send({**RESPOND, "event_id": "mine"})
    assert error["error"]["code"] == "conversation_already_has_active_response"
    assert response_id in error["error"]["message"]
    assert error["error"]["event_id"] == "mine"
    assert kinds(stage.send(respond(conversation="none")))[0] == "response.created"
    stage.advance(5)
    assert kinds(stage.send(RESPOND))[0] == "response.created"


@pytest.mark.parametrize("named", [False, True])
def test_a_response_can_be_cancelled(open_stage: OpenStage, message: Message, named: bool) -> None:
    stage = open_stage()
    stage.change(delta_interval_s=0.5)
    response_id = stage.send(message("hello"), RESPOND)[2]["response"]["id"]
    stage.advance(0.6)
    cancel = {"type": "response.cancel", **({"response_id": response_id} if named else {})}
    answered = stage.send(cancel)
    assert kinds(answered) == ["response.output_text.done", *CLOSING]
    done = first(answered, "response.done")["response"]
    assert done["status"] == "cancelled"
    assert done["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert done["output"][0]["status"] == "incomplete"
    assert done["output"][0]["content"][0]["text"] == "You said:"
    assert stage.advance(5) == []
    (error,) = stage.send(cancel)
    assert error["error"]["code"] == "response_cancel_not_active"
    assert error["error"]["message"] == "Cancellation failed: no active response found"


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
    "type": st.sampled_from([*EVENTS, "message", "function_call", "item_reference", "realtime"]),
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
    {"type": st.sampled_from([*EVENTS])},
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
    deadline=None,
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
