"""What a package of suites contains: its suites, scenarios and checks, without running any."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType

from realtime_harness.checks import Check
from realtime_harness.requirements import requirement_sets
from realtime_harness.scenario import Scenario
from realtime_harness.targets.capabilities import Capability

__all__ = ["Placed", "checks", "placed", "scenario_of", "scenarios", "suites"]


def scenario_of(value: object) -> Scenario | None:
    """Return the scenario that a function was declared as, or ``None`` for anything else."""
    # No getattr on strangers: their __getattr__ may do anything.
    if not isinstance(value, FunctionType):
        return None
    found = value.__dict__.get("__rt_scenario__")
    return found if isinstance(found, Scenario) else None


def suites(package: ModuleType) -> list[str]:
    """Return the names of the suites: the packages below ``package`` that have scenarios."""
    return sorted({path.parent.name for path in _files(package)})


def scenarios(package: ModuleType) -> Iterator[Scenario]:
    """Yield all scenarios, in the order of files and of lines. Imports the suites."""
    for path in _files(package):
        module = importlib.import_module(f"{package.__name__}.{path.parent.name}.{path.stem}")
        for value in vars(module).values():
            found = scenario_of(value)
            if found is not None and found.function.__module__ == module.__name__:
                yield found


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A check, and where it is judged."""

    check: Check
    transports: tuple[str, ...]
    """Those of ``websocket``, ``webrtc`` and ``sideband`` in whose scenarios it is judged; none for
    what is judged by whatever there is."""
    capabilities: tuple[str, ...]
    """Without which a target is not judged by it anywhere."""
    since: str
    """The first requirement set that has it; empty for one that is pending or only observes."""


def placed(package: ModuleType) -> list[Placed]:
    """Return all checks with where they are judged, sorted by id. Imports the suites."""
    needs: dict[str, list[frozenset[Capability]]] = {}
    for each in scenarios(package):
        for check in each.checks:
            needs.setdefault(check.id, []).append(each.needs)
    sets = requirement_sets()
    return [
        Placed(
            check=check,
            transports=_names(frozenset.union(*needs[check.id]) & _TRANSPORTS),
            capabilities=_names(frozenset.intersection(*needs[check.id])),
            since=next((each.name for each in sets if check.id in each), ""),
        )
        for check in checks(package).values()
    ]


def _names(capabilities: frozenset[Capability]) -> tuple[str, ...]:
    return tuple(sorted(each.value for each in capabilities))


_TRANSPORTS = frozenset({Capability.WEBSOCKET, Capability.WEBRTC, Capability.SIDEBAND})


def checks(package: ModuleType) -> dict[str, Check]:
    """Return all checks by id, sorted. Imports the suites."""
    found = {check.id: check for each in scenarios(package) for check in each.checks}
    return dict(sorted(found.items()))


def _files(package: ModuleType) -> list[Path]:
    return sorted(path for root in package.__path__ for path in Path(root).glob("*/test_*.py"))
