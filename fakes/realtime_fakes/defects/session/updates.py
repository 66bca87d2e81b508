"""What becomes of updates."""

from __future__ import annotations

from typing import Any

from realtime_fakes.audience import Role
from realtime_fakes.defects.members import at, event_tap, put
from realtime_fakes.defects.session.shared import (
    HEARD,
    VAD_AT,
    VOICE_AT,
    Where,
    defect,
    error,
    overlooked,
    shown,
)
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]

_VAD = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300}
_PCM = {"type": "audio/pcm", "rate": 24000}


def _configured(where: Where) -> Where:
    """Narrow to sessions of the scenario that goes through all updates."""
    return lambda session: (
        str(session.get("instructions")).startswith("You are being configured") and where(session)
    )


def _updated(where: Where, value: Any, *path: str) -> EventTap:
    return shown("session.updated", _configured(where), put(value, *path))


def _is(value: Any, *path: str) -> Where:
    return lambda session: bool(at(session, *path) == value)


_at_first = _is(1.0, "audio", "output", "speed")
_merged = _is(1.25, "audio", "output", "speed")


def _first_tool(name: str) -> Where:
    return lambda session: bool(session["tools"]) and session["tools"][0]["name"] == name


def _with_another_tool(session: dict[str, Any]) -> dict[str, Any]:
    more = {"type": "function", "name": "look_up", "parameters": {"type": "object"}}
    return {**session, "tools": [more, *session["tools"]]}


def _sticks(*path: str) -> EventTap:
    """Return a tap that shows once more, when something was turned off, what it was before."""

    def tap(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
        if role is not Role.WEBSOCKET or event["type"] != "session.updated":
            return [event]
        before, now = memory.get("before"), at(event["session"], *path)
        memory["before"] = now
        if before and not now and _configured(lambda session: True)(event["session"]):
            return [{**event, "session": put(before, *path)(event["session"])}]
        return [event]

    return tap


def _nth_of_speed(n: int, refuse: bool) -> EventTap:
    """Return a tap that drops or refuses the n-th session.updated with the other speed."""

    def tap(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
        if event["type"] != "session.updated" or not _configured(_merged)(event["session"]):
            return [event]
        memory["count"] = memory.get("count", 0) + 1
        if memory["count"] != n:
            return [event]
        return [error(event, "invalid_value", "session.model")] if refuse else []

    return tap


SWITCHES: tuple[Switch, ...] = (
    defect(
        "update-unanswered",
        "updated",
        "Leaves an update unanswered that changes the instructions.",
        event_tap(
            lambda event: None,
            "session.updated",
            where=lambda event: _configured(_at_first)(event["session"]),
        ),
    ),
    defect(
        "shown-in-part",
        "whole",
        "Leaves the truncation out of session.updated.",
        _updated(_at_first, ..., "truncation"),
    ),
    defect(
        "rest-moves",
        "rest-stays",
        "Limits the output tokens when the instructions change.",
        _updated(_at_first, 77, "max_output_tokens"),
    ),
    defect(
        "audio-replaced",
        "merges",
        "Takes an update of the speed for one of all that is said.",
        _updated(_merged, "coral", *VOICE_AT),
    ),
    defect(
        "empty-update-unanswered",
        "empty-update",
        "Leaves an update unanswered that changes nothing.",
        _nth_of_speed(2, refuse=False),
    ),
    defect(
        "same-model-refused",
        "same-model",
        "Refuses an update that names the model that the session has.",
        _nth_of_speed(3, refuse=True),
    ),
    defect(
        "instructions-kept",
        "instructions",
        "Shows other instructions than those of the update.",
        _updated(_at_first, "Be helpful.", "instructions"),
    ),
    defect(
        "instructions-not-cleared",
        "instructions-cleared",
        "Takes empty instructions for none at all.",
        shown("session.updated", _is("", "instructions"), put("Be helpful.", "instructions")),
    ),
    defect(
        "modalities-kept",
        "modalities",
        "Shows audio when output_modalities became text.",
        _updated(_is(["text"], "output_modalities"), ["audio"], "output_modalities"),
    ),
    defect(
        "modalities-shown-only",
        "modalities-apply",
        "Answers with audio although output_modalities is text.",
        event_tap(
            put(["audio"], "response", "output_modalities"),
            "response.created",
            "response.done",
            where=lambda event: at(event, "response", "metadata", "asked_by") == "session",
        ),
    ),
    defect(
        "tools-added",
        "tools",
        "Adds the tools of an update to those that were there.",
        shown("session.updated", _configured(_first_tool("look_ahead")), _with_another_tool),
    ),
    defect(
        "tools-not-cleared",
        "tools-cleared",
        "Takes an empty list of tools for none at all.",
        _sticks("tools"),
    ),
    defect(
        "tool-choice-kept",
        "tool-choice",
        "Shows auto when tool_choice became none.",
        _updated(_is("none", "tool_choice"), "auto", "tool_choice"),
    ),
    defect(
        "limit-kept",
        "limit",
        "Shows inf when max_output_tokens became 123.",
        _updated(_is(123, "max_output_tokens"), "inf", "max_output_tokens"),
    ),
    defect(
        "truncation-kept",
        "truncation",
        "Shows auto when truncation became a ratio.",
        _updated(_is("retention_ratio", "truncation", "type"), "auto", "truncation"),
    ),
    defect(
        "format-kept",
        "formats",
        "Shows PCM when the format of the input became G.711.",
        _updated(_is("audio/pcmu", *HEARD, "format", "type"), _PCM, *HEARD, "format"),
    ),
    defect(
        "vad-stays-on",
        "turn-detection-off",
        "Shows server_vad when turn detection was turned off.",
        _updated(_is(None, *VAD_AT), _VAD, *VAD_AT),
    ),
    defect(
        "vad-kind-kept",
        "turn-detection-kind",
        "Shows server_vad when turn detection became semantic_vad.",
        _updated(_is("semantic_vad", *VAD_AT, "type"), _VAD, *VAD_AT),
    ),
    defect(
        "vad-not-filled",
        "turn-detection-filled",
        "Shows no more of a turn detection than was given.",
        _updated(_is(0.7, *VAD_AT, "threshold"), {"type": "server_vad", "threshold": 0.7}, *VAD_AT),
    ),
    defect(
        "transcription-not-on",
        "transcription-on",
        "Shows no transcription when a model was named for it.",
        _updated(
            _is("gpt-4o-transcribe", *HEARD, "transcription", "model"),
            None,
            *(*HEARD, "transcription"),
        ),
    ),
    defect(
        "transcription-stays-on",
        "transcription-off",
        "Shows a transcription when it was turned off.",
        _sticks(*HEARD, "transcription"),
    ),
    defect(
        "noise-reduction-not-on",
        "noise-reduction",
        "Shows no noise reduction when it was turned on.",
        _updated(
            _is("near_field", *HEARD, "noise_reduction", "type"),
            None,
            *(*HEARD, "noise_reduction"),
        ),
    ),
    defect(
        "include-ignored",
        "include",
        "Shows no include when log probabilities were asked for.",
        _updated(lambda session: bool(session.get("include")), None, "include"),
    ),
    defect(
        "tracing-ignored",
        "tracing",
        "Shows no tracing when it was turned on.",
        _updated(_is("auto", "tracing"), None, "tracing"),
    ),
    overlooked(
        "tracing-changes",
        "tracing-fixed",
        "Accepts another tracing when it is on already.",
        param="session.tracing",
    ),
)
