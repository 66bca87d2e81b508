"""Generate the event schemas of the contract from the installed ``openai`` SDK.

    python harness/generate_contract.py [--check]

The SDK's pydantic models are generated from the vendor's API description and are the published
contract. This script reduces them to one JSON Schema for each event type, without prose, applies
:data:`AMENDMENTS`, and writes ``realtime_harness/contract/openai-<version>.json``. With ``--check``
it writes nothing and fails if the stored file differs. The output is a function of the SDK version
and of this file.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, get_args

Schema: TypeAlias = dict[str, Any]

FOLDER = Path(__file__).parent / "realtime_harness" / "contract"

_PROSE = frozenset({"title", "description", "default", "examples"})
_MAPS = frozenset({"properties", "patternProperties", "$defs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A place where real traffic contradicts the SDK. The wire wins."""

    model: str
    field: str
    schema: Schema
    """What the field really holds."""
    reason: str
    """The recording or probe that shows it."""


AMENDMENTS: tuple[Amendment, ...] = (
    Amendment(
        model="RealtimeErrorEvent",
        field="event_id",
        schema={"type": ["string", "null"]},
        reason="null in error events of Azure OpenAI GA, probed on 2026-09-24 "
        "(swigerb/SonicAIDriveThru, tests/conformance/README.md)",
    ),
)
"""All amendments; each one that no longer changes anything makes the generator fail."""


def generate() -> Schema:
    """Return the contract: event types of both directions and the definitions they share.

    Sessions that translate have events of their own, some of which have the types of others.
    """
    from openai.types.realtime import (
        RealtimeClientEvent,
        RealtimeServerEvent,
        RealtimeTranslationClientEvent,
        RealtimeTranslationServerEvent,
    )
    from pydantic import TypeAdapter

    models = {"server": _members(RealtimeServerEvent), "client": _members(RealtimeClientEvent)}
    translation = {
        "server": _members(RealtimeTranslationServerEvent),
        "client": _members(RealtimeTranslationClientEvent),
    }
    everything = dict.fromkeys(
        model for members in (*models.values(), *translation.values()) for model in members
    )
    _, schema = TypeAdapter.json_schemas(
        [(model.__name__, "validation", TypeAdapter(model)) for model in everything]
    )
    definitions = {
        _short(name): _reduced(definition) for name, definition in schema["$defs"].items()
    }
    if len(definitions) != len(schema["$defs"]):
        raise SystemExit("two definitions have the same short name: change _short()")
    for amendment in AMENDMENTS:
        _amend(definitions, amendment)
    return {
        "revision": revision(),
        **_by_type(models),
        "translation": _by_type(translation),
        "$defs": dict(sorted(definitions.items())),
    }


def _by_type(models: Mapping[str, tuple[Any, ...]]) -> dict[str, dict[str, str]]:
    return {
        direction: dict(sorted((_event_type(model), model.__name__) for model in members))
        for direction, members in models.items()
    }


def revision() -> str:
    """Return the name of the contract that this environment's SDK gives."""
    return f"openai-{importlib.metadata.version('openai')}"


def _members(union: Any) -> tuple[Any, ...]:
    """Return the models of an ``Annotated[Union[...], ...]``."""
    return get_args(get_args(union)[0])


def _event_type(model: Any) -> str:
    (value,) = get_args(model.model_fields["type"].annotation)
    return str(value)


def _short(name: str) -> str:
    return name.removeprefix("openai__types__realtime__")


def _reduced(schema: Any) -> Any:
    """Return the schema without prose and without what says nothing."""
    if isinstance(schema, list):
        return [_reduced(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result = dict(_keywords(schema))
    if "anyOf" in result:
        result["anyOf"] = _without_subsets(result["anyOf"])
        if len(result) == 1 and all(choice.keys() == {"type"} for choice in result["anyOf"]):
            types = [choice["type"] for choice in result["anyOf"]]
            return {"type": types if len(types) > 1 else types[0]}
    return result


def _keywords(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for keyword, value in sorted(schema.items()):
        if keyword in _PROSE or (keyword == "additionalProperties" and value is True):
            continue
        if keyword in _MAPS:  # their keys are names, not keywords: a field may be called "title"
            yield keyword, {name: _reduced(part) for name, part in sorted(value.items())}
        elif keyword == "$ref":
            yield keyword, "#/$defs/" + _short(value.rpartition("/")[2])
        elif keyword in {"const", "enum", "required"}:
            yield keyword, value
        else:
            yield keyword, _reduced(value)


def _without_subsets(choices: list[Schema]) -> list[Schema]:
    """Drop lists of known strings beside "any string": models and voices come and go."""
    if {"type": "string"} not in choices:
        return choices
    return [
        choice
        for choice in choices
        if choice.get("type") != "string" or not choice.keys() & {"const", "enum"}
    ]


def _amend(definitions: dict[str, Schema], amendment: Amendment) -> None:
    properties = definitions[amendment.model]["properties"]
    if properties[amendment.field] == amendment.schema:
        raise SystemExit(
            f"the SDK now agrees with the wire about {amendment.model}.{amendment.field}: "
            "remove the amendment"
        )
    properties[amendment.field] = amendment.schema


def main(arguments: list[str] | None = None) -> int:
    """Write or check the stored contract; return the exit code."""
    parser = argparse.ArgumentParser(description="Generate the contract from the openai SDK.")
    parser.add_argument("--check", action="store_true", help="compare with the stored file")
    options = parser.parse_args(arguments)
    path = FOLDER / f"{revision()}.json"
    text = json.dumps(generate(), indent=1, ensure_ascii=False) + "\n"
    if not options.check:
        path.write_text(text, encoding="utf-8")
        return 0
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{path} is not what {revision()} gives: run harness/generate_contract.py\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
