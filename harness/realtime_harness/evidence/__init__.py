"""The timestamped log of everything that was sent and seen in a scenario."""

from __future__ import annotations

from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane
from realtime_harness.evidence.journal import Journal
from realtime_harness.evidence.reader import read_entries
from realtime_harness.evidence.recorder import Recorder
from realtime_harness.evidence.redaction import MASK, Redactor

__all__ = [
    "MASK",
    "Direction",
    "Entry",
    "Journal",
    "Kind",
    "Lane",
    "Recorder",
    "Redactor",
    "read_entries",
]
