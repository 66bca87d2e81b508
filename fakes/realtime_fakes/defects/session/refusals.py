"""Updates that have to be refused."""

from __future__ import annotations

from realtime_fakes.defects.members import errors, put, said
from realtime_fakes.defects.session.shared import (
    applies,
    defect,
    overlooked,
)
from realtime_fakes.switches import Switch

__all__ = ["SWITCHES"]


SWITCHES: tuple[Switch, ...] = (
    overlooked(
        "update-without-type",
        "no-type",
        "Accepts an update without a type.",
        param="session.type",
        code="missing_required_parameter",
    ),
    defect(
        "missing-type-unnamed",
        "no-type-param",
        "Does not say that it is the type that an update lacks.",
        errors(said("param", None), param="session.type", code="missing_required_parameter"),
    ),
    overlooked(
        "unknown-field-accepted",
        "unknown-field",
        "Overlooks an unknown field in an update.",
        param="session.colour",
    ),
    defect(
        "unknown-field-shortened",
        "unknown-field-param",
        "Names an unknown field without its path.",
        errors(said("param", "colour"), param="session.colour"),
    ),
    defect(
        "nested-field-shortened",
        "nested-param",
        "Names an unknown field further down without its path.",
        errors(said("param", "colour"), param="session.audio.input.colour"),
    ),
    defect(
        "half-applied",
        "atomic",
        "Does what is right in an update that it refuses.",
        applies(put("Half of a wrong update.", "instructions"), param="session.hue"),
        also={
            "rt.wire.refused-update-without-effect": "it is refused, and half of it has an effect",
        },
    ),
    overlooked(
        "beta-field-accepted",
        "beta-fields",
        "Overlooks modalities, as the beta called them.",
        param="session.modalities",
    ),
    overlooked(
        "two-modalities",
        "two-modalities",
        "Accepts text and audio at the same time.",
        param="session.output_modalities",
    ),
    defect(
        "modalities-unnamed",
        "two-modalities-param",
        "Does not say that the modalities of an update are wrong.",
        errors(said("param", None), param="session.output_modalities"),
    ),
    overlooked(
        "any-rate",
        "rate",
        "Accepts PCM of any rate.",
        param="session.audio.input.format.rate",
    ),
    defect(
        "rate-refused-otherwise",
        "rate-code",
        "Refuses another rate with another code.",
        errors(said("code", "invalid_value"), param="session.audio.input.format.rate"),
    ),
    overlooked(
        "any-limit",
        "limit-bounds",
        "Accepts any max_output_tokens.",
        param="session.max_output_tokens",
    ),
    overlooked(
        "any-speed", "speed-bounds", "Accepts any speed.", param="session.audio.output.speed"
    ),
    overlooked(
        "any-idle-timeout",
        "idle-timeout-bounds",
        "Accepts any idle_timeout_ms.",
        param="session.audio.input.turn_detection.idle_timeout_ms",
    ),
    overlooked(
        "nameless-tool",
        "tool-without-name",
        "Accepts functions without a name.",
        param="session.tools[0].name",
    ),
    overlooked(
        "any-voice", "unknown-voice", "Accepts any voice.", param="session.audio.output.voice"
    ),
    overlooked(
        "any-type",
        "other-type",
        "Accepts an update of another type.",
        param="session.type",
        code="invalid_value",
        also={"rt.transcription.session-stays": "they refuse in the same way"},
    ),
    overlooked(
        "model-overlooked",
        "other-model",
        "Overlooks that an update names another model.",
        param="session.model",
    ),
    defect(
        "model-changes-in-secret",
        "model-stays",
        "Refuses another model, and takes it nevertheless.",
        applies(put("gpt-realtime-mini", "model"), param="session.model"),
        also={
            "rt.wire.refused-update-without-effect": "it is refused, and has an effect",
        },
    ),
)
