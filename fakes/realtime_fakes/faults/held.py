"""What faults have held back: by how much, and how exactly. So that others can be compared with it.

Counted by type of event, to a hundredth of a millisecond.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["Held", "merged"]

_TYPE = re.compile(rb'"type":"([^"]*)"')
_PERCENTILES = (50, 90, 95, 99)
_UNIT_NS = 10_000


class Held:
    """Counts what lines hold back."""

    def __init__(self) -> None:
        self._by_type: dict[str, Counter[int]] = {}
        self._late: Counter[int] = Counter()

    def hold(self, event: bytes, for_ns: int) -> None:
        """Note that an event leaves so much later than it would have."""
        found = _TYPE.search(event)
        name = "" if found is None else found[1].decode(errors="replace")
        counts = self._by_type.get(name)
        if counts is None:
            counts = self._by_type[name] = Counter()
        counts[round(for_ns / _UNIT_NS)] += 1

    def left(self, late_ns: int) -> None:
        """Note that something left so much later than it was to."""
        self._late[round(late_ns / _UNIT_NS)] += 1

    def clear(self) -> None:
        """Forget everything."""
        self._by_type.clear()
        self._late.clear()

    def describe(self) -> dict[str, Any]:
        """Return it for the control API; all times in milliseconds."""
        return {
            "events": {name: _described(self._by_type[name]) for name in sorted(self._by_type)},
            "late": _described(self._late),
        }


def merged(several: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what several descriptions say together."""
    by_type: dict[str, Counter[int]] = {}
    late: Counter[int] = Counter()
    for each in several:
        for name, described in each["events"].items():
            by_type.setdefault(name, Counter()).update(_counted(described))
        late.update(_counted(each["late"]))
    return {
        "events": {name: _described(by_type[name]) for name in sorted(by_type)},
        "late": _described(late),
    }


def _described(counts: Counter[int]) -> dict[str, Any]:
    values = sorted(counts.items())
    number = sum(counts.values())
    described: dict[str, Any] = {"count": number}
    for percent in _PERCENTILES:
        described[f"p{percent}_ms"] = _ms(_nearest_rank(values, number * percent / 100))
    described["max_ms"] = _ms(values[-1][0] if values else 0)
    described["histogram"] = [[_ms(value), count] for value, count in values]
    return described


def _nearest_rank(values: list[tuple[int, int]], rank: float) -> int:
    seen = 0
    for value, count in values:
        seen += count
        if seen >= rank - 1e-9:
            return value
    return 0


def _counted(described: Mapping[str, Any]) -> dict[int, int]:
    return {round(ms * 1e6 / _UNIT_NS): count for ms, count in described["histogram"]}


def _ms(units: int) -> float:
    return units * _UNIT_NS / 1e6
