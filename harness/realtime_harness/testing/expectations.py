"""Expectations on what an application sends, matched against the evidence.

Nothing is intercepted: all of it is a function of the list of entries, so an expectation may be
declared before or after the fact.
"""

from __future__ import annotations

import difflib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from realtime_harness.evidence import Direction, Entry, Kind, Redactor
from realtime_harness.testing.evidence import Evidence, brief, line, name_of
from realtime_harness.testing.matching import Difference, differences

__all__ = ["Expectation", "ExpectationFailed", "Expectations"]

_TIMEOUT_S = 2.0
_LAST = 40
"""Entries that a failure shows."""


class ExpectationFailed(AssertionError):
    """The application did not send what was expected, or sent more."""


@dataclass(slots=True, eq=False)
class Expectation:
    """One thing that is expected to be sent, or to be answered.

    ``await`` it in a coroutine, or call :meth:`wait` elsewhere.
    """

    name: str
    fields: Mapping[str, Any]
    direction: Direction
    on: str | None
    _all: Expectations = field(repr=False)

    def wait(self, timeout_s: float = _TIMEOUT_S) -> Entry:
        """Block until it is met; return the entry that met it.

        Raises:
            ExpectationFailed: if it is not met in time.

        """
        __tracebackhide__ = True
        entry = self._all.evidence.wait(self._met_by, timeout_s)
        return entry if entry is not None else self._fail(timeout_s)

    async def wait_async(self, timeout_s: float = _TIMEOUT_S) -> Entry:
        """Do what :meth:`wait` does while the event loop runs on.

        Raises:
            ExpectationFailed: if it is not met in time.

        """
        __tracebackhide__ = True
        entry = await self._all.evidence.wait_async(self._met_by, timeout_s)
        return entry if entry is not None else self._fail(timeout_s)

    def __await__(self) -> Generator[Any, None, Entry]:
        __tracebackhide__ = True
        return self.wait_async().__await__()

    def __str__(self) -> str:
        who = "the application sends" if self.direction is Direction.SENT else "it is answered"
        where = f" on {self.on}" if self.on else ""
        what = f" with {brief(self.fields)}" if self.fields else ""
        return f"{who} {self.name}{where}{what}"

    def concerns(self, entry: Entry) -> bool:
        """Whether the entry is of this direction and connection."""
        return entry.direction is self.direction and self.on in (None, entry.connection)

    def fits(self, entry: Entry) -> bool:
        """Whether the entry is what is expected."""
        return (
            self.concerns(entry)
            and fnmatchcase(name_of(entry), self.name)
            and next(differences(self.fields, entry.data), None) is None
        )

    def _met_by(self, entries: list[Entry]) -> Entry | None:
        return self._all.match(entries).get(self)

    def _fail(self, timeout_s: float) -> Entry:
        __tracebackhide__ = True
        entries = self._all.evidence.snapshot()
        raise ExpectationFailed(
            f"expected that {self};\nthat did not happen within {timeout_s:g} s\n"
            + self._all.explain([self], entries)
        )


