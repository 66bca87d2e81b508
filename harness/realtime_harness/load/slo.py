"""Objectives of a service's level, and how a run met them.

An objective is written ``p95(ttft_ms) < 400``: a figure, what it is of, a limit. Tags narrow down
what it is of: ``p95(ttft_ms{position=1, clock=service}) < 400``. Without ``clock`` it is response
time, what a user waits.

==========================  ========================================================================
figure                      is
==========================  ========================================================================
``p50(METRIC)`` … ``p99.9`` the percentile, in the metric's unit; also ``min``, ``max``, ``mean``
``rate(OUTCOME)``           share of operations with that outcome: ``ok``, ``failed``, or a class of
                            failures; ``{operation=turn}`` narrows it down
``rate(good)``              share of operations behind ``connect`` that succeeded and met every
                            limit on what is measured of them: see ``goodput``
``rate(good_sessions)``     share of sessions all of whose operations did
``per_s(OPERATION)``        so many succeeded each second; ``per_s(good)``: so many were good
``count(OPERATION)``        so many succeeded
==========================  ========================================================================

In a file each has a table, with what else there is to say about it:

.. code-block:: toml

    [[objective]]
    that = "p95(ttft_ms) < 400"
    warn = 300                       # met up to here without a remark
    abort_after_s = 10               # end the run when it is missed for so long

    [[objective]]
    that = "rate(ok) >= 0.999"
    waived = "known to fail until the gateway is replaced"
    until = 2026-12-31
"""

from __future__ import annotations

import operator
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

from realtime_harness.errors import UsageError
from realtime_harness.load.operation import LAST_POSITION, METRICS, OK, Tally

__all__ = [
    "GOOD",
    "GOOD_SESSIONS",
    "Objective",
    "Outcome",
    "State",
    "good_of",
    "judge",
    "look",
    "parse",
    "read",
]

GOOD = "good"
"""What succeeded and met every limit."""
GOOD_SESSIONS = "good_sessions"
"""Sessions of which all operations did."""

_CONNECT = "connect"
_COUNTED = frozenset({"rate", "per_s", "count"})
"""Figures of operations; all others are of a metric."""


class State(Enum):
    """How an objective was met."""

    PASS = "pass"
    WARN = "warn"
    """Met, but not by as much as it should be."""
    FAIL = "fail"
    WAIVED = "waived"
    """Missed, and somebody said why that is accepted, and until when."""
    VOID = "void"
    """The generator was not fit, so nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One objective."""

    text: str
    """As it was written."""
    figure: str
    """``p95``, ``mean``, ``rate``, …"""
    of: str
    """A metric, an outcome or an operation."""
    relation: str
    limit: float
    tags: Mapping[str, str] = field(default_factory=dict)
    warn: float | None = None
    """A stricter limit."""
    waived: str = ""
    """Why it may be missed."""
    until: date | None = None
    """The last day on which it may be."""
    abort_after_s: float | None = None
    """How long it may be missed before the run is ended."""

    @property
    def is_of_metric(self) -> bool:
        """Whether it is about what was measured, and not about how many there were."""
        return self.figure not in _COUNTED

    @property
    def unit(self) -> str:
        """Of its value and its limits."""
        if not self.is_of_metric:
            return {"rate": "share", "per_s": "/s"}.get(self.figure, "")
        return METRICS[self.of].unit if self.of in METRICS else "ms"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, as a table of a file has them."""
        return {
            "that": self.text,
            "warn": self.warn,
            "waived": self.waived,
            "until": self.until and self.until.isoformat(),
            "abort_after_s": self.abort_after_s,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Objective:
        """Read back what :meth:`to_json` returned."""
        until = values["until"]
        return replace(
            parse(values["that"]),
            warn=values["warn"],
            waived=values["waived"],
            until=until and date.fromisoformat(until),
            abort_after_s=values["abort_after_s"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an objective was met by a run."""

    objective: Objective
    state: State
    value: float | None
    """``None`` if there was nothing to measure."""
    count: int
    """From how many samples."""
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        objective = self.objective
        return {
            "objective": objective.text,
            "state": self.state.value,
            "value": self.value,
            "unit": objective.unit,
            "limit": objective.limit,
            "warn": objective.warn,
            "count": self.count,
            "tags": dict(objective.tags),
            "reason": self.reason,
            "waived": objective.waived,
            "until": objective.until and objective.until.isoformat(),
        }


_RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_FORM = re.compile(
    r"""\s*
    (?P<figure>p\d{1,2}(?:\.\d+)?|p100|min|max|mean|rate|per_s|count)
    \( \s* (?P<of>[A-Za-z_][\w-]*) \s* (?:\{(?P<tags>[^{}]*)\})? \s* \)
    \s* (?P<relation><=|>=|<|>) \s*
    (?P<limit>\d+(?:\.\d+)?) \s* (?P<unit>%)?
    \s*""",
    re.VERBOSE,
)
_TAG = re.compile(r"\s*([\w-]+)\s*[=:]\s*([\w.+-]+)\s*")
_TAGS = frozenset({"clock", "position", "operation"})


def parse(text: str) -> Objective:
    """Read an objective such as ``p95(ttft_ms) < 400``.

    Raises:
        UsageError: if it is none.

    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise UsageError(
            f"objective {text!r}: write a figure, what it is of and a limit, such as "
            "'p95(ttft_ms) < 400' or 'rate(ok) >= 99%'"
        )
    tags: dict[str, str] = {}
    for part in filter(None, (match["tags"] or "").split(",")):
        tag = _TAG.fullmatch(part)
        if tag is None or tag[1] not in _TAGS:
            known = ", ".join(sorted(_TAGS))
            raise UsageError(f"objective {text!r}: no tag {part.strip()!r}; tags are {known}")
        tags[tag[1]] = tag[2]
    return Objective(
        text=text.strip(),
        figure=match["figure"],
        of=match["of"],
        tags=tags,
        relation=match["relation"],
        limit=float(match["limit"]) / (100 if match["unit"] else 1),
    )


def read(path: Path) -> list[Objective]:
    """Read the objectives of a file.

    Raises:
        UsageError: if it cannot be used; it says which key, and the remedy.

    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist: name a TOML file with [[objective]]") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    tables = document.pop("objective", [])
    if document:
        raise UsageError(f"{path}: {next(iter(document))}: unknown; write [[objective]]")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UsageError(f"{path}: objective: has to be tables: write [[objective]]")
    return [_of_table(table, f"{path}: objective {n}") for n, table in enumerate(tables, 1)]


_KEYS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "that": ((str,), "has to be a string such as 'p95(ttft_ms) < 400'"),
    "warn": ((int, float), "has to be a number: a stricter limit"),
    "waived": ((str,), "has to be a string: the reason why it may be missed"),
    "until": ((date,), "has to be a day without quotes, such as 2026-12-31"),
    "abort_after_s": ((int, float), "has to be a number of seconds"),
}


def _of_table(values: Mapping[str, Any], where: str) -> Objective:
    for key, value in values.items():
        if key not in _KEYS:
            raise UsageError(f"{where}: {key}: unknown; known are {', '.join(_KEYS)}")
        types, remedy = _KEYS[key]
        if isinstance(value, bool) or not isinstance(value, types):
            raise UsageError(f"{where}: {key}: {remedy}")
    if "that" not in values:
        raise UsageError(f"{where}: that: is missing; it {_KEYS['that'][1]}")
    if ("waived" in values) != ("until" in values) or values.get("waived") == "":
        raise UsageError(f"{where}: waived: needs a reason, and until, the last day of it")
    parsed = parse(values["that"])
    warn = values.get("warn")
    if warn is not None and not _RELATIONS[parsed.relation](warn, parsed.limit):
        raise UsageError(f"{where}: warn: {warn:g} is no stricter than {parsed.text}")
    return replace(
        parsed,
        warn=warn,
        waived=values.get("waived", ""),
        until=values.get("until"),
        abort_after_s=values.get("abort_after_s"),
    )


_OUTCOMES = re.compile(
    r"ok|failed|good|good_sessions|rate-limited|timeout|unreachable|lost(-\d+)?|refused(-\d+)?"
    r"|(failed|incomplete|cancelled)-.+|error-.+|harness-.+"
)
_PLACES = frozenset({*map(str, range(1, LAST_POSITION)), f"{LAST_POSITION}+"})
_CLOCKS = frozenset({"response", "service", "generator"})


def look(objectives: Iterable[Objective], *, operation: str, is_ours: bool = True) -> None:
    """See whether there is what objectives name.

    Args:
        objectives: those of a run.
        operation: what its journey calls what it does.
        is_ours: whether the journey is one of ours; those of others measure what we cannot know.

    Raises:
        UsageError: if there is not; it says what there is.

    """
    operations = (_CONNECT, operation)
    for each in objectives:
        of, where = each.of, f"objective {each.text!r}"
        if each.is_of_metric:
            if is_ours and of not in METRICS and of != f"{operation}_ms":
                raise UsageError(f"{where}: no metric {of}; there are {', '.join(METRICS)}")
        elif each.figure == "rate":
            if not _OUTCOMES.fullmatch(of):
                raise UsageError(
                    f"{where}: no outcome {of}; there are ok, failed, good, good_sessions, and "
                    "classes of failures: rate-limited, timeout, unreachable, refused-STATUS, "
                    "lost-CODE, error-CODE, failed-CODE, incomplete-REASON"
                )
        elif of not in (*operations, GOOD):
            raise UsageError(f"{where}: no operation {of}; there are {', '.join(operations)}, good")
        for tag, known in (
            ("operation", operations),
            ("clock", sorted(_CLOCKS)),
            ("position", sorted(_PLACES)),
        ):
            if (value := each.tags.get(tag)) is not None and value not in known:
                raise UsageError(f"{where}: no {tag} {value}; there are {', '.join(known)}")


