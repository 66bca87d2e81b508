from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from realtime_fakes.config import MODELS, effective_session, patch
from realtime_fakes.errors import ApiError


def session(model: str = "gpt-realtime", /, **asked: Any) -> dict[str, Any]:
    return effective_session(
        {"type": "realtime", **asked}, model=model, session_id="sess_1", expires_at=7
    )


def heard(**asked: Any) -> dict[str, Any]:
    return {"type": "realtime", "audio": {"input": asked}}


def said(**asked: Any) -> dict[str, Any]:
    return {"type": "realtime", "audio": {"output": asked}}


@pytest.mark.parametrize(
    ("model", "silence", "voice"),
    [
        ("gpt-realtime", 200, "alloy"),
        ("gpt-realtime-mini", 200, "alloy"),
        ("gpt-realtime-2.1", 500, "marin"),
    ],
)
def test_defaults_depend_on_the_model(model: str, silence: int, voice: str) -> None:
    made = session(model)
    assert made["audio"]["input"]["turn_detection"]["silence_duration_ms"] == silence
    assert made["audio"]["output"]["voice"] == voice


def test_the_whole_object_is_shown() -> None:
    made = session()
    # Recorded: pydantic-ai cassettes, session.created; "type" to "include" in this order.
    assert list(made) == [
        "type",
        "object",
        "id",
        "model",
        "output_modalities",
        "instructions",
        "tools",
        "tool_choice",
        "max_output_tokens",
        "tracing",
        "truncation",
        "prompt",
        "expires_at",
        "audio",
        "include",
    ]
    assert made["id"] == "sess_1"
    assert made["expires_at"] == 7
    assert made["object"] == "realtime.session"
    assert made["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 200,
        "idle_timeout_ms": None,
        "create_response": True,
        "interrupt_response": True,
    }


def test_nothing_asked_gives_the_defaults() -> None:
    made = effective_session(None, model="gpt-realtime", session_id="sess_1", expires_at=7)
    assert made == session()


def test_the_model_asked_for_goes_before_the_one_given_beside() -> None:
    made = session("gpt-realtime", model="gpt-realtime-2.1")
    assert made["model"] == "gpt-realtime-2.1"
    assert made["audio"]["output"]["voice"] == MODELS["gpt-realtime-2.1"].voice


