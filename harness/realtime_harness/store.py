"""The writing end of a run directory; :mod:`realtime_harness.results` is the reading end."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import orjson

from realtime_harness.evidence import Journal
from realtime_harness.results import CheckResult, RunInfo, ScenarioResult

__all__ = ["Store", "label_of", "new_run_directory", "timestamp"]


def new_run_directory(parent: Path, target: str) -> Path:
    """Make ``<parent>/<time>-<target>`` and return it; never one that exists already."""
    stem = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{label_of(target)}"
    number = 1
    while True:
        directory = parent / (stem if number == 1 else f"{stem}-{number}")
        try:
            directory.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return directory


def timestamp() -> str:
    """Return the time that it is, as run directories have it: UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def label_of(target: str) -> str:
    """Return a target's name as a part of a path."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", target).strip("-.") or "target"


class Store:
    """Writes results and evidence below a run directory, as they come.

    Several processes may have a store of the same directory: each line is appended at once.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._checks = Journal(directory / "checks.jsonl")
        self._scenarios = Journal(directory / "scenarios.jsonl")

    def write_info(self, info: RunInfo) -> None:
        """Write ``run.json``, in one step: a reader sees the old one or the new one."""
        path = self.directory / "run.json"
        draft = path.with_suffix(".json.part")
        draft.write_bytes(orjson.dumps(info.to_json(), option=orjson.OPT_INDENT_2))
        os.replace(draft, path)

    def add_check(self, result: CheckResult) -> None:
        """Append the verdict of a check."""
        self._checks.append(result.to_json())

    def add_scenario(self, result: ScenarioResult) -> None:
        """Append the result of a scenario."""
        self._scenarios.append(result.to_json())

    def evidence_name(self, scenario_id: str) -> str:
        """Return the path of a scenario's evidence, relative to the run directory."""
        return f"evidence/{re.sub(r'[^A-Za-z0-9._-]', '.', scenario_id)}.jsonl"

    def evidence(self, scenario_id: str) -> Journal:
        """Return the journal for the evidence of a scenario; the caller closes it."""
        path = self.directory / self.evidence_name(scenario_id)
        # Under a plugin that runs a scenario again, its last conversation counts.
        path.unlink(missing_ok=True)
        return Journal(path)

    def close(self) -> None:
        """Close the files. Idempotent."""
        self._checks.close()
        self._scenarios.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
