"""Reads append-only JSONL back, whatever state a run left it in.

A run may have been killed in the middle of a line, and what an endpoint sends need not be good
Unicode. Nothing here raises for what stands in a file: a line that cannot be used becomes a
sentence in ``problems``, and reading goes on behind it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson

from realtime_harness.evidence.entry import Entry

__all__ = ["Lines", "read_entries", "read_lines"]

T = TypeVar("T")


class Lines(NamedTuple):
    """What could be read of a JSONL file."""

    values: list[Any]
    """One parsed value for each usable line, in the order of the file."""
    problems: list[str]
    """A sentence for each line that could not be used; names the file and the line."""


def read_entries(path: Path) -> Lines:
    """Read an evidence file: ``values`` are :class:`Entry`."""
    return read_lines(path, Entry.from_json)


def read_lines(path: Path, parse: Callable[[dict[str, Any]], T]) -> Lines:
    """Read a JSONL file and parse each object with ``parse``.

    Args:
        path: the file; if it does not exist, that is a problem, not an exception.
        parse: raises ``KeyError``, ``TypeError`` or ``ValueError`` for an object it cannot use.

    """
    try:
        content = path.read_bytes()
    except OSError as error:
        return Lines([], [f"{path.name} cannot be read: {error.strerror or error}"])
    values: list[Any] = []
    problems: list[str] = []
    lines = content.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values.append(parse(_loads(line)))
        except (KeyError, TypeError, ValueError) as error:
            # Every complete line ends with a newline, so only a cut-off one can stand at the end.
            why = "is cut off" if number == len(lines) else f"cannot be used ({error!r})"
            problems.append(f"line {number} of {path.name} {why}")
    return Lines(values, problems)


def _loads(line: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        # orjson refuses lone surrogates and bad UTF-8, both of which are evidence like any other.
        value = json.loads(line.decode("utf-8", errors="replace"))
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value
