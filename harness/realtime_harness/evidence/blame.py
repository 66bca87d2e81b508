"""Which field of an event it is that a verdict is about."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["blamed_field", "sdp_line"]

_MOST_FIELDS = 5_000
"""Of one line of evidence that are looked at."""

_NAME = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[\d+\])*")
_GOT = re.compile(r"^(.*?)\bgot (.+)$", re.DOTALL)
_END_OF_VALUE = re.compile(r": |, | and | with | in |; | \(")
_NO_ANSWER = "got no answer"

# How much each sign counts. A value that many fields have, such as null, says little by itself.
_NAMED, _VALUE, _CHECK, _WORD, _COMMON_VALUE = 4, 3, 2, 1, 1
_ENOUGH = 2
_EVERYWHERE = frozenset({"id", "type", "name"})
"""Fields that so much has that one word of a check's name does not mean them."""


def blamed_field(check: str, reason: str, data: Any) -> str:
    """Find the field that a reason is about, for checks that do not say which.

    It is the one that the reason names or whose value it says came (``got …``), or the one that the
    check is named after; of several that are as likely, the outermost one or, if there is none,
    nothing.

    Args:
        check: id of the check.
        reason: of its verdict.
        data: of the line of evidence that decided it.

    Returns:
        a path such as ``response.output[0].id``; empty if the reason does not tell.

    """
    if _NO_ANSWER in reason:
        return ""
    match = _GOT.match(reason)
    expected, got = (match[1], match[2]) if match else (reason, "")
    fields = list(_fields(data))
    values = _literal(got)
    if isinstance(values, dict) and (member := _blamed_member(fields, _literal(expected), values)):
        return member
    readings = [*(_read(part.strip()) for part in (got, _END_OF_VALUE.split(got)[0]))]
    # What is written out behind ``got`` names all of its fields.
    said = expected + got.partition("{")[0]
    names = {name for name in _NAME.findall(said) if len(name) > 1}
    words = set(check.rpartition(".")[2].split("-"))
    scores: dict[str, int] = {}
    for path, value in fields:
        key = path.rpartition(".")[2]
        score = max((_weight(name) for name in names if _ends(path, name)), default=0)
        if any(type(value) is type(each) and value == each for each in readings if got):
            score += _COMMON_VALUE if value in (None, "", 0, 1, [], {}) else _VALUE
        if not isinstance(value, dict) and key not in _EVERYWHERE:
            score += _CHECK * words.issuperset(re.split("[_-]", key.lower()))
        if score >= _ENOUGH:
            scores[path] = score
    best = max(scores.values(), default=0)
    likely = [path for path, score in scores.items() if score == best]
    # What lies further out is what is meant: the status of a response, not those of its items.
    depth = min(map(_depth, likely), default=0)
    found = [path for path in likely if _depth(path) == depth]
    return found[0] if len(found) == 1 else ""


def sdp_line(beginning: str) -> str:
    """Return the path of lines of an SDP that is the body of a message, such as ``a=setup``."""
    return f"body:{beginning}"


def _depth(path: str) -> int:
    return path.count(".") + path.count("[")


def _ends(path: str, name: str) -> bool:
    return path == name or path.endswith(f".{name}")


def _weight(name: str) -> int:
    """Return how much a name says: one of several words is hardly there by chance."""
    return _NAMED if re.search(r"[._\[]", name) else _WORD


def _blamed_member(fields: list[tuple[str, Any]], expected: Any, got: dict[Any, Any]) -> str:
    """Return the object that has all members of ``got``, or the one member that is another."""
    holders = [p for p, v in fields if isinstance(v, dict) and got and got.items() <= v.items()]
    if len(holders) != 1:
        return ""
    path = holders[0]
    while isinstance(expected, dict) and isinstance(got, dict):
        wrong = [k for k in expected if k in got and got[k] != expected[k]]
        if len(wrong) != 1:
            break
        path, expected, got = f"{path}.{wrong[0]}", expected[wrong[0]], got[wrong[0]]
    return path


def _literal(text: str) -> Any:
    """Return the object that is written out in a text, if there is one; else nothing."""
    begin, end = text.find("{"), text.rfind("}")
    return _read(text[begin : end + 1]) if 0 <= begin < end else None


def _read(text: str) -> Any:
    """Return what a text says: a literal or, if it is none, itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _fields(data: Any) -> Iterator[tuple[str, Any]]:
    """Yield path and value of all fields, from the outside to the inside."""
    level: list[tuple[str, Any]] = [("", data)]
    left = _MOST_FIELDS
    while level and left > 0:
        below: list[tuple[str, Any]] = []
        for path, value in level:
            if path:
                left -= 1
                yield path, value
            if path == "body" and isinstance(value, str):
                # What a reader sees of it, and what checks speak of, is the JSON that it holds.
                value = _json(value)
            if isinstance(value, dict):
                below += ((f"{path}.{key}" if path else key, each) for key, each in value.items())
            elif isinstance(value, list):
                below += ((f"{path}[{i}]", each) for i, each in enumerate(value))
        level = below


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
