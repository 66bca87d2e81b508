"""Load that Locust plans, shows and distributes, while engines measure.

Locust is always in a process of its own: it changes the process that imports it. What it is to do
is handed over in the environment, since the target's key is a part of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from realtime_harness.errors import MissingExtra
from realtime_harness.load.profile import Profile
from realtime_harness.load.run import LoadPlan
from realtime_harness.load.slo import parse
from realtime_harness.targets.target import Target

__all__ = ["LIFELINE", "VARIABLE", "Swarm", "read_plan", "run_swarm"]

VARIABLE = "RT_LOAD_SWARM"
"""Environment variable that holds what is to be done."""

LIFELINE = "RT_LOAD_LIFELINE"
"""Environment variable with the number of a pipe: whoever has it ends when it is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swarm:
    """How Locust is to be run."""

    plan: LoadPlan
    directory: Path
    """Of the run; also of Locust's own report."""
    ui: bool = False
    """Whether to wait in the browser for somebody to press start."""
    port: int = 8089
    """Of the web page."""
    role: str = ""
    """``master``, ``worker``, or neither."""
    master: str = "127.0.0.1:5557"
    """Where the master is, or listens."""
    workers: int = 1
    """How many the master waits for."""

    def arguments(self) -> list[str]:
        """Return the command line of Locust."""
        host, _, port = self.master.rpartition(":")
        plan = self.plan
        locustfile = Path(__file__).parent / "_locust" / "locustfile.py"
        # No --stop-timeout: tickets have nothing to finish, and engines see to their sessions.
        common = ["-f", str(locustfile), "--loglevel", "WARNING"]
        if self.role == "worker":
            return [*common, "--worker", "--master-host", host, "--master-port", port]
        users = ["-u", str(plan.sessions), "-r", f"{plan.rate:g}"]
        report = ["--html", str(self.directory / "load" / "locust.html")]
        run_time = ["-t", f"{max(1, round(plan.duration_s))}s"] if plan.shape == "baseline" else []
        shown = ["--web-host", "127.0.0.1", "--web-port", str(self.port)]
        how = shown if self.ui else ["--headless", "--only-summary"]
        if self.role == "master":
            how = [
                *how,
                *("--master", "--master-bind-host", host, "--master-bind-port", port),
                *("--expect-workers", str(self.workers)),
            ]
        elif plan.processes > 1:
            how = [*how, "--processes", str(plan.processes)]
        return [*common, *users, *run_time, *report, *how]

    def to_json(self) -> dict[str, Any]:
        """Return what Locust's process has to know, the target's key included."""
        plan = self.plan
        return {
            "target": plan.target.to_json(),
            "profile": plan.profile.to_json(),
            "users": plan.users,
            "arrival_rate": plan.arrival_rate,
            "spawn_rate": plan.spawn_rate,
            "duration_s": plan.duration_s,
            "shape": plan.shape,
            "objectives": [each.text for each in plan.objectives],
            "processes": self.workers if self.role else plan.processes,
            "is_own": plan.is_own,
            "command": list(plan.command),
            "directory": str(self.directory),
        }


def read_plan(values: dict[str, Any]) -> tuple[LoadPlan, Path]:
    """Read back what :meth:`Swarm.to_json` returned: the plan, and the run directory."""
    directory = Path(values.pop("directory"))
    read = {
        "target": Target.from_json(values["target"]),
        "profile": Profile.from_json(values["profile"]),
        "objectives": tuple(map(parse, values["objectives"])),
        "command": tuple(values["command"]),
    }
    return LoadPlan(**{**values, **read}), directory


def run_swarm(swarm: Swarm) -> int:
    """Run Locust until it ends; return its exit code.

    Raises:
        MissingExtra: if it is not installed.
        UsageError: if the plan may not be carried out.

    """
    if find_spec("locust") is None:
        raise MissingExtra("load")
    swarm.plan.look()
    (swarm.directory / "load").mkdir(parents=True, exist_ok=True)
    lifeline, ours = os.pipe()
    try:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "realtime_harness.load._locust", *swarm.arguments()],
                env={
                    **os.environ,
                    VARIABLE: orjson.dumps(swarm.to_json()).decode(),
                    LIFELINE: str(lifeline),
                    # Locust must leave sockets and threads as they are: engines need them.
                    "LOCUST_SKIP_MONKEY_PATCH": "1",
                },
                pass_fds=[lifeline],
            )
        finally:
            os.close(lifeline)
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    finally:
        # Nothing is ever written to it: its processes end now at the latest, even if we are killed.
        os.close(ours)
