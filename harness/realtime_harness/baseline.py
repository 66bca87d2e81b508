"""The baseline: what is known to fail, by whom, why, and until when.

.. code-block:: toml

    [[known]]
    scenario = "sideband/both_act"
    check = "rt.sideband.model-fixed"
    reason = "the gateway lets the model be changed"
    issue = "https://example.com/issues/17"     # optional
    until = 2027-03-01                          # optional; from the day after, it counts again
    message = "got gpt-realtime-mini"           # optional; has to be in the verdict's reason
    target = "staging*"                         # optional; which targets' names it is about

    [[flaky]]                                   # the same, for what fails now and then
    scenario = "relay/adds_little"
    check = "rt.relay.overhead"
    reason = "shared runner"

An entry is about exactly one check in exactly one scenario. One of ``[[known]]`` whose check passes
is *stale* and has to go, so that what was mended cannot break again unseen. A scenario whose calls
were made by another client than the usual one is a scenario of its own, such as
``sideband/both_act@chromium``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from realtime_harness.errors import UsageError

__all__ = ["Baseline", "Known", "base_id", "client_of", "updated"]

_TABLES = ("known", "flaky")
_REQUIRED = ("scenario", "check", "reason")
_OPTIONAL = ("issue", "until", "message", "target")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An entry: one check in one scenario that is known to fail, or to fail now and then."""

    scenario: str
    check: str
    reason: str
    issue: str = ""
    until: date | None = None
    """The last day on which it holds."""
    message: str = ""
    """Part of the verdict's reason; a failure for another reason is not known."""
    target: str = "*"
    """Shell pattern of the names of the targets that it is about."""
    flaky: bool = False

    def __str__(self) -> str:
        about = [self.reason]
        if self.issue:
            about.append(self.issue)
        if self.until is not None:
            about.append(f"until {self.until}")
        return "; ".join(about)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries of a file that are about one target."""

    path: Path
    entries: Mapping[tuple[str, str], Known]
    """By scenario and check."""

    @classmethod
    def read(cls, path: Path, target: str) -> Baseline:
        """Read the entries of a file that are about the target of that name.

        Raises:
            UsageError: if the file cannot be used; the message names file, entry, key and remedy.

        """
        entries: dict[tuple[str, str], Known] = {}
        for known in _read(path):
            if not fnmatchcase(target, known.target):
                continue
            key = known.scenario, known.check
            if key in entries:
                raise UsageError(f"{path}: {_name(known)} is listed twice: keep one of them")
            entries[key] = known
        return cls(path, entries)

    def find(self, scenario: str, check: str) -> Known | None:
        """Return the entry about a check in a scenario, or in a repetition of it."""
        return self.entries.get((base_id(scenario), check))


def base_id(scenario: str) -> str:
    """Return a scenario's id without the number of its repetition or attempt."""
    return scenario.partition("#")[0].partition("~")[0]


def client_of(scenario: str) -> str:
    """Return the client in a scenario's id; nothing for the usual one."""
    return base_id(scenario).partition("@")[2]


def updated(
    path: Path, *, add: Iterable[Known], remove: Iterable[Known], target: str
) -> tuple[str, int, int]:
    """Return the text of a baseline with entries added and removed, and how many of each.

    Everything else in the file, comments among it, stays as it is. The file need not exist.

    Args:
        path: the baseline.
        add: entries to add; where the same check is listed with another message, that goes.
        remove: entries to remove.
        target: name of the target that both are about.

    Raises:
        UsageError: if the file is there and cannot be used.

    """
    import tomlkit
    from tomlkit.items import AoT

    document = tomlkit.parse(path.read_text(encoding="utf-8") if _read_if_there(path) else "")
    new = list(add)
    gone = {(known.scenario, known.check) for known in (*remove, *new)}
    removed = 0
    for name in _TABLES:
        tables = document.get(name)
        if not isinstance(tables, AoT):
            continue
        for table in list(tables):
            about_it = fnmatchcase(target, str(table.get("target", "*")))
            if about_it and (table["scenario"], table["check"]) in gone:
                tables.remove(table)
                removed += 1
        if not len(tables):
            document.remove(name)
    if new:
        tables = document.setdefault("known", tomlkit.aot())
        for known in new:
            table = tomlkit.table()
            for key in (*_REQUIRED, *_OPTIONAL):
                value = getattr(known, key)
                if value and not (key == "target" and value == "*"):
                    table[key] = value
            tables.append(table)
    return tomlkit.dumps(document), len(new), removed


def _read_if_there(path: Path) -> bool:
    if not path.exists():
        return False
    _read(path)
    return True


def _read(path: Path) -> list[Known]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"{path} does not exist: `realtime-harness baseline update RUN` makes a baseline"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    if unknown := sorted(document.keys() - {*_TABLES}):
        raise UsageError(f"{path}: {unknown[0]}: unknown; write [[known]] or [[flaky]]")
    entries = []
    for name in _TABLES:
        tables = document.get(name, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise UsageError(f"{path}: {name}: has to be tables: write [[{name}]]")
        for number, table in enumerate(tables, 1):
            entries.append(_entry(f"{path}: {name} {number}", table, flaky=name == "flaky"))
    return entries


def _entry(where: str, table: Mapping[str, Any], *, flaky: bool) -> Known:
    for key, value in table.items():
        if key not in (*_REQUIRED, *_OPTIONAL):
            known = ", ".join((*_REQUIRED, *_OPTIONAL))
            raise UsageError(f"{where}: {key}: unknown; known are {known}")
        if key == "until":
            if not isinstance(value, date) or isinstance(value, datetime):
                raise UsageError(f"{where}: until: write a date, without quotes: 2027-03-01")
        elif not isinstance(value, str) or not value.strip():
            raise UsageError(f"{where}: {key}: has to be a text in quotes, and not empty")
    if missing := [key for key in _REQUIRED if key not in table]:
        raise UsageError(f"{where}: {missing[0]}: is missing")
    return Known(**table, flaky=flaky)


def _name(known: Known) -> str:
    return f"{known.check} in {known.scenario}"
