"""Takes part in a session from inside the fake, as a sideband that has no connection."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import orjson

from realtime_fakes.audience import Attachment, Role

if TYPE_CHECKING:
    from realtime_fakes.host import Host

__all__ = ["NAME", "Bystander", "take_part"]

NAME = "inspector"
"""Of the sideband."""

_MOST = 100
"""Events that are returned at most."""


class Bystander(Attachment):
    """A party of a session, and the way out to it: what it gets is kept until somebody asks."""

    __slots__ = ("_got",)

    def __init__(self) -> None:
        super().__init__(Role.SIDEBAND, NAME)
        self._got: deque[bytes] | None = None

    def ask(self, host: Host, frame: str) -> list[Any]:
        """Send a frame; return what comes back at once."""
        self._got = got = deque[bytes](maxlen=_MOST)
        host.receive(self, frame)
        self._got = None
        return [orjson.loads(event) for event in got]

    def send(self, events: list[bytes]) -> None:
        """Keep events while somebody waits for them; the journal has all."""
        if self._got is not None:
            self._got += events

    def close(self, code: int, reason: str) -> None:
        """Nothing is to be closed."""

    def cut(self) -> None:
        """Nothing is to be broken off."""

    def half_close(self) -> None:
        """Nothing is sent anyway."""


def take_part(host: Host, frame: str) -> list[Any]:
    """Send a frame to a session as its inspector, who joins with the first one.

    Returns:
        What the inspector got by the time it was taken.

    """
    there = (each for each in host.session.attachments if isinstance(each, Bystander))
    bystander = next(there, None)
    if bystander is None:
        bystander = Bystander()
        host.attach(bystander, bystander)
    return bystander.ask(host, frame)
