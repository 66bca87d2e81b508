"""A session that is interrupted: by speech, and by the client."""

from __future__ import annotations

from base64 import b64decode, b64encode
from itertools import pairwise
from typing import Any

import pytest

from realtime_fakes.brain import EchoBrain
from realtime_harness.audio import speech

LONG = "a long story about a fox and a dog and whatever else there is to tell"
RESPOND = {"type": "response.create"}
SILENCE = bytes(48_000)


def append(pcm: bytes) -> dict[str, Any]:
    return {"type": "input_audio_buffer.append", "audio": b64encode(pcm).decode()}


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Return the types of events, repeated ones as one."""
    found: list[str] = []
    for event in events:
        if found[-1:] != [event["type"]]:
            found.append(event["type"])
    return found


def first(events: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(event for event in events if event["type"] == kind)


def of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


def retrieve(stage: Any, item_id: str) -> dict[str, Any]:
    (retrieved,) = stage.send({"type": "conversation.item.retrieve", "item_id": item_id})
    item: dict[str, Any] = retrieved["item"]
    return item


def begin(stage: Any, message: Any, *, interval_s: float = 0.05, until_s: float = 1.3) -> Any:
    """Let an answer begin that takes its time, and return what was seen of it."""
    stage.change(delta_interval_s=interval_s)
    seen = stage.send(message(LONG), RESPOND)
    return seen + stage.advance(until_s)


CLOSING = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
]


@pytest.mark.parametrize("by", ["speech", "client"])
def test_an_answer_is_cut_off(open_stage: Any, message: Any, by: str) -> None:
    stage = open_stage(modality="audio", brain=EchoBrain())
    before = begin(stage, message)
    if by == "speech":
        started, *seen = stage.send(append(SILENCE + speech.encode("stop")))
        assert started["type"] == "input_audio_buffer.speech_started"
        reason = "turn_detected"
    else:
        seen = stage.send({"type": "response.cancel"})
        reason = "client_cancelled"
    assert kinds(seen) == CLOSING
    done = first(seen, "response.done")["response"]
    assert done["status"] == "cancelled"
    assert done["status_details"] == {"type": "cancelled", "reason": reason}
    (item,) = done["output"]
    said = "".join(e["delta"] for e in of(before, "response.output_audio_transcript.delta"))
    assert item["status"] == "incomplete"
    assert item["content"] == [{"type": "output_audio", "transcript": said}]
    heard = b"".join(b64decode(e["delta"]) for e in of(before, "response.output_audio.delta"))
    assert 0 < len(heard) < len(speech.encode("You said: " + LONG))
    tokens = done["usage"]["output_token_details"]["audio_tokens"]
    assert tokens == len(heard) // 48 // 50
    assert retrieve(stage, item["id"]) == item
    assert not [e for e in stage.advance(60) if e["type"].endswith(".delta")]


def test_the_transcript_of_a_long_answer_leads_the_sound(open_stage: Any, message: Any) -> None:
    stage = open_stage(modality="audio", brain=EchoBrain())
    seen = stage.send(message(LONG * 4), RESPOND)
    told_ms = sound_ms = 0.0
    order = []
    for event in seen:
        if event["type"] == "response.output_audio_transcript.delta":
            told_ms += 40 * len(event["delta"])
        elif event["type"] == "response.output_audio.delta":
            sound_ms += len(b64decode(event["delta"])) / 48
        else:
            continue
        order.append(event["type"])
        assert sound_ms <= told_ms + 0.01
    assert sound_ms == pytest.approx(told_ms)
    assert len([True for one, next in pairwise(order) if one != next]) > 10  # they take turns


def test_after_an_interruption_the_new_turn_is_answered(open_stage: Any, message: Any) -> None:
    stage = open_stage(modality="audio", brain=EchoBrain())
    begin(stage, message)
    stage.change(delta_interval_s=0.0)
    seen = stage.send(append(SILENCE + speech.encode("stop") + SILENCE))
    created = of(seen, "response.created")
    assert len(created) == 1
    done = of(seen, "response.done")
    assert [e["response"]["status"] for e in done] == ["cancelled", "completed"]
    assert first(seen, "input_audio_buffer.speech_stopped")
    transcripts = of(seen, "response.output_audio_transcript.done")
    assert transcripts[-1]["transcript"] == "You said: stop"


def test_who_must_not_interrupt_is_not_answered_meanwhile(open_stage: Any, message: Any) -> None:
    detection = {"type": "server_vad", "interrupt_response": False}
    stage = open_stage(modality="audio", audio={"input": {"turn_detection": detection}})
    begin(stage, message)
    seen = stage.send(append(SILENCE + speech.encode("stop") + SILENCE))
    assert kinds(seen) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    (done,) = of(stage.advance(600), "response.done")
    assert done["response"]["status"] == "completed"


def test_an_answer_that_has_not_begun_is_cut_off(open_stage: Any, message: Any) -> None:
    from realtime_fakes.latency import LATENCIES

    stage = open_stage(modality="audio")
    stage.change(latency=LATENCIES["realistic"])
    stage.send(message("hi"), RESPOND)
    seen = stage.send(append(SILENCE + speech.encode("stop")))
    assert kinds(seen)[1:] == ["response.created", "response.done", "rate_limits.updated"]
    assert first(seen, "response.done")["response"]["output"] == []


def test_out_of_band_answers_are_not_cut_off(open_stage: Any, message: Any) -> None:
    stage = open_stage(modality="audio")
    stage.change(delta_interval_s=0.05)
    stage.send(message("hi"), {"type": "response.create", "response": {"conversation": "none"}})
    seen = stage.send(append(SILENCE + speech.encode("stop")))
    assert kinds(seen) == ["input_audio_buffer.speech_started"]
    (done,) = of(stage.advance(60), "response.done")
    assert done["response"]["status"] == "completed"


def test_a_finished_answer_is_not_cancelled_on_a_socket(open_stage: Any, message: Any) -> None:
    stage = open_stage(modality="audio")
    stage.send(message("hi"), RESPOND)
    seen = stage.send(append(SILENCE + speech.encode("stop")))
    assert kinds(seen) == ["input_audio_buffer.speech_started"]
    (error,) = stage.send({"type": "response.cancel"})
    assert error["error"]["code"] == "response_cancel_not_active"


# On a call the sound plays long after the response is done.


def speak(stage: Any, text: str) -> list[dict[str, Any]]:
    """Say something over RTP; return what is seen of that."""
    inbox = stage.received[stage.parties[0].name]
    before = len(inbox)
    sound = speech.encode(text)
    for start in range(0, len(sound), 960):
        stage.carry(stage.session.receive_audio(sound[start : start + 960], stage.now))
    return inbox[before:]


def test_sound_that_still_plays_is_cut_off(open_stage: Any, message: Any) -> None:
    stage = open_stage(on_call=True, modality="audio", brain=EchoBrain())
    answered = stage.send(message(LONG), RESPOND)
    response = first(answered, "response.done")["response"]
    assert response["status"] == "completed"
    item_id = response["output"][0]["id"]
    stage.advance(1.0)
    seen = speak(stage, "stop")
    assert kinds(seen) == [
        "input_audio_buffer.speech_started",
        "output_audio_buffer.cleared",
        "conversation.item.truncated",
    ]
    assert seen[1]["response_id"] == response["id"]
    assert stage.cleared == [response["id"]]
    truncated = {key: seen[2][key] for key in ("item_id", "content_index", "audio_end_ms")}
    assert truncated == {"item_id": item_id, "content_index": 0, "audio_end_ms": 1000}
    # 1 s is 25 letters of tones; the last word of them was not finished.
    assert retrieve(stage, item_id)["content"] == [
        {"type": "output_audio", "transcript": "You said: a long story"}
    ]
    assert not of(stage.advance(60), "output_audio_buffer.stopped")
    usage = first(stage.send(RESPOND), "response.done")["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 1000 // 50


def test_an_answer_is_cut_off_on_a_call(open_stage: Any, message: Any) -> None:
    stage = open_stage(on_call=True, modality="audio", brain=EchoBrain())
    begin(stage, message, until_s=0.3)
    seen = speak(stage, "stop")
    assert kinds(seen)[: len(CLOSING) + 1] == ["input_audio_buffer.speech_started", *CLOSING]
    reason = first(seen, "response.done")["response"]["status_details"]["reason"]
    assert reason == "turn_detected"


def test_what_was_said_before_a_cancel_is_played(open_stage: Any, message: Any) -> None:
    stage = open_stage(on_call=True, modality="audio", brain=EchoBrain())
    before = begin(stage, message, until_s=0.3)
    assert len(stage.played) > 1
    assert kinds(before).count("output_audio_buffer.started") == 1
    seen = stage.send({"type": "response.cancel"})
    assert kinds(seen) == CLOSING
    (item,) = first(seen, "response.done")["response"]["output"]
    (part,) = item["content"]
    assert part["transcript"].startswith("You said: a long")
    assert speech.decode(b"".join(stage.played), 24_000) == part["transcript"]
    assert kinds(stage.advance(60)) == ["output_audio_buffer.stopped"]
    place = {"type": "conversation.item.truncate", "item_id": item["id"], "content_index": 0}
    end_ms = len(b"".join(stage.played)) // 48
    (truncated,) = stage.send({**place, "audio_end_ms": end_ms})
    assert truncated["type"] == "conversation.item.truncated"
    assert retrieve(stage, item["id"])["content"] == [part]


@pytest.mark.parametrize("interval_s", [0.01, 2.0])
def test_sound_keeps_step_with_the_words(open_stage: Any, message: Any, interval_s: float) -> None:
    stage = open_stage(on_call=True, modality="audio", brain=EchoBrain())
    seen = begin(stage, message, interval_s=interval_s, until_s=90)
    assert speech.decode(b"".join(stage.played), 24_000) == "You said: " + LONG
    assert len(stage.played) == len(of(seen, "response.output_audio_transcript.delta"))
    buffer = [kind for kind in kinds(seen) if kind.startswith("output_audio_buffer.")]
    assert buffer == ["output_audio_buffer.started", "output_audio_buffer.stopped"]


def test_what_waits_behind_the_sound_is_cut_off_whole(open_stage: Any, message: Any) -> None:
    stage = open_stage(on_call=True, modality="audio", brain=EchoBrain())
    stage.send(message("one"), RESPOND)
    stage.send(message("two"), RESPOND)
    stage.advance(0.1)
    truncated = of(speak(stage, "stop"), "conversation.item.truncated")
    assert [event["audio_end_ms"] for event in truncated] == [100, 0]
    assert retrieve(stage, truncated[1]["item_id"])["content"][0]["transcript"] == ""


def test_what_was_played_is_not_cut_off(open_stage: Any, message: Any) -> None:
    stage = open_stage(on_call=True, modality="audio", brain=EchoBrain())
    stage.send(message("hi"), RESPOND)
    assert kinds(stage.advance(60)) == ["output_audio_buffer.stopped"]
    assert kinds(speak(stage, "more")) == ["input_audio_buffer.speech_started"]


def test_without_leave_to_interrupt_the_sound_plays_on(open_stage: Any, message: Any) -> None:
    detection = {"type": "server_vad", "interrupt_response": False}
    stage = open_stage(
        on_call=True, modality="audio", audio={"input": {"turn_detection": detection}}
    )
    stage.send(message("hi"), RESPOND)
    assert kinds(speak(stage, "stop")) == ["input_audio_buffer.speech_started"]
    assert stage.cleared == []


def test_clearing_by_the_client_does_not_shorten_the_item(open_stage: Any, message: Any) -> None:
    stage = open_stage(on_call=True, modality="audio")
    item_id = first(stage.send(message("hi"), RESPOND), "response.output_item.done")["item"]["id"]
    assert kinds(stage.send({"type": "output_audio_buffer.clear"})) == [
        "output_audio_buffer.cleared"
    ]
    assert retrieve(stage, item_id)["content"][0]["transcript"] == "You said: hi"


TRUNCATIONS = {
    "to nothing": (0, ""),
    "amid the first word": (100, ""),
    "behind a word": (360, "You said:"),
    "amid a letter": (519, "You said:"),
    "at the end of a word": (520, "You said: one"),
    "to its end": (680, "You said: one two"),
}


@pytest.mark.parametrize(("end_ms", "words"), TRUNCATIONS.values(), ids=TRUNCATIONS)
def test_the_client_says_what_was_heard(
    open_stage: Any, message: Any, end_ms: int, words: str
) -> None:
    stage = open_stage(modality="audio", brain=EchoBrain())
    seen = stage.send(message("one two"), RESPOND)
    item_id = first(seen, "response.output_item.done")["item"]["id"]
    place = {"item_id": item_id, "content_index": 0}
    (truncated,) = stage.send(
        {"type": "conversation.item.truncate", "audio_end_ms": end_ms, **place}
    )
    assert truncated["type"] == "conversation.item.truncated"
    assert retrieve(stage, item_id)["content"][0]["transcript"] == words
    (error,) = stage.send(
        {"type": "conversation.item.truncate", "audio_end_ms": end_ms + 1, **place}
    )
    assert error["type"] == "error"
