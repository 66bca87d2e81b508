"""What an event is made of, apart from what it says: keys, nulls, and the few telling values.

Two services that speak the same protocol send different words, ids and numbers, and the same
patterns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from realtime_harness.contract.stream import event_type

__all__ = ["Shape", "pattern", "shapes"]

_TELLING = frozenset({"object", "role", "status", "type"})
"""Keys whose values are part of the protocol."""


def pattern(value: Any) -> Any:
    """Reduce a value to its keys at every level, and to what is null and what is not."""
    if isinstance(value, dict):
        return {key: pattern(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [pattern(entry) for entry in value]
    return None if value is None else type(value).__name__


@dataclass(slots=True)
class Shape:
    """What all events of one type had in common, and what not."""

    count: int = 0
    kinds: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Path, such as ``response.output[].status`` -> JSON types that stood there."""
    values: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Path -> values, where they are part of the protocol."""


def shapes(events: Iterable[dict[str, Any]]) -> dict[str, Shape]:
    """Return the shape of the events of each type, in the order they first came."""
    found: dict[str, Shape] = {}
    for event in events:
        shape = found.setdefault(event_type(event), Shape())
        shape.count += 1
        for path, value in _walk("", event):
            shape.kinds[path].add(_KINDS.get(type(value), "number"))
            if path.rpartition(".")[2] in _TELLING and isinstance(value, str):
                shape.values[path].add(value)
    return found


_KINDS = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    type(None): "null",
}


def _walk(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _walk(f"{path}.{key}" if path else key, entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _walk(f"{path}[]", entry)
