"""What ``realtime-harness list`` lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

__all__ = ["LISTS", "Listed", "Rows"]


class Listed(Enum):
    """What there is to list."""

    SUITES = "suites"
    SCENARIOS = "scenarios"
    CHECKS = "checks"
    DEFECTS = "defects"
    BEHAVIOURS = "behaviours"
    FAULTS = "faults"
    PROFILES = "profiles"
    LOAD = "load"
    SHAPES = "shapes"
    METRICS = "metrics"


Rows = list[dict[str, Any]]


def _suites() -> Rows:
    import realtime_scenarios
    from realtime_harness.catalogue import suites

    return [{"suite": name} for name in suites(realtime_scenarios)]


def _scenarios() -> Rows:
    import realtime_scenarios
    from realtime_harness.catalogue import scenarios

    return [
        {
            "scenario": each.id,
            "summary": each.summary,
            "checks": [check.id for check in each.checks],
        }
        for each in scenarios(realtime_scenarios)
    ]


def _checks() -> Rows:
    import realtime_scenarios
    from realtime_harness.catalogue import placed

    return [
        {
            "check": each.check.id,
            "level": each.check.level.value,
            "clause": each.check.clause,
            "source": each.check.source,
            "transports": list(each.transports),
            "capabilities": list(each.capabilities),
            "since": each.since,
        }
        for each in placed(realtime_scenarios)
    ]


def _defects() -> Rows:
    from realtime_fakes.defects import DEFECTS

    return _switches("defect", DEFECTS)


def _behaviours() -> Rows:
    from realtime_fakes.behaviours import BEHAVIOURS

    return _switches("behaviour", BEHAVIOURS)


def _faults() -> Rows:
    from realtime_fakes.faults import FAULTS

    return [{"fault": kind.usage, "summary": kind.summary} for kind in FAULTS.values()]


def _profiles() -> Rows:
    from realtime_fakes.profiles import PROFILES

    return [{"profile": each.name, "summary": each.summary} for each in PROFILES.values()]


def _load() -> Rows:
    from realtime_harness.load.profile import built_in

    return [{"profile": each.name, "answers": each.answers} for each in built_in().values()]


def _shapes() -> Rows:
    from realtime_harness.load.schedule import SHAPES

    return [{"shape": each.name, "answers": each.summary} for each in SHAPES.values()]


def _metrics() -> Rows:
    from realtime_harness.load.operation import METRICS

    return [{"metric": name, **metric._asdict()} for name, metric in METRICS.items()]


def _switches(what: str, switches: Iterable[Any]) -> Rows:
    return [
        {what: switch.name, "summary": switch.summary, "violates": switch.violates}
        for switch in switches
    ]


LISTS: dict[Listed, Callable[[], Rows]] = {
    Listed.SUITES: _suites,
    Listed.SCENARIOS: _scenarios,
    Listed.CHECKS: _checks,
    Listed.DEFECTS: _defects,
    Listed.BEHAVIOURS: _behaviours,
    Listed.FAULTS: _faults,
    Listed.PROFILES: _profiles,
    Listed.LOAD: _load,
    Listed.SHAPES: _shapes,
    Listed.METRICS: _metrics,
}