class Expectations:
    """All expectations on one fake, in the order in which they were declared.

    Args:
        evidence: of the fake.

    """

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self._steps: list[list[Expectation]] = []
        self._open: list[Expectation] | None = None
        self._ignored: list[str] = []

    def add(
        self, name: str, fields: Mapping[str, Any], direction: Direction, on: str | None
    ) -> Expectation:
        """Expect one more thing: behind those before, unless the order was declared open."""
        expectation = Expectation(name, fields, direction, on, self)
        if self._open is None:
            self._steps.append([expectation])
        else:
            self._open.append(expectation)
        return expectation

    @contextmanager
    def in_any_order(self) -> Iterator[None]:
        """Leave the order open between the expectations that are declared inside."""
        if self._open is not None:
            raise ValueError("the order is open already")
        self._open = []
        self._steps.append(self._open)
        try:
            yield
        finally:
            self._open = None

    def ignore(self, *names: str) -> None:
        """Do not count entries of these names, in which ``*`` stands for anything, as left over."""
        self._ignored += names

    def match(self, entries: Sequence[Entry]) -> dict[Expectation, Entry]:
        """Return which entry meets which expectation.

        Each step takes its entries from behind those of the step before.
        """
        met: dict[Expectation, Entry] = {}
        start = 0
        for step in self._steps:
            found = _match_step(step, entries[start:])
            met.update(found)
            if len(found) < len(step):
                break
            seqs = {entry.seq for entry in found.values()}
            start += 1 + max(
                (i for i, entry in enumerate(entries[start:]) if entry.seq in seqs), default=-1
            )
        return met

    def assert_complete(self, timeout_s: float) -> None:
        """Fail if something expected did not happen, or something else was sent.

        Raises:
            ExpectationFailed: in either case.

        """
        __tracebackhide__ = True
        every = [expectation for step in self._steps for expectation in step]

        def all_met(entries: list[Entry]) -> bool | None:
            return True if len(self.match(entries)) == len(every) else None

        self.evidence.wait(all_met, timeout_s)
        entries = self.evidence.snapshot()
        met = self.match(entries)
        unmet = [expectation for expectation in every if expectation not in met]
        used = {entry.seq for entry in met.values()}
        left = [e for e in entries if e.seq not in used and self._counts(e)]
        problems = [f"expected that {each}" for each in unmet]
        problems += [f"nobody expected {_mask(line(entry))}" for entry in left]
        if problems:
            head = f"{len(unmet)} unmet and {len(left)} unexpected:\n  " + "\n  ".join(problems)
            raise ExpectationFailed(head + "\n" + self.explain(unmet, entries))

    def explain(self, unmet: list[Expectation], entries: list[Entry]) -> str:
        """Return what came, what it met, and what was nearest to being expected."""
        met = self.match(entries)
        numbers = {
            met[each].seq: number
            for number, each in enumerate((e for step in self._steps for e in step), start=1)
            if each in met
        }
        parts = []
        if unmet:
            nearest = _nearest(unmet[0], [e for e in entries if e.seq not in numbers])
            parts += ["", *nearest]
        said = [
            entry for entry in entries if entry.direction is Direction.SENT or entry.seq in numbers
        ]
        hidden = len(said) - _LAST
        parts += ["", "what was sent:" if said else "nothing was sent"]
        parts += [f"  … {hidden} more …"] if hidden > 0 else []
        for entry in said[-_LAST:]:
            note = f"   (expected, no. {numbers[entry.seq]})" if entry.seq in numbers else ""
            parts.append(f"  {line(entry)}{note}")
        return _mask("\n".join(parts))

    def _counts(self, entry: Entry) -> bool:
        """Whether an entry must have been expected."""
        if entry.direction is not Direction.SENT:
            return False
        # A handshake opens a connection; what counts is what is then said.
        if entry.kind is Kind.REQUEST and entry.data["method"] != "POST":
            return False
        return not any(fnmatchcase(name_of(entry), name) for name in self._ignored)


def _match_step(step: Sequence[Expectation], entries: Sequence[Entry]) -> dict[Expectation, Entry]:
    """Match expectations of one step to the fewest first entries that meet all of them."""
    owner: dict[Expectation, Entry] = {}

    def place(entry: Entry, tried: set[Expectation]) -> bool:
        """Give ``entry`` an expectation, if need be by moving others (Kuhn's algorithm)."""
        for expectation in step:
            if expectation in tried or not expectation.fits(entry):
                continue
            tried.add(expectation)
            if expectation not in owner or place(owner[expectation], tried):
                owner[expectation] = entry
                return True
        return False

    for entry in entries:
        if len(owner) == len(step):
            break
        place(entry, set())
    return owner


def _nearest(expectation: Expectation, entries: list[Entry]) -> list[str]:
    """Say which entry came nearest, and what about it is different."""
    candidates = [entry for entry in entries if expectation.concerns(entry)]
    if not candidates:
        return ["nothing like it came at all"]

    def misses(entry: Entry) -> list[Difference]:
        return list(differences(expectation.fields, entry.data))

    named = [entry for entry in candidates if fnmatchcase(name_of(entry), expectation.name)]
    if named:
        best = min(named, key=lambda entry: len(misses(entry)))
        found = misses(best)
        if not found:
            return [f"it came too early: {line(best)}"]
        return [f"nearest miss: {line(best)}", *(f"  {miss}" for miss in found)]
    best = max(
        candidates,
        key=lambda e: difflib.SequenceMatcher(None, name_of(e), expectation.name).ratio(),
    )
    return [
        f"nearest miss: {line(best)}",
        f"  type: expected {expectation.name!r}, got {name_of(best)!r}",
    ]


def _mask(text: str) -> str:
    return Redactor().text(text)
