"""What the supervisor tells a worker: its place among the others, and what to serve."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import orjson

from realtime_fakes.server import ServeOptions

__all__ = ["Seat", "back_door", "read_order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """The place of one worker."""

    shard: int
    """Its number, from 1."""
    of: int
    """How many there are."""
    directory: str
    """Of all of them: back doors, certificate."""
    front_fd: int
    """The listening socket of the port."""
    back_fd: int
    """The listening socket for the other workers."""
    started_at: float
    """What virtual clocks show at first, Unix seconds."""

    def order(self, options: ServeOptions) -> bytes:
        """Return the line that goes to the worker's standard input, which stays open."""
        own = replace(
            options,
            workers=1,
            ready_file=None,
            # Different for each, so that ids are; the first has that of a fake with one process.
            seed=None if options.seed is None else options.seed + ((self.shard - 1) << 32),
            script=None if options.script is None else str(options.script),
        )
        return orjson.dumps({"seat": asdict(self), "options": asdict(own)}) + b"\n"


def read_order(line: bytes) -> tuple[Seat, ServeOptions]:
    """Return what :meth:`Seat.order` wrote."""
    order = orjson.loads(line)
    return Seat(**order["seat"]), ServeOptions(**order["options"])


def back_door(directory: Path, shard: int) -> Path:
    """Return where a worker listens for the others."""
    return directory / str(shard)
