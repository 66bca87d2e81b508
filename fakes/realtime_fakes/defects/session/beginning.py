"""What sessions begin with."""

from __future__ import annotations

from typing import Any

from realtime_fakes.defects.members import put
from realtime_fakes.defects.session.shared import (
    HEARD,
    VAD_AT,
    VOICE_AT,
    defect,
    shown,
)
from realtime_fakes.switches import EventTap, Switch

__all__ = ["SWITCHES"]


def _created(value: Any, *path: str, model: str | None = None) -> EventTap:
    """Return a tap that puts ``value`` into what a session of type realtime begins with."""

    def where(session: dict[str, Any]) -> bool:
        return session["type"] == "realtime" and model in (None, session["model"])

    return shown("session.created", where, put(value, *path))


SWITCHES: tuple[Switch, ...] = (
    defect(
        "of-another-kind",
        "kind",
        "Says in session.created that the session is some other object.",
        _created("realtime.conversation", "object"),
    ),
    defect(
        "id-of-another-form",
        "id",
        "Gives sessions ids that start with session-.",
        None,
        policy={"session_id_prefix": "session-"},
    ),
    defect(
        "begins-with-text",
        "default-modalities",
        "Lets sessions begin with text.",
        _created(["text"], "output_modalities"),
    ),
    defect(
        "begins-with-required-tools",
        "default-tools",
        "Lets sessions begin with the tool_choice required.",
        _created("required", "tool_choice"),
    ),
    defect(
        "begins-with-limit",
        "default-limit",
        "Lets sessions begin with a limit of 4096 output tokens.",
        _created(4096, "max_output_tokens"),
    ),
    defect(
        "begins-without-truncation",
        "default-truncation",
        "Lets sessions begin with truncation disabled.",
        _created("disabled", "truncation"),
    ),
    defect(
        "begins-with-g711",
        "default-formats",
        "Lets sessions begin with G.711 as the format of the input.",
        _created({"type": "audio/pcmu"}, *HEARD, "format"),
        also={
            "rt.wire.refused-update-without-effect": "a refused update names the true format",
        },
    ),
    defect(
        "begins-with-long-padding",
        "default-turn-detection",
        "Lets sessions begin with a padding of 500 ms.",
        _created(500, *VAD_AT, "prefix_padding_ms"),
    ),
    defect(
        "begins-with-short-silence",
        "default-silence",
        "Lets sessions of gpt-realtime-2.1 begin with 200 ms of silence.",
        _created(200, *VAD_AT, "silence_duration_ms", model="gpt-realtime-2.1"),
    ),
    defect(
        "begins-with-old-voice",
        "default-voice",
        "Lets sessions of gpt-realtime-2.1 begin with the voice alloy.",
        _created("alloy", *VOICE_AT, model="gpt-realtime-2.1"),
    ),
    defect(
        "begins-fast",
        "default-speed",
        "Lets sessions begin at the speed 1.1.",
        _created(1.1, "audio", "output", "speed"),
    ),
    defect(
        "begins-with-noise-reduction",
        "default-off",
        "Lets sessions begin with noise reduction.",
        _created({"type": "near_field"}, *HEARD, "noise_reduction"),
    ),
    defect(
        "begins-without-instructions",
        "default-instructions",
        "Lets sessions begin without instructions.",
        shown(
            "session.created",
            lambda session: str(session.get("instructions")).startswith("You are the voice"),
            put("", "instructions"),
        ),
    ),
)
