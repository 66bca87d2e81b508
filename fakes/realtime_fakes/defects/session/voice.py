"""The voice, which is fixed once it was heard."""

from __future__ import annotations

from typing import Any

from realtime_fakes.audience import Role
from realtime_fakes.defects.members import errors, put, said
from realtime_fakes.defects.session.shared import (
    VOICE_AT,
    accepts,
    applies,
    defect,
    error,
    shown,
)
from realtime_fakes.switches import Event, Switch

__all__ = ["SWITCHES"]


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
    return [error(event, "cannot_update_voice", None)]


SWITCHES: tuple[Switch, ...] = (
    defect(
        "voice-fixed-at-once",
        "voice-free",
        "Does not let the voice change before the assistant was heard.",
        shown(
            "session.updated",
            lambda session: (
                session.get("instructions") == "Say one word."
                and session["max_output_tokens"] == "inf"
            ),
            put("alloy", *VOICE_AT),
        ),
    ),
    defect(
        "voice-changes",
        "voice-locked",
        "Lets the voice change after the assistant was heard.",
        accepts(put("sage", *VOICE_AT), code="cannot_update_voice"),
    ),
    defect(
        "voice-refused-otherwise",
        "voice-code",
        "Refuses another voice with another code.",
        errors(said("code", "invalid_value"), code="cannot_update_voice"),
    ),
    defect(
        "voice-half-applied",
        "voice-atomic",
        "Takes the instructions of an update whose voice it refuses.",
        applies(put("Say two words.", "instructions"), code="cannot_update_voice"),
        also={
            "rt.wire.refused-update-without-effect": "it is refused, and half of it has an effect",
        },
    ),
    defect(
        "same-voice-refused",
        "same-voice",
        "Refuses the voice that the session has once the assistant was heard.",
        _same_voice_refused,
    ),
)
