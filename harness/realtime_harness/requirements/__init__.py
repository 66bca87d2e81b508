"""Requirement sets: which checks a release of the suites holds an endpoint to.

A set is frozen with its name, so that a gate does not turn red because we learnt something new: a
check that is not in the set is *pending*, judged and reported without deciding anything. The sets
are the files beside this one: an id a line. To require more, write a set of a new name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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


def requirement_sets(folder: Path = Path(__file__).parent) -> list[RequirementSet]:
    """Return the sets of a folder, oldest first."""
    return [
        RequirementSet(path.stem, frozenset(path.read_text(encoding="utf-8").split()))
        for path in sorted(folder.glob("*.txt"), key=lambda path: path.stem)
    ]


def requirement_set(
    name: str | None, sets: Sequence[RequirementSet] | None = None
) -> RequirementSet | None:
    """Return the set of that name; without one, the newest, or ``None`` if there is none.

    Args:
        name: of the set.
        sets: to choose from; ours if not given.

    Raises:
        UsageError: if there is no set of that name.

    """
    known = {each.name: each for each in (requirement_sets() if sets is None else sets)}
    if name is None:
        return next(reversed(known.values()), None)
    if name not in known:
        raise UsageError(f"no requirement set {name!r}; there are {', '.join(known) or 'none'}")
    return known[name]
