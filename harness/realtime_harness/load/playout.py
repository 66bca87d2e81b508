"""How received sound would have been heard: a play-out buffer that is simulated.

Sound is played from when its first piece came, and stops when there is none: each such stop is an
underrun, and it is played on with the next piece.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Piece", "Playout", "play_out"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of sound, as it came."""

    came_ns: int
    length_ns: int
    audible_ns: int | None = None
    """Where in it the first audible sample is; ``None`` if there is none, or nobody looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playout:
    """How pieces would have been heard."""

    first_audible_ns: int | None
    """When the first audible sample was played."""
    underruns: int
    stalled_ns: int
    """How long nothing could be played between the first piece and the last."""
    length_ns: int
    """Of all sound."""
    took_ns: int
    """From the first piece to the last."""
    longest_gap_ns: int
    """Between two pieces."""


def play_out(pieces: Iterable[Piece]) -> Playout:
    """Play pieces out, in the order in which they came."""
    first_ns = end_ns = last_ns = None
    audible_ns = None
    underruns = stalled_ns = length_ns = gap_ns = 0
    for piece in pieces:
        if first_ns is None or end_ns is None or last_ns is None:
            first_ns = start_ns = piece.came_ns
        else:
            start_ns = max(end_ns, piece.came_ns)
            gap_ns = max(gap_ns, piece.came_ns - last_ns)
            if start_ns > end_ns:
                underruns += 1
                stalled_ns += start_ns - end_ns
        if audible_ns is None and piece.audible_ns is not None:
            audible_ns = start_ns + piece.audible_ns
        last_ns, end_ns = piece.came_ns, start_ns + piece.length_ns
        length_ns += piece.length_ns
    return Playout(
        first_audible_ns=audible_ns,
        underruns=underruns,
        stalled_ns=stalled_ns,
        length_ns=length_ns,
        took_ns=(last_ns or 0) - (first_ns or 0),
        longest_gap_ns=gap_ns,
    )
