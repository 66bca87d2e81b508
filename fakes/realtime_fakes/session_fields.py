"""What a client may write into a session, field by field, as shapes.

Source: types of the OpenAI SDK (``realtime_session_create_request`` and what it refers to).
"""

from __future__ import annotations

import re
from typing import Any

from realtime_fakes.mcp_connectors import TOOLS as _CONNECTORS
from realtime_fakes.shapes import (
    Function,
    Refusal,
    Shape,
    anything,
    array,
    by_type,
    integer,
    mapping,
    nullable,
    number,
    one_of,
    optional,
    record,
    tagged,
)

__all__ = [
    "AUDIO_FORMAT",
    "AUDIO_INPUT",
    "INCLUDE",
    "MAX_OUTPUT_TOKENS",
    "NOISE_REDUCTION",
    "OUTPUT_MODALITIES",
    "PROMPT",
    "REASONING",
    "SESSION",
    "TOOLS",
    "TOOL_CHOICE",
    "VOICE",
    "VOICES",
]

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

_modalities = array(one_of("text", "audio"))


def _one_modality(value: Any) -> list[str]:
    if value != ["text"] and value != ["audio"]:
        raise Refusal("invalid_modalities", found=str(_modalities(value)))
    return list(value)


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

# https://github.com/openai/openai-openapi, ``MCPTool.tunnel_id``
_is_tunnel = re.compile(r"tunnel_[a-z0-9]{32}").fullmatch
_ADDRESSES = ("server_url", "connector_id", "tunnel_id")


def _url(value: str) -> str:
    if value != "builtin" and not value.startswith(("http://", "https://")):
        raise Refusal("unsupported_value", reason="expected an http or https URL.")
    return value


def _tunnel(value: str) -> str:
    if not _is_tunnel(value):
        raise Refusal("unsupported_value", reason="expected 'tunnel_' and 32 letters or digits.")
    return value


def _addressed(fields: Function) -> Shape:
    """Return the shape of an MCP server that is to be found in exactly one way."""

    def shape(value: Any) -> Any:
        checked = fields(value)
        given = [name for name in _ADDRESSES if name in checked]
        if not given:
            raise Refusal("missing_required_parameter", "server_url")
        if len(given) > 1:
            reason = f"it cannot be given together with '{given[0]}'."
            raise Refusal("unsupported_value", given[1], reason=reason)
        return checked

    return shape


def _labelled(tools: Function) -> Shape:
    """Return the shape of tools of which no two are servers with the same label."""

    def shape(value: Any) -> Any:
        labels = set()
        checked = tools(value)
        for index, tool in enumerate(checked):
            label = tool.get("server_label")
            if label in labels:
                reason = "another server has this label."
                raise Refusal("unsupported_value", index, "server_label", reason=reason)
            if label is not None:
                labels.add(label)
        return checked

    return shape


