"""The session object: what a client may ask for, what a model has by default, what is echoed.

``session.created`` and ``session.updated`` show the whole effective object. An update is a patch:
keys that are present overwrite, ``audio`` and what hangs below it merges, ``null`` turns a feature
off, and one wrong key refuses all of it. Session objects are never changed in place, so that an
event may hold one.

Sources: types of the OpenAI SDK (``realtime_session_create_request``), and the echoes recorded in
the pydantic-ai realtime cassettes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from realtime_fakes.errors import api_error
from realtime_fakes.shapes import (
    Refusal,
    Shape,
    anything,
    array,
    by_type,
    check,
    integer,
    mapping,
    nullable,
    number,
    one_of,
    record,
    tagged,
)

__all__ = [
    "AUDIO_FORMAT",
    "MAX_OUTPUT_TOKENS",
    "MODELS",
    "OUTPUT_MODALITIES",
    "PROMPT",
    "REASONING",
    "TOOLS",
    "TOOL_CHOICE",
    "VOICE",
    "VOICES",
    "Config",
    "Model",
    "effective_session",
    "patch",
]

Config: TypeAlias = dict[str, Any]


class Model(NamedTuple):
    """What a session with this model has unless the client says otherwise."""

    voice: str = "marin"
    silence_duration_ms: int = 500
    reasoning: bool = False
    """Whether it takes ``reasoning`` and ``parallel_tool_calls``."""


_FIRST = Model(voice="alloy", silence_duration_ms=200)
_SECOND = Model(reasoning=True)

# Recorded: gpt-realtime, gpt-realtime-mini and gpt-realtime-2.1. The others follow their family.
MODELS: dict[str, Model] = {
    "gpt-realtime": _FIRST,
    "gpt-realtime-2025-08-28": _FIRST,
    "gpt-realtime-1.5": _FIRST,
    "gpt-realtime-mini": _FIRST,
    "gpt-realtime-mini-2025-10-06": _FIRST,
    "gpt-realtime-mini-2025-12-15": _FIRST,
    "gpt-audio-1.5": _FIRST,
    "gpt-audio-mini": _FIRST,
    "gpt-audio-mini-2025-10-06": _FIRST,
    "gpt-audio-mini-2025-12-15": _FIRST,
    "gpt-realtime-2": _SECOND,
    "gpt-realtime-2.1": _SECOND,
    "gpt-realtime-2.1-mini": _SECOND,
}

VOICES = (
    "alloy",
    "ash",
    "ballad",
    "coral",
    "echo",
    "sage",
    "shimmer",
    "verse",
    "marin",
    "cedar",
)

_TRANSCRIPTION_MODELS = (
    "gpt-transcribe",
    "gpt-live-transcribe",
    "gpt-realtime-whisper",
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-4o-transcribe-diarize",
)

_INSTRUCTIONS = (
    "You are the voice of a fake Realtime service. Be friendly and brief, answer in the language "
    "you are spoken to, and repeat what you heard so that a test can see that you heard it."
)


_modalities = array(one_of("text", "audio"))


def _one_modality(value: Any) -> list[str]:
    modalities: list[str] = _modalities(value)
    if len(modalities) != 1:
        raise Refusal("invalid_modalities", found=str(modalities))
    return modalities


_pcm = record({"type": str, "rate": integer(24_000, 24_000)})
_g711 = record({"type": str})

AUDIO_FORMAT: Shape = tagged(
    "type",
    {
        "audio/pcm": lambda value: {"type": "audio/pcm", "rate": 24_000, **_pcm(value)},
        "audio/pcmu": _g711,
        "audio/pcma": _g711,
    },
)
OUTPUT_MODALITIES: Shape = _one_modality
MAX_OUTPUT_TOKENS: Shape = by_type({int: integer(1, 4096), str: one_of("inf")})
VOICE: Shape = by_type({str: one_of(*VOICES), dict: record({"id": str}, required=("id",))})

_tool_filter = record({"tool_names": array(str), "read_only": bool})
TOOLS: Shape = array(
    tagged(
        "type",
        {
            "function": record(
                {
                    "type": str,
                    "name": str,
                    "description": nullable(str),
                    "parameters": nullable(by_type({dict: anything})),
                },
                required=("name",),
            ),
            "mcp": record(
                {
                    "type": str,
                    "server_label": str,
                    "server_url": str,
                    "connector_id": str,
                    "tunnel_id": str,
                    "authorization": nullable(str),
                    "headers": nullable(mapping(str, most=64, longest_key=256)),
                    "allowed_tools": nullable(by_type({list: array(str), dict: _tool_filter})),
                    "require_approval": nullable(
                        by_type(
                            {
                                str: one_of("always", "never"),
                                dict: record({"always": _tool_filter, "never": _tool_filter}),
                            }
                        )
                    ),
                    "server_description": nullable(str),
                    "defer_loading": bool,
                    "allowed_callers": nullable(array(one_of("direct", "programmatic"))),
                },
                required=("server_label",),
            ),
        },
    )
)
TOOL_CHOICE: Shape = by_type(
    {
        str: one_of("none", "auto", "required"),
        dict: tagged(
            "type",
            {
                "function": record({"type": str, "name": str}, required=("name",)),
                "mcp": record(
                    {"type": str, "server_label": str, "name": nullable(str)},
                    required=("server_label",),
                ),
            },
        ),
    }
)
REASONING: Shape = record({"effort": one_of("minimal", "low", "medium", "high", "xhigh")})
PROMPT: Shape = nullable(
    record(
        {
            "id": str,
            "version": nullable(str),
            "variables": nullable(by_type({dict: anything})),
        },
        required=("id",),
    )
)
_VAD_FLAGS: dict[str, Shape] = {
    "type": str,
    "create_response": bool,
    "interrupt_response": bool,
}
_TURN_DETECTION = tagged(
    "type",
    {
        "server_vad": record(
            {
                **_VAD_FLAGS,
                "threshold": number(0, 1),
                "prefix_padding_ms": integer(0),
                "silence_duration_ms": integer(0),
                "idle_timeout_ms": nullable(integer(5_000, 30_000)),
            }
        ),
        "semantic_vad": record(
            {**_VAD_FLAGS, "eagerness": one_of("low", "medium", "high", "auto")}
        ),
    },
)
_AUDIO_INPUT = record(
    {
        "format": AUDIO_FORMAT,
        "noise_reduction": nullable(
            record(
                {"type": one_of("near_field", "far_field"), "strength": number(0, 1)},
                required=("type",),
            )
        ),
        "transcription": nullable(
            record(
                {
                    "model": one_of(*_TRANSCRIPTION_MODELS),
                    "language": nullable(str),
                    "languages": nullable(array(str)),
                    "prompt": nullable(str),
                    "keywords": nullable(array(str)),
                    "delay": nullable(one_of("minimal", "low", "medium", "high", "xhigh")),
                },
                required=("model",),
            )
        ),
        "turn_detection": nullable(_TURN_DETECTION),
    }
)
_AUDIO_OUTPUT = record({"format": AUDIO_FORMAT, "voice": VOICE, "speed": number(0.25, 1.5)})

_REALTIME = record(
    {
        "type": str,
        "model": str,
        "output_modalities": OUTPUT_MODALITIES,
        "instructions": str,
        "tools": TOOLS,
        "tool_choice": TOOL_CHOICE,
        "parallel_tool_calls": bool,
        "reasoning": REASONING,
        "max_output_tokens": MAX_OUTPUT_TOKENS,
        "tracing": nullable(
            by_type(
                {
                    str: one_of("auto"),
                    dict: record(
                        {
                            "workflow_name": str,
                            "group_id": str,
                            "metadata": by_type({dict: anything}),
                        }
                    ),
                }
            )
        ),
        "truncation": by_type(
            {
                str: one_of("auto", "disabled"),
                dict: tagged(
                    "type",
                    {
                        "retention_ratio": record(
                            {
                                "type": str,
                                "retention_ratio": number(0, 1),
                                "token_limits": record({"post_instructions": integer(0)}),
                            },
                            required=("retention_ratio",),
                        )
                    },
                ),
            }
        ),
        "prompt": PROMPT,
        "audio": record({"input": _AUDIO_INPUT, "output": _AUDIO_OUTPUT}),
        "include": nullable(array(one_of("item.input_audio_transcription.logprobs"))),
    }
)


def _transcription(value: Any) -> Any:
    raise Refusal("type_change", found="transcription", current="realtime")


_SESSION = tagged("type", {"realtime": _REALTIME, "transcription": _transcription})


def effective_session(
    requested: Mapping[str, Any] | None, *, model: str, session_id: str, expires_at: int
) -> Config:
    """Return the session object that a client gets who asked for ``requested``.

    Args:
        requested: ``session`` of a client secret or a call; ``None`` if nothing was asked for.
        model: what the session runs on if ``requested`` names no model.
        session_id: its id.
        expires_at: Unix seconds; 0 for a session that has not started (as in client secrets).

    Raises:
        ApiError: if ``requested`` is not a session object.

    """
    if isinstance(requested, dict) and type(requested.get("model")) is str:
        model = requested["model"]
    defaults = _defaults(model, session_id, expires_at)
    return defaults if requested is None else patch(defaults, requested)


def patch(
    current: Config,
    update: Any,
    *,
    voice_is_fixed: bool = False,
    model_is_fixed: bool = True,
) -> Config:
    """Return ``current`` as changed by ``update``; ``current`` itself stays as it is.

    Args:
        current: the effective session object.
        update: ``session`` of a ``session.update``, unchecked.
        voice_is_fixed: whether the assistant was heard already.
        model_is_fixed: whether another model is refused.

    Raises:
        ApiError: if anything in ``update`` is not acceptable.

    """
    asked: Config = check(_SESSION, update, "session")
    audio = asked.pop("audio", {})
    heard, said = audio.get("input", {}), audio.get("output", {})
    if model_is_fixed and asked.get("model", current["model"]) != current["model"]:
        raise api_error("model_change", current=current["model"], found=asked["model"])
    if current["tracing"] is not None and asked.get("tracing", ...) not in (
        ...,
        current["tracing"],
    ):
        raise api_error("tracing_change")
    model = MODELS.get(current["model"], _SECOND)
    for name in ("reasoning", "parallel_tool_calls"):
        if name in asked and not model.reasoning:
            raise api_error(
                "reasoning_unsupported", param=f"session.{name}", model=current["model"]
            )
    old_input, old_output = current["audio"]["input"], current["audio"]["output"]
    if voice_is_fixed and said.get("voice", old_output["voice"]) != old_output["voice"]:
        raise api_error("cannot_update_voice")
    for name, complete in _COMPLETIONS.items():
        if heard.get(name) is not None:
            heard[name] = complete(heard[name], old_input[name], model)
    return {
        **current,
        **asked,
        "audio": {"input": {**old_input, **heard}, "output": {**old_output, **said}},
    }


def _defaults(name: str, session_id: str, expires_at: int) -> Config:
    model = MODELS.get(name, _SECOND)
    pcm = {"type": "audio/pcm", "rate": 24_000}
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": session_id,
        "model": name,
        "output_modalities": ["audio"],
        "instructions": _INSTRUCTIONS,
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "truncation": "auto",
        "prompt": None,
        "expires_at": expires_at,
        "audio": {
            "input": {
                "format": pcm,
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": _turn_detection({"type": "server_vad"}, None, model),
            },
            "output": {"format": pcm, "voice": model.voice, "speed": 1.0},
        },
        "include": None,
    }


def _turn_detection(asked: Config, current: Config | None, model: Model) -> Config:
    if current is not None and current["type"] == asked["type"]:
        return {**current, **asked}
    flags = {"create_response": True, "interrupt_response": True}
    if asked["type"] == "semantic_vad":
        return {"type": "semantic_vad", "eagerness": "auto", **flags, **asked}
    return {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": model.silence_duration_ms,
        "idle_timeout_ms": None,
        **flags,
        **asked,
    }


def _transcription_of(asked: Config, current: Config | None, model: Model) -> Config:
    return {"model": None, "language": None, "prompt": None, **asked}


def _noise_reduction(asked: Config, current: Config | None, model: Model) -> Config:
    return {**(current or {}), **asked}


_COMPLETIONS = {
    "turn_detection": _turn_detection,
    "transcription": _transcription_of,
    "noise_reduction": _noise_reduction,
}
