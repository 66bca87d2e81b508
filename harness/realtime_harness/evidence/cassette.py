"""Reads cassettes: conversations with a real endpoint, recorded by a client's tests, in YAML.

The form is that of pydantic-ai's ``tests/realtime/cassettes`` (VCR's, with messages of a WebSocket
beside HTTP exchanges)::

    version: 1
    interactions:
    - kind: message
      direction: sent
      data: {type: response.create}
    - request: {method: POST, uri: …, headers: …, body: …}
      response: {status: {code: 201, message: Created}, headers: …, body: {string: …}}

There are no times in it, so an entry's time is its place, in milliseconds. A file whose name has
``sideband`` in it was recorded on one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import yaml

from realtime_harness.errors import UsageError
from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane
from realtime_harness.evidence.redaction import Redactor

__all__ = ["read_cassette"]

_REMEDY = "give a cassette with `interactions`, each a message or a request with its response"
_PLACE_NS = 1_000_000

# Its constructor, with libyaml where there is one.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_cassette(path: Path) -> list[Entry]:
    """Return a cassette as evidence, without secrets.

    Raises:
        UsageError: if it cannot be used; the message names the file, the line and the remedy.

    """
    try:
        root = yaml.compose(path.read_bytes(), Loader=_Loader)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): {_REMEDY}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "not text"
        raise UsageError(f"{path}{line}: is not YAML ({problem}): {_REMEDY}") from error
    interactions = _member(root, "interactions")
    if not isinstance(interactions, yaml.SequenceNode):
        raise UsageError(f"{path}, line 1: has no list of interactions: {_REMEDY}")
    lane = Lane.SIDEBAND if "sideband" in path.name else Lane.WEBSOCKET
    redactor = Redactor()
    entries: list[Entry] = []
    for node in interactions.value:
        try:
            lines = list(_lines(_value(node), lane))
        except (KeyError, TypeError, ValueError) as error:
            line = node.start_mark.line + 1
            what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise UsageError(f"{path}, line {line}: {what}: {_REMEDY}") from error
        for where, direction, kind, data in lines:
            entries.append(
                Entry(
                    seq=len(entries),
                    t_ns=len(entries) * _PLACE_NS,
                    lane=where,
                    connection="client",
                    direction=direction,
                    kind=kind,
                    data=redactor.data(data),
                )
            )
    return entries


def _lines(
    interaction: dict[str, Any], lane: Lane
) -> Iterator[tuple[Lane, Direction, Kind, dict[str, Any]]]:
    """Yield what an interaction is in evidence."""
    if not isinstance(interaction, dict):
        raise TypeError("an interaction has to be a mapping")
    if "request" in interaction:
        asked, answered = interaction["request"], interaction["response"]
        yield (
            Lane.HTTP,
            Direction.SENT,
            Kind.REQUEST,
            {"method": asked["method"], "url": asked["uri"], **_message(asked)},
        )
        status = answered["status"]["code"]
        data = {"status": status, **_message(answered)}
        yield Lane.HTTP, Direction.RECEIVED, Kind.RESPONSE, data
        return
    if interaction["kind"] != "message":
        raise ValueError(f"the kind {interaction['kind']!r} is not known")
    if not isinstance(interaction["data"], dict):
        raise TypeError("data has to be an event")
    yield lane, Direction(interaction["direction"]), Kind.EVENT, interaction["data"]


def _message(part: dict[str, Any]) -> dict[str, Any]:
    """Return headers and body, as evidence has them."""
    headers = {name.lower(): ", ".join(values) for name, values in part["headers"].items()}
    if "parsed_body" in part:
        body = orjson.dumps(part["parsed_body"]).decode()
    else:
        body = part.get("body") or ""
        body = body.get("string", "") if isinstance(body, dict) else body
    return {"headers": headers, "body": str(body)}


def _member(node: Any, name: str) -> Any:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _value(node: Any) -> Any:
    """Construct the value of a node."""
    return yaml.SafeLoader.construct_document(yaml.SafeLoader(""), node)