@pytest.mark.parametrize(
    ("update", "path", "value"),
    [
        pytest.param({"instructions": ""}, ["instructions"], "", id="clears-instructions"),
        pytest.param({"output_modalities": ["text"]}, ["output_modalities"], ["text"], id="text"),
        pytest.param({"max_output_tokens": 100}, ["max_output_tokens"], 100, id="limit"),
        pytest.param({"model": "gpt-realtime"}, ["model"], "gpt-realtime", id="same-model"),
        pytest.param({"tracing": "auto"}, ["tracing"], "auto", id="tracing"),
        pytest.param(
            {"tool_choice": {"type": "function", "name": "f"}},
            ["tool_choice", "name"],
            "f",
            id="tool-choice",
        ),
        pytest.param(
            {"tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]},
            ["tools"],
            [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
            id="tools",
        ),
        pytest.param(
            heard(format={"type": "audio/pcm"}),
            ["audio", "input", "format"],
            {"type": "audio/pcm", "rate": 24000},
            id="rate-is-completed",
        ),
        pytest.param(
            heard(format={"type": "audio/pcmu"}),
            ["audio", "input", "format"],
            {"type": "audio/pcmu"},
            id="g711",
        ),
        pytest.param(
            heard(turn_detection=None), ["audio", "input", "turn_detection"], None, id="vad-off"
        ),
        pytest.param(
            heard(turn_detection={"type": "server_vad", "threshold": 0.9}),
            ["audio", "input", "turn_detection", "prefix_padding_ms"],
            300,
            id="vad-merges",
        ),
        pytest.param(
            heard(turn_detection={"type": "semantic_vad"}),
            ["audio", "input", "turn_detection"],
            {
                "type": "semantic_vad",
                "eagerness": "auto",
                "create_response": True,
                "interrupt_response": True,
            },
            id="semantic-vad",
        ),
        pytest.param(
            heard(transcription={"model": "whisper-1"}),
            ["audio", "input", "transcription"],
            {"model": "whisper-1", "language": None, "prompt": None},
            id="transcription",
        ),
        pytest.param(said(voice="ash"), ["audio", "output", "speed"], 1.0, id="audio-merges"),
        pytest.param(said(voice={"id": "voice_1"}), ["audio", "output", "voice", "id"], "voice_1"),
    ],
)
def test_an_update_is_a_patch(update: dict[str, Any], path: list[str], value: Any) -> None:
    current = session()
    before = deepcopy(current)
    made = patch(current, {"type": "realtime", **update})
    assert current == before
    rest = made
    for step in path:
        rest = rest[step]
    assert rest == value


@pytest.mark.parametrize(
    ("update", "code", "param"),
    [
        pytest.param({}, "missing_required_parameter", "session.type", id="no-type"),
        pytest.param({"type": "nope"}, "invalid_value", "session.type", id="other-type"),
        pytest.param(
            {"type": "transcription"}, "invalid_value", "session.type", id="transcription"
        ),
        pytest.param([], "invalid_type", "session", id="not-an-object"),
        pytest.param(
            {"type": "realtime", "temperature": 0.8},
            "unknown_parameter",
            "session.temperature",
            id="temperature",
        ),
        pytest.param(
            {"type": "realtime", "voice": "ash"}, "unknown_parameter", "session.voice", id="beta"
        ),
        pytest.param(
            {"type": "realtime", "id": "sess_2"}, "unknown_parameter", "session.id", id="read-only"
        ),
        pytest.param(
            heard(sample_rate=1), "unknown_parameter", "session.audio.input.sample_rate", id="deep"
        ),
        pytest.param(
            {"type": "realtime", "output_modalities": ["audio", "text"]},
            "invalid_value",
            "session.output_modalities",
            id="two-modalities",
        ),
        pytest.param(
            heard(format={"type": "audio/pcm", "rate": 16000}),
            "integer_below_min_value",
            "session.audio.input.format.rate",
            id="rate",
        ),
        pytest.param(
            heard(turn_detection={"type": "semantic_vad", "threshold": 0.5}),
            "unknown_parameter",
            "session.audio.input.turn_detection.threshold",
            id="field-of-the-other-vad",
        ),
        pytest.param(
            heard(turn_detection={"type": "server_vad", "idle_timeout_ms": 4999}),
            "integer_below_min_value",
            "session.audio.input.turn_detection.idle_timeout_ms",
            id="idle-timeout",
        ),
        pytest.param(
            said(speed=1.6), "decimal_above_max_value", "session.audio.output.speed", id="speed"
        ),
        pytest.param(said(voice="bob"), "invalid_value", "session.audio.output.voice", id="voice"),
        pytest.param(
            {"type": "realtime", "max_output_tokens": 4097},
            "integer_above_max_value",
            "session.max_output_tokens",
            id="limit",
        ),
        pytest.param(
            {"type": "realtime", "model": "gpt-realtime-2.1"},
            "invalid_value",
            "session.model",
            id="other-model",
        ),
        pytest.param(
            {"type": "realtime", "reasoning": {"effort": "low"}},
            "unsupported_parameter",
            "session.reasoning",
            id="reasoning",
        ),
        pytest.param(
            {"type": "realtime", "tools": [{"type": "function"}]},
            "missing_required_parameter",
            "session.tools[0].name",
            id="tool-without-a-name",
        ),
    ],
)
def test_an_update_is_refused(update: Any, code: str, param: str) -> None:
    current = session()
    before = deepcopy(current)
    with pytest.raises(ApiError) as caught:
        patch(current, update)
    assert (caught.value.code, caught.value.param) == (code, param)
    assert current == before


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"type": "realtime", "bogus_field": 1}, "Unknown parameter: 'session.bogus_field'."),
        ({}, "Missing required parameter: 'session.type'."),
        (
            {"type": "realtime", "output_modalities": ["audio", "text"]},
            "Invalid modalities: ['audio', 'text']. "
            "Supported combinations are: ['text'] and ['audio'].",
        ),
        (
            {"type": "transcription"},
            "Passing a transcription session update to a realtime session is not allowed",
        ),
    ],
    ids=["unknown", "no-type", "modalities", "transcription"],
)
def test_a_refusal_has_the_published_words(update: Any, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        patch(session(), update)
    assert caught.value.message == message


def test_a_rate_that_is_too_low_is_told_the_limit() -> None:
    with pytest.raises(ApiError, match="Expected a value >= 24000"):
        patch(session(), heard(format={"type": "audio/pcm", "rate": 16000}))


def test_null_leaves_out_what_cannot_be_off() -> None:
    nothing = {
        "type": "realtime",
        "instructions": None,
        "max_output_tokens": None,
        "truncation": None,
        "audio": {
            "input": {"format": None, "turn_detection": {"type": "server_vad", "threshold": None}},
            "output": {"voice": None, "speed": None},
        },
    }
    assert patch(session(), nothing) == session()


def test_a_reasoning_model_takes_reasoning() -> None:
    made = session("gpt-realtime-2.1", reasoning={"effort": "low"}, parallel_tool_calls=False)
    assert made["reasoning"] == {"effort": "low"}


def test_a_fixed_voice_may_be_named_again_but_not_changed() -> None:
    current = session()
    assert patch(current, said(voice="alloy"), voice_is_fixed=True) == current
    with pytest.raises(ApiError) as caught:
        patch(current, said(voice="ash"), voice_is_fixed=True)
    assert caught.value.code == "cannot_update_voice"
    assert caught.value.param is None


def test_the_model_can_be_left_open() -> None:
    made = patch(session(), {"type": "realtime", "model": "other"}, model_is_fixed=False)
    assert made["model"] == "other"


def test_tracing_stays_as_it_was_enabled() -> None:
    traced = session(tracing="auto")
    assert patch(traced, {"type": "realtime", "tracing": "auto"}) == traced
    with pytest.raises(ApiError) as caught:
        patch(traced, {"type": "realtime", "tracing": None})
    assert caught.value.param == "session.tracing"
