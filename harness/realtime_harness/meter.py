"""The meter of a run: what was spent so far, in all of its processes, and whether to go on."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from realtime_harness.cost import LIKELY_USD, bill, charge
from realtime_harness.evidence import Entry, Journal
from realtime_harness.targets.target import Target

__all__ = ["Meter"]

_FILE = "costs.jsonl"


@dataclass(slots=True)
class _Spent:
    usd: float = 0.0
    charges: int = 0
    dearest_usd: float = LIKELY_USD


class Meter:
    """Adds up what evidence says was charged, and says when the limit is near.

    The processes of a run have a file in common: each writes its charges there and reads those of
    the others before it says whether to go on. May be used from several threads. Close it at the
    end.

    Args:
        directory: of the run.
        target: whose models are charged.
        limit_usd: what the estimate must not pass; ``None`` for no limit.
        workers: conversations at a time, which may each have a response under way.

    """

    def __init__(
        self, directory: Path, target: Target, *, limit_usd: float | None = None, workers: int = 1
    ) -> None:
        self._journal = Journal(directory / _FILE)
        self._model = target.model
        self._transcription_model = target.transcription_model
        self._limit_usd = limit_usd
        self._workers = workers
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        self._spent = _Spent()
        self._read_to = 0

    def add(self, entry: Entry) -> None:
        """Count what a line of evidence says was charged; what two connections saw counts once."""
        found = charge(entry, model=self._model, transcription_model=self._transcription_model)
        if found is None:
            return
        with self._lock:
            if found.id in self._seen:
                return
            if found.id:
                self._seen.add(found.id)
        self._journal.append({"usd": found.usd, "id": found.id})

    def obstacle(self) -> str:
        """Return why nothing more may be asked of the target; empty as long as it may."""
        if self._limit_usd is None:
            return ""
        spent = self._catch_up()
        ahead_usd = self._workers * spent.dearest_usd
        if spent.usd + ahead_usd <= self._limit_usd:
            return ""
        return (
            f"not asked for, to stay below --max-cost {self._limit_usd:g}: about "
            f"${spent.usd:.4f} is spent, and what may come next costs up to ${ahead_usd:.4f}"
        )

    def bill(self) -> dict[str, Any]:
        """Return what ``run.json`` says about costs."""
        spent = self._catch_up()
        return bill(spent.usd, spent.charges, limit_usd=self._limit_usd, model=self._model)

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._journal.close()

    def _catch_up(self) -> _Spent:
        """Read what was charged since the last time, by whichever process."""
        with self._lock:
            return self._read()

    def _read(self) -> _Spent:
        path, spent = self._journal.path, self._spent
        if os.path.getsize(path) == self._read_to:
            return spent
        with path.open("rb") as file:
            file.seek(self._read_to)
            lines = file.read().splitlines(keepends=True)
        for line in lines:
            if not line.endswith(b"\n"):
                break
            self._read_to += len(line)
            usd = float(orjson.loads(line)["usd"])
            spent.usd += usd
            spent.charges += 1
            spent.dearest_usd = max(spent.dearest_usd, usd)
        return spent
