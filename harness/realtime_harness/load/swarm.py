"""Load that Locust plans, shows and distributes, while engines measure.

Locust is always in a process of its own: it changes the process that imports it. What it is to do
is handed over in the environment, since the target's key is a part of it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from realtime_harness.errors import HarnessError, MissingExtra
from realtime_harness.load.run import LoadPlan
from realtime_harness.verdicts import ExitCode

__all__ = ["LIFELINE", "VARIABLE", "Swarm", "read_plan", "run_swarm"]

VARIABLE = "RT_LOAD_SWARM"
"""Environment variable that holds what is to be done."""

LIFELINE = "RT_LOAD_LIFELINE"
"""Environment variable with the number of a pipe: whoever has it ends when it is closed."""


_END_S = 15.0
"""Its own bounds are tighter; behind this one it does not end by itself."""
_LAST_S = 3.0
_LOOK_S = 0.1


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
        # Neither --run-time nor --html: whoever leads ends the run, and writes the report of each.
        users = ["-u", str(plan.sessions), "-r", f"{plan.rate:g}"]
        shown = ["--web-host", "127.0.0.1", "--web-port", str(self.port)]
        how = shown if self.ui else ["--headless", "--only-summary"]
        if self.role == "master":
            how += ["--master", "--master-bind-host", host, "--master-bind-port", port]
            how += ["--expect-workers", str(self.workers)]
        return [*common, *users, *how]

    def processes(self) -> list[Swarm]:
        """Return what each of Locust's processes on this machine is, who leads first.

        Not Locust's own ``--processes``: it forks, always uses the same port, and does not know
        which of its workers has gone.
        """
        count = self.plan.processes
        if self.role == "worker":
            return [self] * count
        if self.role == "master" or count == 1:
            return [self]
        master = replace(self, role="master", master=f"127.0.0.1:{_free_port()}", workers=count)
        return [master, *([replace(master, role="worker", ui=False)] * count)]

    def to_json(self) -> dict[str, Any]:
        """Return what Locust's process has to know, the target's key included."""
        return {"plan": self.plan.to_json(), "directory": str(self.directory)}


def read_plan(values: dict[str, Any]) -> tuple[LoadPlan, Path]:
    """Read back what :meth:`Swarm.to_json` returned: the plan, and the run directory."""
    return LoadPlan.from_json(values["plan"]), Path(values["directory"])


def run_swarm(swarm: Swarm) -> int:
    """Run Locust until it ends; return its exit code.

    A Ctrl-C ends its sessions in order, a second one at once.

    Raises:
        MissingExtra: if it is not installed.
        UsageError: if the plan may not be carried out.
        HarnessError: if it was killed.

    """
    if find_spec("locust") is None:
        raise MissingExtra("load")
    swarm.plan.look()
    lifeline, ours = os.pipe()
    processes: list[subprocess.Popen[bytes]] = []
    try:
        try:
            for each in swarm.processes():
                processes.append(_start(each, lifeline))
        finally:
            os.close(lifeline)
        try:
            return _wait(processes, swarm)
        except KeyboardInterrupt:
            # Who leads has the others quit; workers of a master elsewhere have nobody but us.
            for process in processes if swarm.role == "worker" else processes[:1]:
                process.terminate()
            return _wait(processes, swarm, timeout_s=_END_S)
    finally:
        # Nothing is ever written to it: its processes end now at the latest, even if we are killed.
        os.close(ours)
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LAST_S)
            process.kill()
            process.wait()


def _start(swarm: Swarm, lifeline: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "realtime_harness.load._locust", *swarm.arguments()],
        env={
            **os.environ,
            VARIABLE: orjson.dumps(swarm.to_json()).decode(),
            LIFELINE: str(lifeline),
            # Locust must leave sockets and threads as they are: engines need them.
            "LOCUST_SKIP_MONKEY_PATCH": "1",
        },
        stdin=subprocess.DEVNULL,
        pass_fds=[lifeline],
        # A Ctrl-C at the terminal is for us; we hand it on.
        start_new_session=True,
    )


def _wait(
    processes: list[subprocess.Popen[bytes]], swarm: Swarm, timeout_s: float | None = None
) -> int:
    """Return the exit code of the first, or of the worst of several workers."""
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    waited_for = processes if swarm.role == "worker" else processes[:1]
    known: set[int] = set()
    while any(process.poll() is None for process in waited_for):
        for number, process in enumerate(processes):
            code = process.poll()
            if code is None or number in known or process in waited_for:
                continue
            known.add(number)
            if code and not swarm.ui and deadline is None:
                # Its master sees that by itself, unless it is still waiting for it.
                deadline = time.monotonic() + _END_S
                sys.stderr.write(f"a worker {_how(process)}\n")
        if deadline is not None and time.monotonic() > deadline:
            return int(ExitCode.HARNESS_FAULT)
        time.sleep(_LOOK_S)
    for process in waited_for:
        if process.returncode < 0:
            raise HarnessError(
                f"Locust {_how(process)}: there is no load.json of this run; what was measured "
                f"until then is in {swarm.directory / 'load'}"
            )
    return max(process.returncode for process in waited_for)


def _how(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
    return f"(process {process.pid}) ended by itself, {how}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
