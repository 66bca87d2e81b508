"""A session that hears: what is said to it, in sound, and what it makes of that."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import pytest

from realtime_fakes.audience import Role
from realtime_fakes.brain import EchoBrain
from realtime_fakes.input_audio import coded
from realtime_harness.audio import speech

SILENCE = bytes(48 * 1000)
WHISPER = {"model": "gpt-realtime-whisper"}
TRANSCRIPTION = "conversation.item.input_audio_transcription."
MANUAL: dict[str, Any] = {"audio": {"input": {"turn_detection": None}}}


def listening(**detection: Any) -> dict[str, Any]:
    return {"audio": {"input": {"turn_detection": {"type": "server_vad", **detection}}}}


def append(pcm: bytes, format: str = "audio/pcm") -> dict[str, Any]:
    audio = b64encode(coded(pcm, format)).decode()
    return {"type": "input_audio_buffer.append", "audio": audio}


def saying(text: str) -> list[dict[str, Any]]:
    """Return the appends of a client that streams: silence, speech, silence, 100 ms each."""
    sound = SILENCE + speech.encode(text) + SILENCE
    return [append(sound[start : start + 4800]) for start in range(0, len(sound), 4800)]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Return the types of events, repeated deltas as one."""
    found: list[str] = []
    for event in events:
        if not (found and found[-1] == event["type"] and event["type"].endswith(".delta")):
            found.append(event["type"])
    return found


