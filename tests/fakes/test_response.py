from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from itertools import groupby, pairwise
from typing import Any

import pytest

OpenStage = Any
Event = dict[str, Any]
Message = Callable[..., Event]

RESPOND: Event = {"type": "response.create"}

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


def respond(**response: Any) -> Event:
    return {"type": "response.create", "response": response}


def update(**session: Any) -> Event:
    return {"type": "session.update", "session": {"type": "realtime", **session}}


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
