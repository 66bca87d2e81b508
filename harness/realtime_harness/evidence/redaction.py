"""Taking secrets out of what is written down."""

from __future__ import annotations

import re
from typing import Any

import orjson

__all__ = ["MASK", "Redactor"]

MASK = "[redacted]"

_SHORTEST_SECRET = 4
"""Registered secrets below this length are refused: masking them would eat half the evidence."""

_LOOKS_SECRET = re.compile(
    r"""
      (?P<bearer>\bBearer\s+) [^\s,;"'\\]+
    | (?P<protocol>\bopenai-(?:insecure|ephemeral)-(?:api-)?key\.) [^\s,;"'\\]+
    | (?P<key>\b(?:sk-|ek_)) [A-Za-z0-9_-]{4,}
    """,
    re.VERBOSE | re.IGNORECASE,
)

_STARTS = ("bearer", "openai-insecure-", "openai-ephemeral-", "sk-", "ek_")
"""One of these is in everything that the pattern finds."""


def _mask(match: re.Match[str]) -> str:
    kept = match["bearer"] or match["protocol"] or ""
    return kept + MASK


class Redactor:
    """Replaces secrets by :data:`MASK`: those that were registered, and all that look like one.

    What looks like one: ``sk-…`` and ``ek_…`` keys, ``Bearer …`` credentials, and keys in the
    subprotocols that browsers authenticate with.
    """

    def __init__(self, *secrets: str) -> None:
        self._secrets: set[str] = set()
        self._registered: re.Pattern[str] | None = None
        for secret in secrets:
            self.register(secret)

    def register(self, secret: str) -> None:
        """Mask ``secret`` from now on. One of fewer than four characters is ignored."""
        if len(secret) < _SHORTEST_SECRET or secret in self._secrets:
            return
        # As it stands, and as it stands inside a JSON string.
        self._secrets |= {secret, orjson.dumps(secret).decode()[1:-1]}
        # The longest first, so that a secret that starts with another one is masked as a whole.
        longest_first = sorted(self._secrets, key=lambda s: (-len(s), s))
        self._registered = re.compile("|".join(map(re.escape, longest_first)))

    def text(self, text: str) -> str:
        """Return ``text`` without secrets."""
        # Looking for substrings first: on messages of many KiB the patterns are slow.
        if self._registered is not None and any(secret in text for secret in self._secrets):
            text = self._registered.sub(MASK, text)
        lowered = text.lower()
        if any(start in lowered for start in _STARTS):
            text = _LOOKS_SECRET.sub(_mask, text)
        return text

    def data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return ``data`` without secrets: the same object if there are none in it."""
        # On the serialized form, so that no depth of nesting and no member name escapes.
        text = orjson.dumps(data).decode()
        clean = self.text(text)
        if clean == text:
            return data
        result: dict[str, Any] = orjson.loads(clean)
        return result
