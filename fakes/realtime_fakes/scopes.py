"""How behaviours, defects and faults are written, and for whom they are on.

All of them are written in one way: a name, and parameters behind a colon::

    letter-by-letter
    letter-by-letter:key=sk-one
    drop:every=5,to=sideband,session=sess_1

Two parameters are understood by all: ``key`` and ``session``, the scope. What has none is on for
everybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

__all__ = ["EVERYBODY", "SCOPE", "Parser", "Scope", "for_session", "masked", "parameters"]

Parser: TypeAlias = Callable[[str], Any]
"""Reads the value of a parameter; a ``ValueError`` says what it ``has to be``."""


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom something is on."""

    key: str | None = None
    """For what was opened with this key, or with an ephemeral key that was made with it."""
    session: str | None = None
    """For the session of this id."""

    def covers(self, keys: tuple[str, ...], session_id: str | None) -> bool:
        """Whether it is on for whoever has shown these keys, in this session."""
        return (self.key is None or self.key in keys) and self.session in (None, session_id)


EVERYBODY = Scope()


def _key(text: str) -> str:
    if not text:
        raise ValueError("has to be a key such as sk-fake")
    return text


def _session(text: str) -> str:
    if not text:
        raise ValueError("has to be the id of a session such as sess_…, as GET /state shows it")
    return text


SCOPE: Mapping[str, Parser] = MappingProxyType({"key": _key, "session": _session})
"""What every switch takes."""

_KEY = re.compile(r"\bkey=([^,]*)")
_SHOWN = 4
"""Letters of a key's end that are shown, at most; and no more than a quarter of it."""


def parameters(
    what: str, text: str, parsers: Mapping[str, Parser], *, main: str | None = None
) -> dict[str, Any]:
    """Read ``parameter=value,…``, what a switch has behind its colon.

    Args:
        what: it is, for messages: ``fault 'drop'``.
        text: behind the colon.
        parsers: of the parameters that it takes.
        main: the one that may come first without its name.

    Raises:
        ValueError: if it cannot be read; the message names the switch and the parameter.

    """
    values: dict[str, Any] = {}
    for place, part in enumerate(filter(None, text.split(","))):
        parameter, is_named, value = part.partition("=")
        if not is_named:
            if place or main is None:
                raise ValueError(f"{what}: {part!r}: write parameter=value")
            parameter, value = main, part
        if parameter not in parsers:
            raise ValueError(f"{what}: no parameter {parameter!r}; known: {', '.join(parsers)}")
        try:
            values[parameter] = parsers[parameter](value)
        except ValueError as error:
            said = str(error)
            remedy = said if said.startswith("has to") else "has to be a number"
            raise ValueError(f"{what}: {parameter} {remedy}, not {value!r}") from None
    return values


def for_session(text: str, session_id: str) -> str:
    """Return a switch as it is written, limited to a session.

    Raises:
        ValueError: if it is limited to one already.

    """
    name, colon, rest = text.partition(":")
    if re.search(r"(^|,)session=", rest):
        raise ValueError(f"{name!r}: leave session= away, the address says which one")
    return f"{text}{',' if colon and rest else '' if colon else ':'}session={session_id}"


def masked(text: str) -> str:
    """Return a switch as it may be shown: the end of its key tells keys apart."""
    return _KEY.sub(lambda found: f"key={_masked(found[1])}", text)


def _masked(key: str) -> str:
    shown = min(_SHOWN, len(key) // 4)
    return f"…{key[-shown:]}" if shown else "…"
