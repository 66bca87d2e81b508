"""What a server has of its process: its event loop, word of its end, a way to say it is ready."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import orjson

__all__ = ["ending", "greet", "run", "write_ready"]

_STDIN = 0


def run(server: Coroutine[Any, Any, None]) -> None:
    """Run a server until it ends, on uvloop where there is one."""
    _allow_files()
    # A look at all objects takes longer than the 20 ms in which every call is to be sent something.
    # What was imported is there to stay, and what events are made of is mostly gone by itself.
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    try:
        import uvloop

        factory: Any = uvloop.new_event_loop
    except ImportError:
        factory = None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(server)


def _allow_files() -> None:
    """Let the process open as many files as it may at most: each connection is one."""
    with suppress(ImportError, OSError, ValueError):  # There is no such limit on Windows.
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def ending(*, until_eof: bool = False) -> asyncio.Event:
    """Return an event that is set when the process is to end: by SIGTERM or Ctrl-C.

    Args:
        until_eof: also at the end of standard input. Whoever starts a process and keeps the other
            end of that pipe cannot be outlived by it, however abruptly they are killed.

    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Not on Windows, and not in other threads than the main one.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, stop.set)
    if until_eof:
        # A thread, because no event loop can wait for every kind of file.
        Thread(target=_set_at_eof, args=(loop, stop), name="until-eof", daemon=True).start()
    return stop


def greet(ready: dict[str, Any]) -> None:
    """Tell whoever started a fake in a terminal where it is."""
    if sys.stderr.isatty():
        page = ready["control_url"].removesuffix("_fake")
        sys.stderr.write(f"{ready['base_url']} is served; {page} shows what goes on\n")


def write_ready(path: str, ready: dict[str, Any]) -> None:
    """Say that a server is ready: one JSON object and a newline, in one piece.

    Args:
        path: of a file or a pipe, such as ``/dev/fd/3``.
        ready: what there is to know of the server.

    Raises:
        OSError: if it cannot be written.

    """
    line = orjson.dumps(ready) + b"\n"
    target = Path(path)
    if target.exists() and not target.is_file():
        target.write_bytes(line)
        return
    # A reader that polls must never see half of it.
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.write_bytes(line)
    draft.replace(target)


def _set_at_eof(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    with suppress(OSError):
        while os.read(_STDIN, 4096):
            pass
    with suppress(RuntimeError):  # the loop is closed: it ended for another reason
        loop.call_soon_threadsafe(stop.set)
