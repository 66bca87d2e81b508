"""The lab: the processes that a run starts for itself, and ends."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from realtime_harness.errors import HarnessError, UsageError
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.profiles import OPENAI, PROFILES
from realtime_harness.targets.target import Target, settings_of
from realtime_harness.verdicts import ExitCode

if TYPE_CHECKING:
    from realtime_harness.clients.browser import Browser

__all__ = ["Lab", "Process", "fake_target"]

_END_TIMEOUT_S = 5.0
_TAIL = 2000
"""Characters of a process's output that are shown when it fails."""


@dataclass(frozen=True, slots=True, eq=False)
class Process:
    """A process of the lab that has said it is ready."""

    ready: dict[str, Any]
    """What it said: addresses, credentials, process id."""
    popen: subprocess.Popen[bytes]
    output: IO[bytes]
    """Where its standard output and error go."""

    def tail(self) -> str:
        """Return the end of what it printed."""
        return _tail(self.output)


class Lab:
    """Starts processes of this distribution and ends all of them when it is closed.

    Its methods block for as long as a process needs to start or end, and may be called from any
    thread: a coroutine calls them through :func:`asyncio.to_thread`. A context manager.
    """

    def __init__(self) -> None:
        self._processes: list[Process] = []
        self._lock = threading.Lock()
        self._relays: dict[tuple[str, str], str] = {}
        self._relays_lock = threading.Lock()
        self._browser: Browser | None = None
        self._browser_lock = threading.Lock()

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def fake(
        self,
        *,
        defects: Iterable[str] = (),
        behaviours: Iterable[str] = (),
        faults: Iterable[str] = (),
        clock: str = "real",
        latency: str = "instant",
        profile: str = "",
        tls: bool = False,
        seed: int | None = None,
    ) -> Target:
        """Start a fake service on a free port and return it as a target.

        Args:
            defects: violations that it is to commit.
            behaviours: legal rudeness that it is to show.
            faults: damage that it is to do. Any of the three may be limited to a key or a session,
                as in ``name:key=sk-one``.
            clock: ``real`` or ``virtual``.
            latency: how long it takes to answer.
            profile: whose legal particulars it has; its default if not given.
            tls: with a certificate of its own.
            seed: of what is random in it.

        Raises:
            HarnessError: if it does not start; the message ends with what it printed.

        """
        switches = {
            "defects": list(defects),
            "behaviours": list(behaviours),
            "faults": list(faults),
        }
        arguments = ["fake", "--port", "0", "--clock", clock, "--latency", latency]
        arguments += [f"--defect={name}" for name in switches["defects"]]
        arguments += [f"--behaviour={name}" for name in switches["behaviours"]]
        arguments += [f"--fault={name}" for name in switches["faults"]]
        if seed is not None:
            arguments.append(f"--seed={seed}")
        if profile:
            arguments.append(f"--profile={profile}")
        if tls:
            arguments.append("--tls")
        ready = self.start(arguments).ready
        return replace(
            fake_target(ready, profile),
            switches=switches,
            settings=settings_of({"clock": {"kind": clock}, "latency": latency, "seed": seed}),
        )

    def relay(self, kind: str, target: Target) -> str:
        """Return the base URL of a reference relay of that kind before the target's origin.

        There is one for each kind and origin; the first call starts it.

        Raises:
            HarnessError: if it does not start; the message ends with what it printed.

        """
        origin = urlsplit(target.base_url)._replace(path="").geturl()
        with self._relays_lock:
            if (kind, origin) not in self._relays:
                arguments = ["relay", "--kind", kind, "--upstream", target.base_url, "--port", "0"]
                trusted = {"SSL_CERT_FILE": target.ca_file} if target.ca_file else {}
                ready = self.start(arguments, environment=trusted).ready
                self._relays[kind, origin] = ready["base_url"]
            return self._relays[kind, origin]

    def start(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        timeout_s: float = 15.0,
    ) -> Process:
        """Run ``realtime-harness <arguments> --ready-file <pipe> --until-eof`` until it is ready.

        It ends with this process at the latest, however that ends.

        Args:
            arguments: the subcommand and its options.
            environment: added to our own; the way to hand over credentials.
            timeout_s: bound on getting ready.

        Raises:
            UsageError: if it refuses its arguments, with what it said.
            HarnessError: if it ends or is silent for that long; the message ends with what it
                printed.

        """
        name = arguments[0]
        # Not a context manager: it lives as long as the process.
        output = tempfile.TemporaryFile()  # noqa: SIM115
        reader, writer = os.pipe()
        try:
            try:
                popen = subprocess.Popen(
                    [
                        sys.executable,
                        # Without -P the working directory is where modules are looked for first.
                        "-P",
                        "-m",
                        "realtime_harness",
                        *arguments,
                        "--ready-file",
                        f"/dev/fd/{writer}",
                        "--until-eof",
                    ],
                    # Nothing is written to it. It ends when we do, even if we are killed.
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **(environment or {})},
                    pass_fds=[writer],
                    # A Ctrl-C at the terminal is for us; we end our processes ourselves.
                    start_new_session=True,
                )
            finally:
                os.close(writer)
            try:
                ready = json.loads(_read_line(reader, timeout_s))
            except ValueError:
                # The pipe is still open here: a process that is late must not trip over it.
                how = _end_unready(popen, timeout_s)
                said = _tail(output).removeprefix("realtime-harness: ")
                if popen.returncode == ExitCode.USAGE:
                    # What it cannot use was handed on from our own command line.
                    raise UsageError(said) from None
                raise HarnessError(
                    f"`realtime-harness {name}` {how}; it printed: {said or 'nothing'}"
                ) from None
        except BaseException:
            output.close()
            raise
        finally:
            os.close(reader)
        process = Process(ready, popen, output)
        with self._lock:
            self._processes.append(process)
        return process

    def browser(self) -> Browser:
        """Return a Chromium, which makes calls; the first call starts it.

        Raises:
            MissingExtra: if Playwright or a Chromium is not installed.
            HarnessError: if it does not start.

        """
        from realtime_harness.clients.browser import Browser

        with self._browser_lock:
            if self._browser is None:
                self._browser = Browser.start()
            return self._browser

    def stop(self, process: Process) -> None:
        """End one process: politely, then by force. Idempotent."""
        with self._lock:
            if process not in self._processes:
                return
            self._processes.remove(process)
        _end(process.popen)
        process.output.close()

    def close(self) -> None:
        """End all processes, the youngest first. Idempotent."""
        with self._browser_lock:
            if self._browser is not None:
                self._browser.close()
                self._browser = None
        with self._lock:
            processes = self._processes[::-1]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.popen.terminate()
        for process in processes:
            self.stop(process)


