"""Violations that the checks of ``session`` find.

What becomes of updates is spoilt only in sessions that say by their instructions, or by what is
wrong with them, that they are about it; other conversations need theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from realtime_fakes.audience import Role
from realtime_fakes.defects.members import Change, at, errors, event_tap, having, put, said
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]

_Where: TypeAlias = Callable[[dict[str, Any]], bool]

_VAD = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300}
_VAD_AT = ("audio", "input", "turn_detection")
_VOICE_AT = ("audio", "output", "voice")
_PCM = {"type": "audio/pcm", "rate": 24000}


# -- what is shown ---------------------------------------------------------------------------------


def _shown(kind: str, where: _Where, change: Change) -> EventTap:
    """Return a tap on the session in events of a type, on WebSockets, where ``where`` is met."""

    def changed(event: Event) -> Event:
        return {**event, "session": change(event["session"])}

    return event_tap(changed, kind, where=lambda event: where(event["session"]))


def _created(value: Any, *path: str, model: str | None = None) -> EventTap:
    """Return a tap that puts ``value`` into what a session of type realtime begins with."""

    def where(session: dict[str, Any]) -> bool:
        return session["type"] == "realtime" and model in (None, session["model"])

    return _shown("session.created", where, put(value, *path))


def _configured(where: _Where) -> _Where:
    """Narrow to sessions of the scenario that goes through all updates."""
    return lambda session: (
        str(session.get("instructions")).startswith("You are being configured") and where(session)
    )


def _updated(where: _Where, value: Any, *path: str) -> EventTap:
    return _shown("session.updated", _configured(where), put(value, *path))


def _is(value: Any, *path: str) -> _Where:
    return lambda session: bool(at(session, *path) == value)


_at_first = _is(1.0, "audio", "output", "speed")
_merged = _is(1.25, "audio", "output", "speed")


def _first_tool(name: str) -> _Where:
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
        return [_error(event, "invalid_value", "session.model")] if refuse else []

    return tap


def _error(event: Event, code: str, param: str | None) -> Event:
    """Return an error in the place of an event."""
    error = {
        "type": "invalid_request_error",
        "code": code,
        "message": "This cannot be updated.",
        "param": param,
        "event_id": None,
    }
    return {"type": "error", "event_id": event["event_id"], "error": error}


# -- what is refused -------------------------------------------------------------------------------


def _accepts(change: Change | None = None, **members: Any) -> EventTap:
    """Return a tap that answers with session.updated what was refused with such an error."""
    where = having(**members)

    def tap(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
        if role is not Role.WEBSOCKET:
            return [event]
        if "session" in event:
            memory["session"] = event["session"]
        if event["type"] != "error" or not where(event) or "session" not in memory:
            return [event]
        session = memory["session"] if change is None else change(memory["session"])
        return [{"type": "session.updated", "event_id": event["event_id"], "session": session}]

    return tap


def _applies(change: Change, **members: Any) -> EventTap:
    """Return a tap that does in secret what was refused with such an error."""
    where = having(**members)

    def tap(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
        if role is not Role.WEBSOCKET:
            return [event]
        if event["type"] == "error" and where(event):
            memory["applied"] = True
        elif event["type"] == "session.updated" and "applied" in memory:
            return [{**event, "session": change(event["session"])}]
        return [event]

    return tap


def _same_voice_refused(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    is_meant = (
        event["type"] == "session.updated"
        and event["session"].get("instructions") == "Say one word."
        and event["session"]["max_output_tokens"] == 500
        and "refused" not in memory
    )
    if not is_meant:
        return [event]
    memory["refused"] = True
    return [_error(event, "cannot_update_voice", None)]


def _defect(name: str, violates: str, summary: str, event: EventTap | None, **how: Any) -> Switch:
    return Switch(
        name=f"session-{name}",
        violates=f"rt.session.{violates}",
        summary=summary,
        event=event,
        **how,
    )


def _overlooked(name: str, violates: str, summary: str, **members: Any) -> Switch:
    """Return a defect that accepts what has to be refused with such an error."""
    return _defect(name, violates, summary, _accepts(**members))


_HEARD = ("audio", "input")

SWITCHES: tuple[Switch, ...] = (
    # as it begins
    _defect(
        "of-another-kind",
        "kind",
        "Says in session.created that the session is some other object.",
        _created("realtime.conversation", "object"),
    ),
    _defect(
        "id-of-another-form",
        "id",
        "Gives sessions ids that start with session-.",
        None,
        policy={"session_id_prefix": "session-"},
    ),
    _defect(
        "begins-with-text",
        "default-modalities",
        "Lets sessions begin with text.",
        _created(["text"], "output_modalities"),
    ),
    _defect(
        "begins-with-required-tools",
        "default-tools",
        "Lets sessions begin with the tool_choice required.",
        _created("required", "tool_choice"),
    ),
    _defect(
        "begins-with-limit",
        "default-limit",
        "Lets sessions begin with a limit of 4096 output tokens.",
        _created(4096, "max_output_tokens"),
    ),
    _defect(
        "begins-without-truncation",
        "default-truncation",
        "Lets sessions begin with truncation disabled.",
        _created("disabled", "truncation"),
    ),
    _defect(
        "begins-with-g711",
        "default-formats",
        "Lets sessions begin with G.711 as the format of the input.",
        _created({"type": "audio/pcmu"}, *_HEARD, "format"),
    ),
    _defect(
        "begins-with-long-padding",
        "default-turn-detection",
        "Lets sessions begin with a padding of 500 ms.",
        _created(500, *_VAD_AT, "prefix_padding_ms"),
    ),
    _defect(
        "begins-with-short-silence",
        "default-silence",
        "Lets sessions of gpt-realtime-2.1 begin with 200 ms of silence.",
        _created(200, *_VAD_AT, "silence_duration_ms", model="gpt-realtime-2.1"),
    ),
    _defect(
        "begins-with-old-voice",
        "default-voice",
        "Lets sessions of gpt-realtime-2.1 begin with the voice alloy.",
        _created("alloy", *_VOICE_AT, model="gpt-realtime-2.1"),
    ),
    _defect(
        "begins-fast",
        "default-speed",
        "Lets sessions begin at the speed 1.1.",
        _created(1.1, "audio", "output", "speed"),
    ),
    _defect(
        "begins-with-noise-reduction",
        "default-off",
        "Lets sessions begin with noise reduction.",
        _created({"type": "near_field"}, *_HEARD, "noise_reduction"),
    ),
    _defect(
        "begins-without-instructions",
        "default-instructions",
        "Lets sessions begin without instructions.",
        _shown(
            "session.created",
            lambda session: str(session.get("instructions")).startswith("You are the voice"),
            put("", "instructions"),
        ),
    ),
    # updates
    _defect(
        "update-unanswered",
        "updated",
        "Leaves an update unanswered that changes the instructions.",
        event_tap(
            lambda event: None,
            "session.updated",
            where=lambda event: _configured(_at_first)(event["session"]),
        ),
    ),
    _defect(
        "shown-in-part",
        "whole",
        "Leaves the truncation out of session.updated.",
        _updated(_at_first, ..., "truncation"),
    ),
    _defect(
        "rest-moves",
        "rest-stays",
        "Limits the output tokens when the instructions change.",
        _updated(_at_first, 77, "max_output_tokens"),
    ),
    _defect(
        "audio-replaced",
        "merges",
        "Takes an update of the speed for one of all that is said.",
        _updated(_merged, "coral", *_VOICE_AT),
    ),
    _defect(
        "empty-update-unanswered",
        "empty-update",
        "Leaves an update unanswered that changes nothing.",
        _nth_of_speed(2, refuse=False),
    ),
    _defect(
        "same-model-refused",
        "same-model",
        "Refuses an update that names the model that the session has.",
        _nth_of_speed(3, refuse=True),
    ),
    _defect(
        "instructions-kept",
        "instructions",
        "Shows other instructions than those of the update.",
        _updated(_at_first, "Be helpful.", "instructions"),
    ),
    _defect(
        "instructions-not-cleared",
        "instructions-cleared",
        "Takes empty instructions for none at all.",
        _shown("session.updated", _is("", "instructions"), put("Be helpful.", "instructions")),
    ),
    _defect(
        "modalities-kept",
        "modalities",
        "Shows audio when output_modalities became text.",
        _updated(_is(["text"], "output_modalities"), ["audio"], "output_modalities"),
    ),
    _defect(
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
    _defect(
        "tools-added",
        "tools",
        "Adds the tools of an update to those that were there.",
        _shown("session.updated", _configured(_first_tool("look_ahead")), _with_another_tool),
    ),
    _defect(
        "tools-not-cleared",
        "tools-cleared",
        "Takes an empty list of tools for none at all.",
        _sticks("tools"),
    ),
    _defect(
        "tool-choice-kept",
        "tool-choice",
        "Shows auto when tool_choice became none.",
        _updated(_is("none", "tool_choice"), "auto", "tool_choice"),
    ),
    _defect(
        "limit-kept",
        "limit",
        "Shows inf when max_output_tokens became 123.",
        _updated(_is(123, "max_output_tokens"), "inf", "max_output_tokens"),
    ),
    _defect(
        "truncation-kept",
        "truncation",
        "Shows auto when truncation became a ratio.",
        _updated(_is("retention_ratio", "truncation", "type"), "auto", "truncation"),
    ),
    _defect(
        "format-kept",
        "formats",
        "Shows PCM when the format of the input became G.711.",
        _updated(_is("audio/pcmu", *_HEARD, "format", "type"), _PCM, *_HEARD, "format"),
    ),
    _defect(
        "vad-stays-on",
        "turn-detection-off",
        "Shows server_vad when turn detection was turned off.",
        _updated(_is(None, *_VAD_AT), _VAD, *_VAD_AT),
    ),
    _defect(
        "vad-kind-kept",
        "turn-detection-kind",
        "Shows server_vad when turn detection became semantic_vad.",
        _updated(_is("semantic_vad", *_VAD_AT, "type"), _VAD, *_VAD_AT),
    ),
    _defect(
        "vad-not-filled",
        "turn-detection-filled",
        "Shows no more of a turn detection than was given.",
        _updated(
            _is(0.7, *_VAD_AT, "threshold"), {"type": "server_vad", "threshold": 0.7}, *_VAD_AT
        ),
    ),
    _defect(
        "transcription-not-on",
        "transcription-on",
        "Shows no transcription when a model was named for it.",
        _updated(
            _is("gpt-4o-transcribe", *_HEARD, "transcription", "model"),
            None,
            *(*_HEARD, "transcription"),
        ),
    ),
    _defect(
        "transcription-stays-on",
        "transcription-off",
        "Shows a transcription when it was turned off.",
        _sticks(*_HEARD, "transcription"),
    ),
    _defect(
        "noise-reduction-not-on",
        "noise-reduction",
        "Shows no noise reduction when it was turned on.",
        _updated(
            _is("near_field", *_HEARD, "noise_reduction", "type"),
            None,
            *(*_HEARD, "noise_reduction"),
        ),
    ),
    _defect(
        "include-ignored",
        "include",
        "Shows no include when log probabilities were asked for.",
        _updated(lambda session: bool(session.get("include")), None, "include"),
    ),
    _defect(
        "tracing-ignored",
        "tracing",
        "Shows no tracing when it was turned on.",
        _updated(_is("auto", "tracing"), None, "tracing"),
    ),
    _overlooked(
        "tracing-changes",
        "tracing-fixed",
        "Accepts another tracing when it is on already.",
        param="session.tracing",
    ),
    # wrong updates
    _overlooked(
        "update-without-type",
        "no-type",
        "Accepts an update without a type.",
        param="session.type",
        code="missing_required_parameter",
    ),
    _defect(
        "missing-type-unnamed",
        "no-type-param",
        "Does not say that it is the type that an update lacks.",
        errors(said("param", None), param="session.type", code="missing_required_parameter"),
    ),
    _overlooked(
        "unknown-field-accepted",
        "unknown-field",
        "Overlooks an unknown field in an update.",
        param="session.colour",
    ),
    _defect(
        "unknown-field-shortened",
        "unknown-field-param",
        "Names an unknown field without its path.",
        errors(said("param", "colour"), param="session.colour"),
    ),
    _defect(
        "nested-field-shortened",
        "nested-param",
        "Names an unknown field further down without its path.",
        errors(said("param", "colour"), param="session.audio.input.colour"),
    ),
    _defect(
        "half-applied",
        "atomic",
        "Does what is right in an update that it refuses.",
        _applies(put("Half of a wrong update.", "instructions"), param="session.hue"),
    ),
    _overlooked(
        "beta-field-accepted",
        "beta-fields",
        "Overlooks modalities, as the beta called them.",
        param="session.modalities",
    ),
    _overlooked(
        "two-modalities",
        "two-modalities",
        "Accepts text and audio at the same time.",
        param="session.output_modalities",
    ),
    _defect(
        "modalities-unnamed",
        "two-modalities-param",
        "Does not say that the modalities of an update are wrong.",
        errors(said("param", None), param="session.output_modalities"),
    ),
    _overlooked(
        "any-rate",
        "rate",
        "Accepts PCM of any rate.",
        param="session.audio.input.format.rate",
    ),
    _defect(
        "rate-refused-otherwise",
        "rate-code",
        "Refuses another rate with another code.",
        errors(said("code", "invalid_value"), param="session.audio.input.format.rate"),
    ),
    _overlooked(
        "any-limit",
        "limit-bounds",
        "Accepts any max_output_tokens.",
        param="session.max_output_tokens",
    ),
    _overlooked(
        "any-speed", "speed-bounds", "Accepts any speed.", param="session.audio.output.speed"
    ),
    _overlooked(
        "any-idle-timeout",
        "idle-timeout-bounds",
        "Accepts any idle_timeout_ms.",
        param="session.audio.input.turn_detection.idle_timeout_ms",
    ),
    _overlooked(
        "nameless-tool",
        "tool-without-name",
        "Accepts functions without a name.",
        param="session.tools[0].name",
    ),
    _overlooked(
        "any-voice", "unknown-voice", "Accepts any voice.", param="session.audio.output.voice"
    ),
    _overlooked(
        "any-type",
        "other-type",
        "Accepts an update of another type.",
        param="session.type",
        code="invalid_value",
    ),
    _overlooked(
        "model-overlooked",
        "other-model",
        "Overlooks that an update names another model.",
        param="session.model",
    ),
    _defect(
        "model-changes-in-secret",
        "model-stays",
        "Refuses another model, and takes it nevertheless.",
        _applies(put("gpt-realtime-mini", "model"), param="session.model"),
    ),
    # the voice
    _defect(
        "voice-fixed-at-once",
        "voice-free",
        "Does not let the voice change before the assistant was heard.",
        _shown(
            "session.updated",
            lambda session: (
                session.get("instructions") == "Say one word."
                and session["max_output_tokens"] == "inf"
            ),
            put("alloy", *_VOICE_AT),
        ),
    ),
    _defect(
        "voice-changes",
        "voice-locked",
        "Lets the voice change after the assistant was heard.",
        _accepts(put("sage", *_VOICE_AT), code="cannot_update_voice"),
    ),
    _defect(
        "voice-refused-otherwise",
        "voice-code",
        "Refuses another voice with another code.",
        errors(said("code", "invalid_value"), code="cannot_update_voice"),
    ),
    _defect(
        "voice-half-applied",
        "voice-atomic",
        "Takes the instructions of an update whose voice it refuses.",
        _applies(put("Say two words.", "instructions"), code="cannot_update_voice"),
    ),
    _defect(
        "same-voice-refused",
        "same-voice",
        "Refuses the voice that the session has once the assistant was heard.",
        _same_voice_refused,
    ),
)
