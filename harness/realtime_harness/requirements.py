"""Requirement sets: which checks a release of the suites holds an endpoint to.

A set is frozen with its name, so that a gate does not turn red because we learnt something new: a
check that is not in the set is *pending*, judged and reported without deciding anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from realtime_harness.errors import UsageError

__all__ = ["RequirementSet", "requirement_set", "requirement_sets"]


@dataclass(frozen=True, slots=True)
class RequirementSet:
    """The checks that are required under a name."""

    name: str
    checks: frozenset[str]

    def __contains__(self, check: object) -> bool:
        """Whether a check is in the set."""
        return check in self.checks

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.checks))


def requirement_sets(package: ModuleType) -> list[RequirementSet]:
    """Return the sets of a package of suites, oldest first: ``requirements/<name>.txt`` in it."""
    files = (path for root in package.__path__ for path in Path(root).glob("requirements/*.txt"))
    return [
        RequirementSet(path.stem, frozenset(path.read_text(encoding="utf-8").split()))
        for path in sorted(files, key=lambda path: path.stem)
    ]


def requirement_set(package: ModuleType, name: str | None) -> RequirementSet | None:
    """Return the set of that name; without one, the newest, or ``None`` if there is none.

    Raises:
        UsageError: if there is no set of that name.

    """
    sets = {each.name: each for each in requirement_sets(package)}
    if name is None:
        return next(reversed(sets.values()), None)
    if name not in sets:
        raise UsageError(f"no requirement set {name!r}; there are {', '.join(sets) or 'none'}")
    return sets[name]
