"""Fakes on a thread of this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

from realtime_harness.testing.fake import Fake

__all__ = ["ServerThread"]

T = TypeVar("T")

_TIMEOUT_S = 20.0


class ServerThread:
    """An event loop on a thread of its own, on which any number of fakes run. A context manager.

    Each fake has a port of its own and shares nothing with the others. The thread costs as much as
    importing the fake does (about half a second, once); another fake costs some milliseconds.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_running = threading.Event()
        self._thread = threading.Thread(target=self._run, name="realtime-fake", daemon=True)
        self._end: asyncio.Event | None = None

    def __enter__(self) -> ServerThread:
        self._thread.start()
        self._is_running.wait(_TIMEOUT_S)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._end is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(_TIMEOUT_S)

    @contextmanager
    def fake(self, **options: Any) -> Iterator[Fake]:
        """Run a fake for as long as the block lasts.

        Args:
            options: fields of :class:`realtime_fakes.server.ServeOptions`; ``port`` is a free one
                if not given.

        Raises:
            TypeError, ValueError: for options that there are not.
            OSError: if the port is taken.

        """
        from realtime_fakes.server import ServeOptions, Server

        server = Server(ServeOptions(**{"port": 0, **options}))
        self.call(server.start())
        try:
            yield Fake(server.ready, server.default, self)
        finally:
            self.call(server.close())

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the thread and wait for it. Not from a coroutine of that thread.

        Raises:
            TimeoutError: if it takes longer than 20 s.

        """
        if self._loop is None:
            work.close()
            raise RuntimeError("the thread does not run: use it as a context manager")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_TIMEOUT_S)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._is_running.set()
        await self._end.wait()
