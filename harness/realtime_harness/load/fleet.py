"""The engines of a run, seen from whoever started them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import IO, Any, Protocol

import orjson

from realtime_harness.errors import HarnessError
from realtime_harness.load.engine import Plan
from realtime_harness.load.wire import Interval, stop

__all__ = ["EngineProcess", "Listened", "Told", "fleet", "how_it_ended", "start_engine"]

_READY_S = 20.0
_END_S = 10.0
_KILL_S = 2.0
_EXIT_S = 1.0
"""Between the end of a process's connection and its own."""
_LINE_BYTES = 1 << 24


def start_engine() -> tuple[subprocess.Popen[bytes], socket.socket, IO[bytes]]:
    """Start the process of an engine.

    Returns:
        the process, our end of its connection, and where it prints to; the caller closes both.

    """
    ours, theirs = socket.socketpair()
    output = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        popen = subprocess.Popen(
            [
                sys.executable,
                # Without -P the working directory is where modules are looked for first.
                "-P",
                "-m",
                "realtime_harness.load.engine",
                "--fd",
                str(theirs.fileno()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            # A Ctrl-C at the terminal is for us; we end our engines ourselves.
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        output.close()
        raise
    finally:
        theirs.close()
    return popen, ours, output


def how_it_ended(popen: subprocess.Popen[bytes], output: IO[bytes]) -> str:
    """Return what there is to say about an engine that should not have ended, behind its name."""
    try:
        code = popen.wait(_EXIT_S)
    except subprocess.TimeoutExpired:
        how = "closed its connection"
    else:
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
    return f"(process {popen.pid}) ended by itself, {how}; it printed: {_printed(output)}"


def _printed(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - 2000))
    return output.read().decode(errors="replace").strip() or "nothing"


class Listened(Protocol):
    """An engine that is told commands, and keeps what it told until somebody looks."""

    fault: str
    """Why it cannot go on, behind its name; empty as long as it is well."""

    @property
    def intervals(self) -> Told:
        """What it told and nobody has read yet."""

    def tell(self, **command: Any) -> None:
        """Send a command; see :mod:`realtime_harness.load.wire`. Nothing, if it is gone."""

    async def stop(self, *, in_a_hurry: bool = False) -> None:
        """Have it end its sessions, and wait until it has told the rest; bounded."""


class Told(Protocol):
    """A queue of intervals."""

    def empty(self) -> bool:
        """Return whether there is nothing in it."""

    def get_nowait(self) -> Interval:
        """Take the oldest."""


class EngineProcess:
    """One engine. Start it, command it, read its intervals, end it."""

    def __init__(self) -> None:
        self._popen, self._socket, self._output = start_engine()
        self._writer: asyncio.StreamWriter | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.intervals: asyncio.Queue[Interval] = asyncio.Queue()
        """What it told and nobody has read yet."""
        self.fault = ""
        """Why it cannot go on, behind its name; empty as long as it is well."""
        self.ended = asyncio.Event()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    async def begin(self, plan: Plan) -> None:
        """Hand over the plan, and wait until it is understood.

        Raises:
            HarnessError: if the engine does not get ready; it says what it printed.

        """
        reader, self._writer = await asyncio.open_connection(sock=self._socket, limit=_LINE_BYTES)
        self._reader = asyncio.create_task(self._read(reader), name=f"engine {self.pid}")
        self.tell(do="plan", **plan.to_json())
        try:
            async with asyncio.timeout(_READY_S):
                await self._ready
        except TimeoutError:
            raise HarnessError(
                f"an engine did not get ready within {_READY_S:g} s; it printed: "
                f"{_printed(self._output)}"
            ) from None

    def tell(self, **command: Any) -> None:
        """Send a command; see :mod:`realtime_harness.load.wire`. Nothing, if it is gone."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(orjson.dumps(command) + b"\n")

    async def stop(self, *, in_a_hurry: bool = False) -> None:
        """Have it end its sessions, and wait until it has told the rest; bounded.

        Args:
            in_a_hurry: do not wait for what is under way.

        """
        self.tell(**stop(in_a_hurry=in_a_hurry))
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                await self.ended.wait()

    async def close(self) -> None:
        """End the process: politely, then by force. Idempotent."""
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()
        else:
            self._socket.close()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait({self._reader})
        await asyncio.to_thread(self._end)
        self._output.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._understand(orjson.loads(line))
        except OSError as error:
            self.fault = self.fault or f"broke off: {error}"
        finally:
            if not self.ended.is_set() and not self.fault:
                self.fault = how_it_ended(self._popen, self._output)
            self.ended.set()
            if not self._ready.done():
                self._ready.set_exception(HarnessError(f"an engine {self.fault}"))

    def _understand(self, line: Mapping[str, Any]) -> None:
        match line["is"]:
            case "ready":
                self._ready.set_result(None)
            case "interval":
                self.intervals.put_nowait(Interval.from_json(line))
            case "fault":
                self.fault = f"cannot go on: {line['text']}"
            case "end":
                self.ended.set()

    def _end(self) -> None:
        # Its connection is closed, so it is on its way out.
        for end in (self._popen.terminate, self._popen.kill):
            try:
                self._popen.wait(_KILL_S)
                return
            except subprocess.TimeoutExpired:
                end()
        self._popen.wait()


@asynccontextmanager
async def fleet(plans: Sequence[Plan]) -> AsyncIterator[list[EngineProcess]]:
    """Start an engine for each plan; end all of them behind the block.

    Raises:
        HarnessError: if one does not get ready.

    """
    engines: list[EngineProcess] = []
    try:
        for _ in plans:
            engines.append(EngineProcess())
        await asyncio.gather(
            *(engine.begin(plan) for engine, plan in zip(engines, plans, strict=True))
        )
        yield engines
    finally:
        await asyncio.gather(*(engine.close() for engine in engines))
