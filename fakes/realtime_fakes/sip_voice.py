"""What a simulated caller says, as it would come over a line: 20 ms at a time, when it is time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from realtime_fakes.clock import Clock

__all__ = ["Mouth"]

_FRAME_S = 0.02
_FRAME_BYTES = 960  # of 24 kHz PCM16


class Mouth:
    """Speaks at the pace of the clock. One thing after the other.

    Args:
        clock: of the service. A virtual one has to call :meth:`run` when something is due.
        hear: gets each frame of 24 kHz mono PCM16 when it has sounded.

    """

    def __init__(self, clock: Clock, hear: Callable[[bytes], None]) -> None:
        self.due: float | None = None
        """When the next frame has sounded, in Unix seconds; ``None`` if all was said."""
        self._clock = clock
        self._hear = hear
        self._pcm = bytearray()

    def say(self, pcm: bytes) -> bool:
        """Say ``pcm`` after all that is to be said; return whether that begins just now."""
        begins = self.due is None
        self._pcm += pcm
        if begins and pcm:
            self.due = self._clock.now() + _FRAME_S
        return begins

    def run(self) -> None:
        """Say what is due by now."""
        now = self._clock.now()
        while self.due is not None and self.due <= now:
            frame = bytes(self._pcm[:_FRAME_BYTES])
            del self._pcm[:_FRAME_BYTES]
            self.due = self.due + _FRAME_S if self._pcm else None
            self._hear(frame)

    def stop(self) -> None:
        """Say nothing more."""
        self._pcm.clear()
        self.due = None

    async def speak(self) -> None:
        """Run with a real clock until all was said. May be cancelled at any time."""
        while self.due is not None:
            await asyncio.sleep(max(0.0, self.due - self._clock.now()))
            self.run()
