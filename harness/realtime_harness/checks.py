"""A check: one normative sentence, with where it comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from realtime_harness.verdicts import Level

__all__ = ["Check"]

_ID = re.compile(r"rt\.[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One normative sentence that a scenario judges."""

    id: str
    """Stable literal id, ``rt.<suite>.<slug>``; never renumbered, never reused."""

    level: Level
    """How binding the clause is."""

    clause: str
    """The sentence itself, in our words; says what the endpoint does when it is right."""

    source: str
    """Where the fact comes from: a document, an issue or a recording, with its address."""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"check id {self.id!r} is not of the form rt.<suite>.<slug>")