def fake_target(ready: Mapping[str, Any], profile: str = "") -> Target:
    """Return a fake as a target.

    Args:
        ready: what it said when it was ready.
        profile: whose legal particulars it has; its default if not given.

    """
    return Target(
        name=f"fake:{profile}" if profile else "fake",
        base_url=ready["base_url"],
        api_key=ready["api_key"],
        capabilities=frozenset(Capability),
        control_url=ready["control_url"],
        # Our reading of the profile, with what the fake says of itself.
        profile=replace(
            PROFILES.get(profile, OPENAI),
            calls_need_ephemeral_key=ready.get("calls_need_ephemeral_key", False),
            models_are_deployments=ready.get("models_are_deployments", False),
        ),
        # Its own one, which it knows by that name.
        mcp_server_url="builtin",
        ca_file=ready.get("ca_file"),
    )


def _read_line(fd: int, timeout_s: float) -> bytes:
    """Read up to a newline, the end, or the time limit, whichever comes first."""
    deadline = time.monotonic() + timeout_s
    data = b""
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        while not data.endswith(b"\n"):
            if not selector.select(deadline - time.monotonic()):
                break
            chunk = os.read(fd, 4096)
            if not chunk:
                break
            data += chunk
    return data


def _end_unready(popen: subprocess.Popen[bytes], timeout_s: float) -> str:
    """End a process that did not get ready; return what it did instead."""
    try:
        # It closed the pipe: then it is on its way out, or it is never going to be ready.
        return f"ended with code {popen.wait(1.0)} before it was ready"
    except subprocess.TimeoutExpired:
        return f"did not get ready within {timeout_s:g} s"
    finally:
        _end(popen)


def _end(popen: subprocess.Popen[bytes]) -> None:
    popen.terminate()
    if popen.stdin is not None:
        popen.stdin.close()
    try:
        popen.wait(_END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        popen.kill()
        popen.wait()


def _tail(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _TAIL))
    return output.read().decode(errors="replace").strip()
