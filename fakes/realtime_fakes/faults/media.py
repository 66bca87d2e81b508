"""What faults do to the RTP of a call, and to how fast a client is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from realtime_fakes.faults.kinds import Fault

__all__ = ["packet_fate", "read_pause"]


def packet_fate(
    faults: Sequence[Fault], *, to: str, seed: str
) -> Callable[[], float | None] | None:
    """Return what becomes of packets to the ``caller`` or ``service``; ``None`` if nothing does.

    Each call tells of the next packet: seconds that it is late, or ``None`` if it is lost.

    """
    concerned = [
        fault
        for fault in faults
        if fault.kind.name in ("rtp-loss", "rtp-jitter") and fault.values["to"] == to
    ]
    if not concerned:
        return None
    draws = [(fault, Random(fault.values.get("seed", seed))) for fault in concerned]
    count = 0

    def fate() -> float | None:
        nonlocal count
        count += 1
        late = 0.0
        for fault, random in draws:
            values = fault.values
            if fault.kind.name == "rtp-jitter":
                late += random.uniform(0, values["by"])
            elif "every" in values:
                if count % values["every"] == 0:
                    return None
            elif random.random() < values["chance"]:
                return None
        return late

    return fate


def read_pause(faults: Sequence[Fault]) -> float:
    """Return how long is waited before a client's next event is read, seconds."""
    return float(sum(f.values["pause"] for f in faults if f.kind.name == "slow-reader"))
