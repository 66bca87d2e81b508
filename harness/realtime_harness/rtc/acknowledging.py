"""What comes over data channels (SCTP) is acknowledged by every second packet, as RFC 9260 has it.

aiortc acknowledges each packet by itself, which is half of what it costs to receive one. One that
no other follows is acknowledged a little later (6.2: within 200 ms), and gaps are told at once.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from realtime_harness.rtc.inside import require_attributes

if TYPE_CHECKING:
    from aiortc import RTCSctpTransport

__all__ = ["acknowledge_less", "check_acknowledgements"]

_EVERY = 2
_WAIT_S = 0.02


def check_acknowledgements() -> None:
    """Check that we know how aiortc acknowledges.

    Raises:
        HarnessError: if we do not.

    """
    from aiortc import RTCSctpTransport

    names = ("_send_sack", "_sack_misordered", "_sack_duplicates")
    require_attributes("acknowledges", RTCSctpTransport, *names)


def acknowledge_less(sctp: RTCSctpTransport) -> None:
    """Do it. Idempotent."""
    inside: Any = sctp
    if "_send_sack" not in vars(inside):
        inside._send_sack = _Acknowledgement(inside)


class _Acknowledgement:
    """Stands in for the method that sends one."""

    def __init__(self, sctp: Any) -> None:
        self._sctp = sctp
        self._send = sctp._send_sack
        self._packets = 0
        """That came since the last one."""
        self._timer: asyncio.TimerHandle | None = None
        self._late: asyncio.Task[None] | None = None

    async def __call__(self) -> None:
        """Send one, now or later."""
        self._packets += 1
        sctp = self._sctp
        if self._packets < _EVERY and not sctp._sack_misordered and not sctp._sack_duplicates:
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(_WAIT_S, self._send_late)
            return
        await self._send_now()

    async def _send_now(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._packets = 0
        with suppress(ConnectionError):
            await self._send()

    def _send_late(self) -> None:
        self._late = asyncio.get_running_loop().create_task(self._send_now(), name="acknowledge")