def judge(
    objectives: Iterable[Objective],
    tally: Tally,
    *,
    seconds: float,
    today: date,
    void: str = "",
) -> list[Outcome]:
    """Say how each objective was met.

    Args:
        objectives: those of the run.
        tally: what was measured while the load was as it should be.
        seconds: for how long that was.
        today: for waivers.
        void: why nothing can be said; empty if it can.

    """
    return [_outcome(each, tally, seconds, today, void) for each in objectives]


def _outcome(objective: Objective, tally: Tally, seconds: float, today: date, void: str) -> Outcome:
    value, count = _figure(objective, tally, seconds)
    holds = _RELATIONS[objective.relation]
    state, reason = State.PASS, ""
    if void:
        state, reason = State.VOID, void
    elif value is None:
        state, reason = State.FAIL, _nothing(objective, tally)
    elif not holds(value, objective.limit):
        state = State.FAIL
    elif objective.warn is not None and not holds(value, objective.warn):
        state, reason = State.WARN, f"not {objective.relation} {objective.warn:g}"
    if state is State.FAIL and objective.until is not None:
        said = f"{objective.waived} (until {objective.until})"
        if today <= objective.until:
            state, reason = State.WAIVED, said
        else:
            reason = f"the waiver is over: {said}"
    return Outcome(objective=objective, state=state, value=value, count=count, reason=reason)


def _figure(objective: Objective, tally: Tally, seconds: float) -> tuple[float | None, int]:
    """Return the value of what an objective is about, and the number of its samples."""
    figure, of = objective.figure, objective.of
    operation = objective.tags.get("operation", "")
    if of in (GOOD, GOOD_SESSIONS) and not objective.is_of_metric:
        good, total = good_of(tally, operation)
        if of == GOOD_SESSIONS:
            good, total = tally.ended["good"], tally.ended["all"]
        if figure == "rate":
            return (good / total if total else None), total
        return (good / seconds if figure == "per_s" and seconds else float(good)), total
    if figure == "rate":
        total = tally.count(operation)
        return (_with_outcome(tally, of, operation) / total if total else None), total
    if figure in ("per_s", "count"):
        count = tally.count(of, ok=True)
        return (count / seconds if figure == "per_s" and seconds else float(count)), count
    tags = {"clock": "response", **objective.tags}
    tags.pop("operation", None)
    histogram = tally.histogram(of, **tags)
    if not histogram.counts:
        # What is no part of an operation is known by one clock only.
        histogram = tally.histogram(of, **objective.tags)
    if not histogram.counts:
        return None, 0
    values: dict[str, Callable[[], float]] = {
        "min": lambda: histogram.min_ms,
        "max": lambda: histogram.max_ms,
        "mean": lambda: histogram.mean_ms,
    }
    if figure in values:
        return values[figure](), histogram.count
    return histogram.percentile_ms(float(figure[1:])), histogram.count


def good_of(tally: Tally, operation: str = "") -> tuple[int, int]:
    """Return how many operations were good, and of how many; of all but ``connect``, if not named.

    That sessions can be opened is no use to anybody by itself.
    """
    if operation:
        return tally.good[operation], tally.count(operation)
    good = sum(count for name, count in tally.good.items() if name != _CONNECT)
    return good, tally.count() - tally.count(_CONNECT)


def _nothing(objective: Objective, tally: Tally) -> str:
    if not objective.is_of_metric:
        return f"nothing was counted of {objective.of}"
    tags = ", ".join(f"{name}={value}" for name, value in objective.tags.items())
    of = f"{objective.of}{{{tags}}}" if tags else objective.of
    return f"nothing was measured of {of}; measured were {', '.join(tally.metrics()) or 'none'}"


def _with_outcome(tally: Tally, outcome: str, operation: str) -> int:
    if outcome in (OK, "failed"):
        return tally.count(operation, ok=outcome == OK)
    return sum(
        count
        for (name, found), count in tally.outcomes.items()
        if found == outcome and (not operation or name == operation)
    )
