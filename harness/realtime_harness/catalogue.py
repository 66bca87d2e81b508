"""What a package of suites contains: its suites, scenarios and checks, without running any."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

from realtime_harness.checks import Check
from realtime_harness.scenario import Scenario

__all__ = ["checks", "scenario_of", "scenarios", "suites"]


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


def checks(package: ModuleType) -> dict[str, Check]:
    """Return all checks by id, sorted. Imports the suites."""
    found = {check.id: check for each in scenarios(package) for check in each.checks}
    return dict(sorted(found.items()))


def _files(package: ModuleType) -> list[Path]:
    return sorted(path for root in package.__path__ for path in Path(root).glob("*/test_*.py"))
