"""A plan: what is to be run, as it was asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from realtime_harness.errors import UsageError
from realtime_harness.evidence import MASK
from realtime_harness.scenario import CLIENTS, DEFAULT_CLIENT

__all__ = ["DEFAULT_SEED", "Plan", "chosen_clients", "shown"]

DEFAULT_SEED = 1
"""Of a run that was not given one: what a fake does by chance, it does in each run alike."""

_AT_A_TIME = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is asked to do; made by the command line and by the pytest plugin."""

    target: str = "fake"
    config: Path | None = None
    out: Path | None = None
    """The run directory; a new one below ``realtime-runs/`` if not given."""
    suites: tuple[str, ...] = ()
    """Names, or ids of single scenarios; none means all."""
    keyword: str = ""
    """As pytest's ``-k``."""
    clients: tuple[str, ...] = (DEFAULT_CLIENT,)
    """What makes WebRTC calls; scenarios that make them run once with each."""
    repeat: int = 1
    workers: int | None = None
    """Conversations at a time; see :attr:`at_a_time`."""
    defects: tuple[str, ...] = ()
    behaviours: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    seed: int = DEFAULT_SEED
    """Of what is random in a fake that the run starts: damage, latencies, ids."""
    baseline: Path | None = None
    requirements: str | None = None
    """Name of the requirement set; the newest if not given."""
    retry_unexpected: int = 0
    """How often a scenario with unexpected results is tried again."""
    max_cost: float | None = None
    """US dollars that the estimate must not pass; no limit if not given."""

    @property
    def is_whole(self) -> bool:
        """Whether all scenarios are to run."""
        return not self.suites and not self.keyword and DEFAULT_CLIENT in self.clients

    @property
    def at_a_time(self) -> int:
        """How many conversations are had at the same time.

        If that was not asked for, some with a fake of ours, and one elsewhere: others limit the
        rate of what they are asked.
        """
        if self.workers is not None:
            return max(1, self.workers)
        return min(_AT_A_TIME, os.cpu_count() or 1) if self._starts_a_fake else 1

    @property
    def _starts_a_fake(self) -> bool:
        return self.target.partition(":")[0] == "fake"

    @property
    def command(self) -> tuple[str, ...]:
        """The command that repeats the run; without ``--out``, as that is a run of its own.

        Keys that switches are limited to are left out of it.
        """
        words = ["realtime-harness", "run"]
        for option, value in self._options():
            if value:
                words += [option, str(value)]
        return tuple(words)

    def _options(self) -> Iterable[tuple[str, object]]:
        yield "--target", self.target
        yield "--config", self.config
        yield from (("--suite", name) for name in self.suites)
        yield "-k", self.keyword
        yield "--clients", ",".join(self.clients) if self.clients != (DEFAULT_CLIENT,) else None
        yield "--repeat", self.repeat if self.repeat > 1 else None
        yield "-n", None if self.workers is None else str(self.workers)
        yield from (("--defect", shown(name)) for name in self.defects)
        yield from (("--behaviour", shown(name)) for name in self.behaviours)
        yield from (("--fault", shown(fault)) for fault in self.faults)
        yield "--seed", str(self.seed) if self._starts_a_fake else None
        yield "--baseline", self.baseline
        yield "--requirements", self.requirements
        yield "--retry-unexpected", self.retry_unexpected
        yield "--max-cost", None if self.max_cost is None else f"{self.max_cost:g}"


def chosen_clients(names: str) -> tuple[str, ...]:
    """Return the clients of a list such as ``aiortc,chromium``.

    Raises:
        UsageError: if one of them is unknown, or named twice.

    """
    clients = tuple(name.strip() for name in names.split(","))
    if unknown := [name for name in clients if name not in CLIENTS]:
        raise UsageError(f"no client named {unknown[0]!r}; there are {', '.join(CLIENTS)}")
    if len(set(clients)) < len(clients):
        raise UsageError(f"a client is named twice in {names}")
    return clients


def shown(switch: str) -> str:
    """Return a switch as it may be written down: without the key that it is limited to."""
    return re.sub(r"\bkey=[^,]*", f"key={MASK}", switch)
