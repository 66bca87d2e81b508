"""How received sound would have been heard: a play-out buffer that is simulated.

Sound is played from when its first piece came, or a little later, and stops when there is none:
each such stop is an underrun, and it is played on with the next piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

__all__ = ["Piece", "Playout", "RtpPlayout", "play_out"]

_BEGINS_ANEW = 1 << 32
"""Of RTP timestamps."""
_JITTER_BUFFER_NS = 60_000_000
"""How much of a call's sound is kept before it is played: three packets of 20 ms."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of sound, as it came."""

    came_ns: int
    length_ns: int
    audible_ns: int | None = None
    """Where in it the first audible sample is; ``None`` if there is none, or nobody looked."""
    missing_ns: int = 0
    """How much sound was lost before it. Its time passes; nobody waits for it."""


@dataclass(slots=True, kw_only=True)
class Playout:
    """How pieces would have been heard."""

    kept_ns: int = 0
    """How long the first piece is kept before it is played."""
    first_audible_ns: int | None = None
    """When the first audible sample was played."""
    underruns: int = 0
    stalled_ns: int = 0
    """How long nothing could be played between the first piece and the last."""
    length_ns: int = 0
    """Of all sound."""
    behind_first_ns: int = 0
    """Of all sound but the first piece."""
    took_ns: int = 0
    """From the first piece to the last."""
    longest_gap_ns: int = 0
    """Between two pieces."""
    _last_ns: int | None = None
    _end_ns: int = 0

    def add(self, piece: Piece) -> None:
        """Play a piece behind the others."""
        came_ns, length_ns = piece.came_ns, piece.length_ns
        if self._last_ns is None:
            start_ns = came_ns + self.kept_ns
        else:
            due_ns = self._end_ns + piece.missing_ns
            start_ns = max(due_ns, came_ns)
            if start_ns > due_ns:
                self.underruns += 1
                self.stalled_ns += start_ns - due_ns
            gap_ns = came_ns - self._last_ns
            self.longest_gap_ns = max(self.longest_gap_ns, gap_ns)
            self.took_ns += gap_ns
            self.behind_first_ns += length_ns + piece.missing_ns
        if self.first_audible_ns is None and piece.audible_ns is not None:
            self.first_audible_ns = start_ns + piece.audible_ns
        self._last_ns, self._end_ns = came_ns, start_ns + length_ns
        self.length_ns += length_ns + piece.missing_ns

    def figures(self) -> dict[str, int]:
        """Return what is reported of it, by metric, in millionths of its unit."""
        figures = {
            "gap_ms": self.longest_gap_ns,
            "underruns": self.underruns * 1_000_000,
            "stalled_ms": self.stalled_ns,
        }
        if self.behind_first_ns:
            figures["rtf"] = self.took_ns * 1_000_000 // self.behind_first_ns
        return figures


def play_out(pieces: Iterable[Piece]) -> Playout:
    """Play pieces out as they come, in the order in which they came."""
    playout = Playout()
    for piece in pieces:
        playout.add(piece)
    return playout


class RtpPlayout:
    """Plays a stream of RTP out, behind a jitter buffer of 60 ms. Looks at no sample.

    Args:
        clock_rate: of its timestamps, Hz.
        now_ns: the clock.

    """

    def __init__(self, clock_rate: int, now_ns: Callable[[], int]) -> None:
        self.playout = Playout(kept_ns=_JITTER_BUFFER_NS)
        self._clock_rate = clock_rate
        self._now_ns = now_ns
        self._last: int | None = None
        self._step = clock_rate // 50

    def packet(self, timestamp: int, payload: bytes) -> None:
        """Take a packet of 20 ms as it comes. What comes behind later ones was lost before."""
        missing = 0
        if self._last is not None:
            ahead = (timestamp - self._last) % _BEGINS_ANEW
            if not 0 < ahead < _BEGINS_ANEW // 2:
                return
            missing = max(0, ahead - self._step)
        self._last = timestamp
        self.playout.add(
            Piece(
                self._now_ns(),
                self._ns(self._step),
                missing_ns=self._ns(missing),
            )
        )

    def _ns(self, ticks: int) -> int:
        return ticks * 1_000_000_000 // self._clock_rate