def only(events: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (event,) = [event for event in events if event["type"] == kind]
    return event


def transcript(events: list[dict[str, Any]]) -> str:
    transcript: str = only(events, "response.output_audio_transcript.done")["transcript"]
    return transcript


@pytest.fixture
def stage(open_stage: Any) -> Any:
    return open_stage(modality="audio", audio={"input": {"transcription": WHISPER}})


def test_a_spoken_turn(stage: Any) -> None:
    seen = stage.send(*saying("Good morning!"))
    assert kinds(seen) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        TRANSCRIPTION + "delta",
        TRANSCRIPTION + "completed",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    started, stopped, committed, added, done = seen[:5]
    assert started["audio_start_ms"] == 700
    assert stopped["audio_end_ms"] == 1000 + 40 * len("Good morning!") + 200
    assert started["item_id"] == stopped["item_id"] == committed["item_id"] == added["item"]["id"]
    assert done["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    completed = only(seen, TRANSCRIPTION + "completed")
    assert completed["transcript"] == "Good morning!"
    assert completed["usage"] == {"type": "duration", "seconds": 2}
    assert transcript(seen) == "You said: Good morning!"
    usage = only(seen, "response.done")["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == (520 + 300 + 200) // 100


def test_the_transcript_is_in_the_item_from_then_on(stage: Any) -> None:
    seen = stage.send(*saying("Hello."))
    item_id = seen[0]["item_id"]
    (retrieved,) = stage.send({"type": "conversation.item.retrieve", "item_id": item_id})
    (part,) = retrieved["item"]["content"]
    assert (part["type"], part["transcript"]) == ("input_audio", "Hello.")
    assert speech.decode(b64decode(part["audio"])) == "Hello."


def test_the_transcription_takes_its_time_where_time_is_taken(stage: Any) -> None:
    from realtime_fakes.latency import LATENCIES

    stage.change(latency=LATENCIES["realistic"])
    seen = stage.send(*saying("Hello."))
    assert kinds(seen)[-1] == "conversation.item.done"
    assert kinds(stage.advance(2))[-2:] == [TRANSCRIPTION + "delta", TRANSCRIPTION + "completed"]


def test_turn_after_turn(stage: Any) -> None:
    first, second = stage.send(*saying("one")), stage.send(*saying("two"))
    assert (transcript(first), transcript(second)) == ("You said: one", "You said: two")
    assert second[0]["audio_start_ms"] == 2000 + 120 + 700
    assert only(second, "input_audio_buffer.committed")["previous_item_id"] is not None


def test_many_turns_in_one_append(stage: Any) -> None:
    sound = SILENCE + speech.encode("one") + SILENCE + speech.encode("two") + SILENCE
    seen = stage.send(append(sound))
    done = "response.output_audio_transcript.done"
    assert [e["transcript"] for e in seen if e["type"] == done] == [
        "You said: one",
        "You said: two",
    ]


@pytest.mark.parametrize("format", ["audio/pcm", "audio/pcmu", "audio/pcma"])
def test_every_format_is_heard_and_spoken(open_stage: Any, format: str) -> None:
    formats = {"input": {"format": {"type": format}}, "output": {"format": {"type": format}}}
    stage = open_stage(modality="audio", audio=formats, brain=EchoBrain())
    sound = SILENCE + speech.encode("Grüße, Ünal") + SILENCE
    coded_sound = coded(sound, format)
    size = len(coded_sound) // 37 + 1
    seen = []
    for start in range(0, len(coded_sound), size):
        chunk = b64encode(coded_sound[start : start + size]).decode()
        seen += stage.send({"type": "input_audio_buffer.append", "audio": chunk})
    assert transcript(seen) == "You said: Grüße, Ünal"
    spoken = b"".join(
        b64decode(event["delta"])
        for event in seen
        if event["type"] == "response.output_audio.delta"
    )
    assert speech.decode(*in_pcm(spoken, format)) == "You said: Grüße, Ünal"
    (retrieved,) = stage.send({"type": "conversation.item.retrieve", "item_id": seen[0]["item_id"]})
    audio = b64decode(retrieved["item"]["content"][0]["audio"])
    assert speech.decode(*in_pcm(audio, format)) == "Grüße, Ünal"


def in_pcm(data: bytes, format: str) -> tuple[bytes, int]:
    from realtime_fakes.input_audio import samples

    decoded, rate = samples(data, format)
    return decoded.tobytes(), rate


@pytest.mark.parametrize("format", ["audio/pcm", "audio/pcmu"])
def test_sound_in_an_item_is_heard_in_the_input_format(open_stage: Any, format: str) -> None:
    stage = open_stage(modality="audio", audio={"input": {"format": {"type": format}}})
    audio = b64encode(coded(speech.encode("an item"), format)).decode()
    content = [{"type": "input_audio", "audio": audio}, {"type": "input_text", "text": "and text"}]
    item = {"type": "message", "role": "user", "content": content}
    seen = stage.send(
        {"type": "conversation.item.create", "item": item}, {"type": "response.create"}
    )
    assert transcript(seen) == "You said: an item and text"


def test_a_manual_commit(open_stage: Any) -> None:
    stage = open_stage(
        modality="audio", audio={"input": {"turn_detection": None, "transcription": WHISPER}}
    )
    assert stage.send(*saying("by hand")) == []
    seen = stage.send({"type": "input_audio_buffer.commit"})
    assert kinds(seen) == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        TRANSCRIPTION + "delta",
        TRANSCRIPTION + "completed",
    ]
    assert seen[-1]["transcript"] == "by hand"
    assert transcript(stage.send({"type": "response.create"})) == "You said: by hand"


def test_a_commit_amid_speech_has_the_id_that_was_announced(stage: Any) -> None:
    (started,) = stage.send(append(SILENCE + speech.encode("amid")))
    committed = stage.send({"type": "input_audio_buffer.commit"})[0]
    assert committed["item_id"] == started["item_id"]
    assert stage.send(append(SILENCE)) == []


def test_clearing_forgets_speech(stage: Any) -> None:
    stage.send(append(SILENCE + speech.encode("forget it")))
    assert kinds(stage.send({"type": "input_audio_buffer.clear"})) == ["input_audio_buffer.cleared"]
    assert stage.send(append(SILENCE)) == []
    (_, error) = stage.send(
        {"type": "input_audio_buffer.clear"}, {"type": "input_audio_buffer.commit"}
    )
    assert error["error"]["code"] == "input_audio_buffer_commit_empty"


FLAGS = {
    "create and interrupt": (True, True, True),
    "create": (True, False, True),
    "interrupt": (False, True, False),
    "neither": (False, False, False),
}


@pytest.mark.parametrize(("create", "interrupt", "answers"), FLAGS.values(), ids=FLAGS)
def test_flags(open_stage: Any, create: bool, interrupt: bool, answers: bool) -> None:
    flags = {"create_response": create, "interrupt_response": interrupt}
    stage = open_stage(audio=listening(**flags)["audio"])
    seen = kinds(stage.send(*saying("hello")))
    assert seen[:5] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    assert ("response.created" in seen) is answers


def test_no_detection_no_events(open_stage: Any) -> None:
    assert open_stage(audio=MANUAL["audio"]).send(*saying("hello")) == []


def test_detection_can_be_switched(open_stage: Any) -> None:
    stage = open_stage(audio=MANUAL["audio"])
    stage.send(*saying("unheard"))
    stage.send({"type": "session.update", "session": {"type": "realtime", **listening()}})
    seen = stage.send(*saying("heard"))
    assert seen[0]["audio_start_ms"] == 2000 + 40 * len("unheard") + 700
    assert only(seen, "response.output_text.done")["text"] == "You said: heard"
    stage.send({"type": "session.update", "session": {"type": "realtime", **MANUAL}})
    assert stage.send(*saying("unheard")) == []


def test_semantic_detection_ends_a_whole_sentence_early(open_stage: Any) -> None:
    stage = open_stage(audio={"input": {"turn_detection": {"type": "semantic_vad"}}})
    whole = stage.send(append(SILENCE + speech.encode("That is all.") + SILENCE * 5))
    part = stage.send(append(SILENCE + speech.encode("That and") + SILENCE * 5))
    assert whole[1]["audio_end_ms"] == 1000 + 480 + 500
    assert part[1]["audio_end_ms"] == 6480 + 1000 + 320 + 4000


SILENT = {
    "digital silence": SILENCE * 5,
    "the quietest step": b"\x01\x00" * 120_000,
}


@pytest.mark.parametrize("sound", SILENT.values(), ids=SILENT)
def test_silence_costs_nothing(stage: Any, message: Any, sound: bytes) -> None:
    assert stage.send(*[append(sound)] * 10) == []
    seen = stage.send(message("hi"), {"type": "response.create"})
    usage = only(seen, "response.done")["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 0


def test_sound_without_words(stage: Any) -> None:
    hum = b"\x00\x20" * 12_000
    seen = stage.send(append(hum), append(SILENCE))
    assert only(seen, TRANSCRIPTION + "completed")["transcript"] == "[unintelligible]"
    assert transcript(seen) == "You said: [unintelligible]"
    stage.change(fail_unintelligible=True)
    seen = stage.send(append(hum), append(SILENCE))
    assert only(seen, TRANSCRIPTION + "failed")["error"]["code"] == "audio_unintelligible"


def test_log_probabilities_are_included(open_stage: Any) -> None:
    stage = open_stage(
        include=["item.input_audio_transcription.logprobs"],
        audio={"input": {"transcription": WHISPER}},
    )
    seen = stage.send(*saying("so sure"))
    assert [p["token"] for p in only(seen, TRANSCRIPTION + "completed")["logprobs"]] == [
        "so",
        " sure",
    ]


def test_a_call_hears_the_same(open_stage: Any) -> None:
    stage = open_stage(on_call=True, modality="audio", brain=EchoBrain())
    sideband = stage.join(Role.SIDEBAND, "sideband")
    sound = SILENCE + speech.encode("on the phone") + SILENCE
    for start in range(0, len(sound), 960):
        stage.carry(stage.session.receive_audio(sound[start : start + 960], stage.now))
    seen = stage.received[sideband.name]
    assert seen[0]["audio_start_ms"] == 700
    assert transcript(seen) == "You said: on the phone"
    assert speech.decode(b"".join(stage.played)) == "You said: on the phone"


# Idle timeout

IDLE = {"idle_timeout_ms": 5000}


def test_a_long_silence_is_answered(open_stage: Any) -> None:
    stage = open_stage(audio=listening(**IDLE)["audio"])
    assert stage.send(append(SILENCE * 10)) == []  # nothing was said yet
    stage.send(*saying("hello"))
    heard = stage.session.describe()["input_audio_ms"]
    assert stage.send(append(SILENCE * 4)) == []
    seen = stage.send(append(SILENCE * 2))
    assert kinds(seen)[:5] == [
        "input_audio_buffer.timeout_triggered",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    triggered, committed, added = seen[:3]
    assert triggered["audio_end_ms"] - triggered["audio_start_ms"] == 5000
    assert triggered["audio_start_ms"] == pytest.approx(heard, abs=1000)
    assert triggered["item_id"] == committed["item_id"] == added["item"]["id"]
    (retrieved,) = stage.send(
        {"type": "conversation.item.retrieve", "item_id": triggered["item_id"]}
    )
    silence = b64decode(retrieved["item"]["content"][0]["audio"])
    assert silence == bytes(48 * 5000)


def test_a_silence_that_was_not_sent_is_answered_by_the_clock(open_stage: Any) -> None:
    stage = open_stage(audio=listening(**IDLE)["audio"])
    stage.send(*saying("hello"))
    assert stage.advance(4.9) == []
    triggered = stage.advance(0.2)[0]
    assert triggered["type"] == "input_audio_buffer.timeout_triggered"
    assert triggered["audio_end_ms"] == 2200  # all that was sent


@pytest.mark.parametrize("on_call", [False, True], ids=["socket", "call"])
def test_silence_begins_when_the_answer_was_played(open_stage: Any, on_call: bool) -> None:
    stage = open_stage(on_call=on_call, modality="audio", audio=listening(**IDLE)["audio"])
    stage.carry(stage.session.receive_audio(SILENCE + speech.encode("hi") + SILENCE, stage.now))
    lasts = 0.1 * len("You said: hi")  # as the brain of these tests speaks
    assert not any(e["type"].endswith("timeout_triggered") for e in stage.advance(lasts + 4.9))
    assert stage.advance(0.2)[0]["type"] == "input_audio_buffer.timeout_triggered"


def test_who_speaks_is_not_prompted(open_stage: Any) -> None:
    stage = open_stage(audio=listening(**IDLE)["audio"])
    stage.send(*saying("hello"))
    stage.send(append(speech.encode("I am still speaking")))
    assert stage.advance(60) == []


def test_no_prompt_amid_an_answer(open_stage: Any, message: Any) -> None:
    stage = open_stage(audio=listening(**IDLE)["audio"])
    stage.send(*saying("hello"))
    stage.change(delta_interval_s=10.0)
    stage.send(message("tell me more"), {"type": "response.create"})
    assert not any(e["type"].endswith("timeout_triggered") for e in stage.advance(20))
