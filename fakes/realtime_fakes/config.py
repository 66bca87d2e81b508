"""The session object: what a client may ask for, what a model has by default, what is echoed.

``session.created`` and ``session.updated`` show the whole effective object. An update is a patch:
keys that are present overwrite, ``audio`` and what hangs below it merges, ``null`` turns a feature
off, and one wrong key refuses all of it. Session objects are never changed in place, so that an
event may hold one.

Sources: the echoes recorded in the pydantic-ai realtime cassettes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from realtime_fakes.errors import api_error
from realtime_fakes.session_fields import SESSION
from realtime_fakes.shapes import check

__all__ = [
    "MODELS",
    "Config",
    "Model",
    "check_thinking",
    "effective_session",
    "model_of",
    "patch",
]

Config: TypeAlias = dict[str, Any]


class Model(NamedTuple):
    """What a session with this model has unless the client says otherwise."""

    voice: str = "marin"
    silence_duration_ms: int = 500
    context_tokens: int = 96_000
    """How much input it can take: its context without its longest output."""
    effort: str | None = None
    """How hard it thinks unless it is told; ``None`` if it does not think, and takes neither
    ``reasoning`` nor ``parallel_tool_calls``."""


_FIRST = Model(voice="alloy", silence_duration_ms=200, context_tokens=28_224)
_SECOND = Model(effort="low")

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

_OF_THINKING = ("reasoning", "parallel_tool_calls")

_INSTRUCTIONS = (
    "You are the voice of a fake Realtime service. Be friendly and brief, answer in the language "
    "you are spoken to, and repeat what you heard so that a test can see that you heard it."
)


def model_of(name: str) -> Model:
    """Return what is known of a model; one of the latest family if nothing is."""
    return MODELS.get(name, _SECOND)


def check_thinking(asked: Mapping[str, Any], model: str, root: str) -> None:
    """See that only models that think are told how to.

    Args:
        asked: of a session or a response.
        model: that is to answer.
        root: path of ``asked``.

    Raises:
        ApiError: if another one is.

    """
    if model_of(model).effort is None:
        for name in _OF_THINKING:
            if name in asked:
                raise api_error("unsupported_by_model", param=f"{root}.{name}", model=model)


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
    speed_is_fixed: bool = False,
    model_is_fixed: bool = True,
) -> Config:
    """Return ``current`` as changed by ``update``; ``current`` itself stays as it is.

    Args:
        current: the effective session object.
        update: ``session`` of a ``session.update``, unchecked.
        voice_is_fixed: whether the assistant was heard already.
        speed_is_fixed: whether it is answering just now.
        model_is_fixed: whether another model is refused.

    Raises:
        ApiError: if anything in ``update`` is not acceptable.

    """
    asked: Config = check(SESSION, update, "session")
    audio = asked.get("audio", {})
    heard, said = audio.get("input", {}), audio.get("output", {})
    if model_is_fixed and asked.get("model", current["model"]) != current["model"]:
        raise api_error("model_change", current=current["model"], found=asked["model"])
    if current["tracing"] is not None and asked.get("tracing", ...) not in (
        ...,
        current["tracing"],
    ):
        raise api_error("tracing_change")
    model = model_of(current["model"])
    check_thinking(asked, current["model"], "session")
    old_input, old_output = current["audio"]["input"], current["audio"]["output"]
    if voice_is_fixed and said.get("voice", old_output["voice"]) != old_output["voice"]:
        raise api_error("cannot_update_voice")
    if speed_is_fixed and said.get("speed", old_output["speed"]) != old_output["speed"]:
        raise api_error("speed_change")
    completed = {
        name: complete(heard[name], old_input[name], model)
        for name, complete in _COMPLETIONS.items()
        if heard.get(name) is not None
    }
    return {
        **current,
        **asked,
        "audio": {
            "input": {**old_input, **heard, **completed},
            "output": {**old_output, **said},
        },
    }


def _defaults(name: str, session_id: str, expires_at: int) -> Config:
    model = model_of(name)
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