_tool_filter = record({"tool_names": optional(array(str)), "read_only": optional(bool)})
_FUNCTION = record(
    {
        "type": str,
        "name": str,
        "description": nullable(str),
        "parameters": nullable(by_type({dict: anything})),
    },
    required=("name",),
)
_MCP = record(
    {
        "type": str,
        "server_label": str,
        "server_url": optional(by_type({str: _url})),
        "connector_id": optional(one_of(*_CONNECTORS)),
        "tunnel_id": optional(by_type({str: _tunnel})),
        "authorization": nullable(str),
        "headers": nullable(mapping(str, most=64, longest_key=256)),
        "allowed_tools": nullable(by_type({list: array(str), dict: _tool_filter})),
        "require_approval": nullable(
            by_type(
                {
                    str: one_of("always", "never"),
                    dict: record(
                        {"always": optional(_tool_filter), "never": optional(_tool_filter)}
                    ),
                }
            )
        ),
        "server_description": nullable(str),
        "defer_loading": optional(bool),
        "allowed_callers": nullable(array(one_of("direct", "programmatic"))),
    },
    required=("server_label",),
)
TOOLS: Shape = _labelled(array(tagged("type", {"function": _FUNCTION, "mcp": _addressed(_MCP)})))
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
_VARIABLE = tagged(
    "type",
    {
        "input_text": record({"type": str, "text": str}, required=("text",)),
        "input_image": anything,
        "input_file": anything,
    },
)
PROMPT: Shape = nullable(
    record(
        {
            "id": str,
            "version": nullable(str),
            "variables": nullable(
                mapping(by_type({str: str, dict: _VARIABLE}), most=128, longest_key=256)
            ),
        },
        required=("id",),
    )
)
_VAD_FLAGS: dict[str, Shape] = {
    "type": str,
    "create_response": optional(bool),
    "interrupt_response": optional(bool),
}
_TURN_DETECTION = tagged(
    "type",
    {
        "server_vad": record(
            {
                **_VAD_FLAGS,
                "threshold": optional(number(0, 1)),
                "prefix_padding_ms": optional(integer(0)),
                "silence_duration_ms": optional(integer(0)),
                "idle_timeout_ms": nullable(integer(5_000, 30_000)),
            }
        ),
        "semantic_vad": record(
            {**_VAD_FLAGS, "eagerness": optional(one_of("low", "medium", "high", "auto"))}
        ),
    },
)
NOISE_REDUCTION: Shape = nullable(
    record(
        {"type": one_of("near_field", "far_field"), "strength": optional(number(0, 1))},
        required=("type",),
    )
)
_KEYWORDS = ("gpt-transcribe", "gpt-live-transcribe")
_UNDERSTOOD_BY: dict[str, tuple[str, ...]] = {
    "delay": ("gpt-realtime-whisper",),
    "keywords": _KEYWORDS,
    "languages": _KEYWORDS,
    "prompt": tuple(name for name in _TRANSCRIPTION_MODELS if name != "gpt-realtime-whisper"),
}
"""Which transcription models take a field (OpenAI SDK, docstrings of ``audio_transcription``)."""


def _understood(fields: Function) -> Shape:
    """Return the shape of transcription whose model takes all that is set."""

    def shape(value: Any) -> Any:
        checked = fields(value)
        for name, models in _UNDERSTOOD_BY.items():
            if checked.get(name) is not None and checked["model"] not in models:
                raise Refusal("unsupported_by_model", name, model=checked["model"])
        return checked

    return shape


AUDIO_INPUT: Shape = record(
    {
        "format": optional(AUDIO_FORMAT),
        "noise_reduction": NOISE_REDUCTION,
        "transcription": nullable(
            _understood(
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
            )
        ),
        "turn_detection": nullable(_TURN_DETECTION),
    }
)
_AUDIO_OUTPUT = record(
    {
        "format": optional(AUDIO_FORMAT),
        "voice": optional(VOICE),
        "speed": optional(number(0.25, 1.5)),
    }
)

INCLUDE: Shape = nullable(array(one_of("item.input_audio_transcription.logprobs")))

_REALTIME = record(
    {
        "type": str,
        "model": optional(str),
        "output_modalities": optional(OUTPUT_MODALITIES),
        "instructions": optional(str),
        "tools": optional(TOOLS),
        "tool_choice": optional(TOOL_CHOICE),
        "parallel_tool_calls": optional(bool),
        "reasoning": optional(REASONING),
        "max_output_tokens": optional(MAX_OUTPUT_TOKENS),
        "tracing": nullable(
            by_type(
                {
                    str: one_of("auto"),
                    dict: record(
                        {
                            "workflow_name": optional(str),
                            "group_id": optional(str),
                            "metadata": optional(by_type({dict: anything})),
                        }
                    ),
                }
            )
        ),
        "truncation": optional(
            by_type(
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
            )
        ),
        "prompt": PROMPT,
        "audio": optional(
            record({"input": optional(AUDIO_INPUT), "output": optional(_AUDIO_OUTPUT)})
        ),
        "include": INCLUDE,
    }
)


def _transcription(value: Any) -> Any:
    raise Refusal("type_change", found="transcription", current="realtime")


SESSION: Shape = tagged("type", {"realtime": _REALTIME, "transcription": _transcription})
"""A session as it is asked for or updated."""
