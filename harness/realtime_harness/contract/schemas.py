"""What each event has to look like: JSON Schemas generated from the ``openai`` SDK.

The stored file is written by ``harness/generate_contract.py``. Validators are compiled when an
event type is first seen. Fields that the schema does not name are tolerated: the API grows, and
clients have to live with that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, Literal, TypeAlias

import jsonschema_rs
import orjson

__all__ = [
    "REVISION",
    "client_event_errors",
    "client_event_types",
    "error_path",
    "server_event_errors",
    "server_event_fields",
    "server_event_paths",
    "server_event_types",
]

REVISION: Final = "openai-3.52.0"
"""Name of the contract in use: the SDK and the version that it was generated from."""

_Direction: TypeAlias = Literal["server", "client"]
_Path: TypeAlias = list[str | int]

_LONGEST_MESSAGE = 240
_PATH = re.compile(r"([\w-]+(?:\.[\w-]+|\[\d+\])*): ")
_DISCRIMINATORS = ("type", "role")


def server_event_errors(event: Mapping[str, Any], *, translating: bool = False) -> list[str]:
    """Return how a server event differs from its schema; nothing, if it does not.

    Each difference reads ``path: what is wrong``, for instance
    ``response.usage.total_tokens: "12" is not of types "integer", "null"``. An event of an unknown
    type has no schema and hence no differences: see :func:`server_event_types`.

    Args:
        event: the event.
        translating: whether its session translates.

    """
    return _errors("server", event, translating)


def client_event_errors(event: Mapping[str, Any], *, translating: bool = False) -> list[str]:
    """Return how a client event differs from its schema; an unknown type is a difference.

    Args:
        event: the event.
        translating: whether its session translates.

    """
    kind = event.get("type")
    if not isinstance(kind, str) or kind not in client_event_types(translating=translating):
        return [f"type: {kind!r} is not a client event"]
    return _errors("client", event, translating)


def error_path(error: str) -> str:
    """Return where a difference is, of those that the functions above return; empty if all is."""
    match = _PATH.match(error)
    return match[1] if match else ""


@cache
def server_event_types(*, translating: bool = False) -> frozenset[str]:
    """Return the types of server events that the contract knows, in sessions that translate or not.

    Those that translate have a few types of their own, and no others.
    """
    return frozenset(_models("server", translating))


@cache
def client_event_types(*, translating: bool = False) -> frozenset[str]:
    """Return the types of client events that the contract knows; see :func:`server_event_types`."""
    return frozenset(_models("client", translating))


def server_event_fields(event_type: str) -> tuple[str, ...]:
    """Return the fields that a server event of a known type has to have."""
    contract = _contract()
    required = contract["$defs"][contract["server"][event_type]].get("required", ())
    return tuple(required)


@cache
def server_event_paths(event_type: str) -> frozenset[str]:
    """Return all places in a server event of a known type, such as ``response.output[].status``.

    What may hold anything ends with ``.*``.
    """
    contract = _contract()
    return frozenset(_paths("", {"$ref": f"#/$defs/{contract['server'][event_type]}"}, ()))


def _paths(path: str, schema: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[str]:
    if (reference := schema.get("$ref")) is not None:
        if reference not in above:
            name = reference.rpartition("/")[2]
            yield from _paths(path, _contract()["$defs"][name], (*above, reference))
        return
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _paths(path, branch, above)
    if path:
        yield path
    if "items" in schema:
        yield from _paths(f"{path}[]", schema["items"], above)
    if "properties" in schema:
        for name, inner in schema["properties"].items():
            yield from _paths(f"{path}.{name}" if path else name, inner, above)
    elif schema.get("type") == "object" or not schema:
        yield f"{path}.*"


def _errors(direction: _Direction, event: Mapping[str, Any], translating: bool) -> list[str]:
    kind = event.get("type")
    validator = _validator(direction, kind, translating) if isinstance(kind, str) else None
    if validator is None or validator.is_valid(event):
        return []
    return [_readable(error) for error in validator.iter_errors(event)]


@cache
def _contract() -> dict[str, Any]:
    source = resources.files(__package__).joinpath(f"{REVISION}.json")
    contract: dict[str, Any] = orjson.loads(source.read_bytes())
    return contract


def _models(direction: _Direction, translating: bool) -> dict[str, str]:
    """Return the name of the definition of each event type."""
    contract = _contract()
    models: dict[str, str] = (contract["translation"] if translating else contract)[direction]
    return models


@cache
def _validator(
    direction: _Direction, event_type: str, translating: bool
) -> jsonschema_rs.Validator | None:
    contract = _contract()
    name = _models(direction, translating).get(event_type)
    if name is None:
        return None
    return jsonschema_rs.validator_for({"$ref": f"#/$defs/{name}", "$defs": contract["$defs"]})


def _readable(error: jsonschema_rs.ValidationError) -> str:
    path, message = _closest(error)
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    if len(message) > _LONGEST_MESSAGE:
        half = _LONGEST_MESSAGE // 2
        message = f"{message[:half]} … {message[-half:]}"
    return f"{where.removeprefix('.')}: {message}" if where else message


def _closest(error: jsonschema_rs.ValidationError) -> tuple[_Path, str]:
    """Look into "not valid under any of the schemas" for the error of the schema that was meant.

    That is the one whose discriminating fields fit, and of several the one that got deepest.
    """
    path, message = error.instance_path, error.message
    kind = error.kind
    if not isinstance(kind, jsonschema_rs.ValidationErrorKind.AnyOf):
        return path, message
    branches = kind.context
    meant = [branch for branch in branches if not any(_discriminates(e, path) for e in branch)]
    if meant:
        deepest = max(map(_deepest, meant), key=_depth)
        alone = sum(_depth(_deepest(branch)) == _depth(deepest) for branch in meant) == 1
        return _closest(deepest) if alone else (path, message)
    if not isinstance(error.instance, dict):
        return path, message
    for name in _DISCRIMINATORS:
        if name not in error.instance:
            return path, f'"{name}" is a required property'
        fits = [b for b in branches if not any(_discriminates(e, path, (name,)) for e in b)]
        if not fits:
            return [*path, name], f"{error.instance[name]!r} is none of the known ones"
        branches = fits
    return path, message


def _deepest(branch: list[jsonschema_rs.ValidationError]) -> jsonschema_rs.ValidationError:
    return max(branch, key=_depth)


def _depth(error: jsonschema_rs.ValidationError) -> int:
    return len(error.instance_path)


def _discriminates(
    error: jsonschema_rs.ValidationError, union: _Path, names: tuple[str, ...] = _DISCRIMINATORS
) -> bool:
    """Whether this error says that another member of the union was meant."""
    below = error.instance_path[len(union) :]
    if not below:
        missing = error.kind.name == "required" and error.kind.value in names
        return error.kind.name == "type" or missing
    return len(below) == 1 and below[0] in names
