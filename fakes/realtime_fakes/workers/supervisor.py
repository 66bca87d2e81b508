"""The process that starts the workers, and ends when the first of them does."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from realtime_fakes import process
from realtime_fakes.server import BACKLOG, ServeOptions, Server
from realtime_fakes.tls import issue
from realtime_fakes.workers import MOST, WorkerEnded
from realtime_fakes.workers.seat import Seat, back_door

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["supervise"]

_SPREADS = sys.platform == "linux"
"""Whether the system spreads connections over the sockets that share a port."""

_END_TIMEOUT_S = 4.0
"""A worker gives its connections two."""


@dataclass(frozen=True, slots=True)
class _Worker:
    shard: int
    process: Process

    async def ready(self) -> dict[str, Any]:
        """Return what the worker says of itself once it accepts connections."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            await self.watch()
        ready: dict[str, Any] = orjson.loads(line)
        return ready

    async def watch(self) -> None:
        """Wait until the worker ends, and raise that it did."""
        code = await self.process.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        raise WorkerEnded(f"worker {self.shard} (pid {self.process.pid}) {how}, so all were ended")

    async def end(self) -> None:
        """Close its standard input, which ends it; kill it if that does not help."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), _END_TIMEOUT_S)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


async def supervise(options: ServeOptions) -> None:
    """Serve with several processes until SIGTERM or Ctrl-C, then end them all.

    Canceling does the same. Should this process be killed, the workers notice and end.

    Raises:
        ValueError: for options that cannot be served, or not by several processes.
        OSError: if the address cannot be bound or the ready file not written.
        WorkerEnded: if one of them ended by itself; the others were ended after it.

    """
    _check(options)
    stop = process.ending(until_eof=options.until_eof)
    workers: list[_Worker] = []
    with tempfile.TemporaryDirectory(prefix="realtime-fake-") as directory:
        if options.tls:
            issue(options.host, Path(directory))
        try:
            with _doors(options, Path(directory)) as doors:
                started_at = time.time()
                for shard, front, back in doors:
                    seat = Seat(
                        shard=shard,
                        of=options.workers,
                        directory=directory,
                        front_fd=front.fileno(),
                        back_fd=back.fileno(),
                        started_at=started_at,
                    )
                    workers.append(await _start(seat, options))
            serving = asyncio.ensure_future(_serve(workers, options.ready_file, stop))
            watches = [asyncio.ensure_future(worker.watch()) for worker in workers]
            try:
                done, _ = await asyncio.wait(
                    [serving, *watches], return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                for task in (serving, *watches):
                    task.cancel()
            await asyncio.gather(*done)
        finally:
            await asyncio.gather(*(worker.end() for worker in workers))


async def _serve(workers: Sequence[_Worker], ready_file: str | None, stop: asyncio.Event) -> None:
    ready, *_ = await asyncio.gather(*(worker.ready() for worker in workers))
    if ready_file is not None:
        process.write_ready(ready_file, {**ready, "pid": os.getpid()})
    process.greet(ready)
    await stop.wait()


def _check(options: ServeOptions) -> None:
    if not 1 <= options.workers <= MOST:
        raise ValueError(f"{options.workers} workers: there can be 1 to {MOST}")
    if not hasattr(socket, "AF_UNIX"):
        raise ValueError("more than one worker needs Unix sockets, which this system has not")
    if not isinstance(options.script, str | Path | None):
        raise ValueError("a script for more than one worker has to be in a file")
    # Whatever else cannot be served is refused here, once, before any process is started.
    Server(replace(options, workers=1))


async def _start(seat: Seat, options: ServeOptions) -> _Worker:
    """Start a worker. Its sockets are open already: who comes too early waits."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "realtime_fakes.workers.worker",
        stdin=PIPE,
        stdout=PIPE,
        pass_fds=[seat.front_fd, seat.back_fd],
        # A Ctrl-C at the terminal is for us.
        start_new_session=True,
    )
    assert child.stdin is not None
    child.stdin.write(seat.order(options))
    return _Worker(seat.shard, child)


@contextmanager
def _doors(
    options: ServeOptions, directory: Path
) -> Iterator[list[tuple[int, socket.socket, socket.socket]]]:
    """Open the sockets of all workers, for as long as it takes to hand them over."""
    shards = range(1, options.workers + 1)
    with ExitStack() as stack:
        fronts = [stack.enter_context(each) for each in _fronts(options)]
        backs = []
        for shard in shards:
            back = stack.enter_context(socket.socket(socket.AF_UNIX))
            back.bind(str(back_door(directory, shard)))
            back.listen(BACKLOG)
            backs.append(back)
        yield list(zip(shards, fronts, backs, strict=True))


def _fronts(options: ServeOptions) -> list[socket.socket]:
    """Return a socket of the port for each worker.

    Where the system does not spread connections over them, all workers accept from the same one,
    and who is first gets the connection.
    """
    first = _front(options.host, options.port)
    if not _SPREADS:
        first.listen(BACKLOG)
        return [first, *(first.dup() for _ in range(options.workers - 1))]
    # Bound without sharing so far, and so refused if anybody else has the port.
    host, port = first.getsockname()[:2]
    first.close()
    fronts: list[socket.socket] = []
    try:
        for _ in range(options.workers):
            fronts.append(_front(host, port, shares=True))
        for front in fronts:
            front.listen(BACKLOG)
    except OSError:
        for front in fronts:
            front.close()
        raise
    return fronts


def _front(host: str, port: int, *, shares: bool = False) -> socket.socket:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # One address, and of "localhost" the one that clients try first.
    family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    front = socket.socket(family, kind, protocol)
    try:
        front.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shares:
            front.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            front.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        front.bind(address)
    except OSError:
        front.close()
        raise
    return front
