"""Identifiers of the forms that the live service uses.

Session, event, item, response and conversation ids are a name and 21 letters or digits, of which
the first five are the second of their making in base 62, counted from 1576800000 (fifty years of
365 days after the epoch). This holds for every recorded id (pydantic-ai realtime cassettes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits

__all__ = ["Ids", "shard_of"]

_ALPHABET = digits + ascii_uppercase + ascii_lowercase
_EPOCH = 1_576_800_000
_RANDOM = 16
_POOL = 4096
_CALL = re.compile(r"rtc_(?:u(\d)_|([\da-f])[\da-f]{31}$)")
_TO_ALPHABET = bytes(ord(_ALPHABET[byte % len(_ALPHABET)]) for byte in range(256))


class Ids:
    """A source of identifiers that never repeat.

    Random letters are made in bulk and handed out in slices, because every event needs an id.

    Args:
        seed: makes the sequence repeatable.
        shard: who makes them, 1 to 9; ids of calls tell (:func:`shard_of`). The live service has a
            digit there too.

    """

    def __init__(self, seed: int | str | None = None, shard: int | None = None) -> None:
        self._shard = shard
        self._random = Random(seed)
        self._second = -1
        # Iterators instead of methods: they are asked for every event that is sent.
        self._slices = chain.from_iterable(self._pools())
        self.letters: Callable[[], str] = self._slices.__next__
        """Return 16 random letters and digits."""
        self.event: Callable[[], str] = self.letters
        """Return an id for a server event."""
        self.at(_EPOCH)

    def at(self, now: float) -> None:
        """Make what follows at ``now``, in Unix seconds."""
        second = int(now)
        if second == self._second:
            return
        self._second = second
        number = max(0, second - _EPOCH)
        letters = ""
        for _ in range(5):
            number, letter = divmod(number, len(_ALPHABET))
            letters = _ALPHABET[letter] + letters
        self._time = letters
        self.event = map(("event_" + letters).__add__, self._slices).__next__

    def session(self) -> str:
        """Return an id for a session over WebSocket."""
        return self._named("sess_")

    def call(self) -> str:
        """Return an id for a call."""
        return self._named(f"rtc_u{self._shard or 1}_")

    def hexadecimal_call(self) -> str:
        """Return an id for a call, as Azure forms it."""
        digits = f"{self._random.getrandbits(128):032x}"
        return f"rtc_{digits if self._shard is None else f'{self._shard:x}{digits[1:]}'}"

    def session_of_call(self, call_id: str) -> str:
        """Return the id of the session behind a call: the same, but for the name.

        Azure's sessions have nothing of their calls' ids.
        """
        if call_id.startswith("rtc_u"):
            return call_id.replace("rtc_", "sess_", 1)
        return self.session()

    def item(self) -> str:
        """Return an id for an item of a conversation."""
        return self._named("item_")

    def response(self) -> str:
        """Return an id for a response."""
        return self._named("resp_")

    def conversation(self) -> str:
        """Return an id for a conversation."""
        return self._named("conv_")

    def function_call(self) -> str:
        """Return an id by which a function call and its output find each other."""
        return "call_" + self.letters()

    def mcp_approval_request(self) -> str:
        """Return an id for the item that asks whether a tool may be called."""
        return self._named("mcpr_")

    def ephemeral_key(self) -> str:
        """Return a client secret: 32 hexadecimal digits."""
        return f"ek_{self._random.getrandbits(128):032x}"

    def _named(self, name: str) -> str:
        return name + self._time + self.letters()

    def _pools(self) -> Iterator[list[str]]:
        while True:
            pool = self._random.randbytes(_POOL).translate(_TO_ALPHABET).decode()
            yield [pool[start : start + _RANDOM] for start in range(0, _POOL, _RANDOM)]


def shard_of(call_id: str) -> int | None:
    """Return who made the id of a call; ``None`` if it is of no form that is made here."""
    found = _CALL.match(call_id)
    return None if found is None else int(found[1] or found[2], 16)
