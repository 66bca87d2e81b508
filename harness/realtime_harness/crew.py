"""A crew: conversations of one process that are had at the same time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

__all__ = ["Crew"]

_T = TypeVar("_T")


class Crew(Generic[_T]):
    """Runs coroutines, each on a thread and an event loop of its own.

    Conversations wait far more than they compute, so threads do: they start at once, and each
    still has its event loop for itself, so that what it leaves behind is seen.

    Args:
        size: how many run at the same time; the others wait their turn, in the order given.

    """

    def __init__(self, size: int) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="conversation")
        self._running: set[asyncio.Task[_T]] = set()
        self._lock = threading.Lock()
        self._is_closed = False

    def submit(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> Future[_T]:
        """Have what ``work`` returns awaited as soon as somebody is free."""
        return self._pool.submit(self._run, work)

    def close(self) -> None:
        """Cancel everything, and wait until it is over. Idempotent."""
        with self._lock:
            self._is_closed = True
            for task in self._running:
                task.get_loop().call_soon_threadsafe(task.cancel)
        self._pool.shutdown(cancel_futures=True)

    def _run(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        with asyncio.Runner() as runner:
            return runner.run(self._bounded(work))

    async def _bounded(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        task = asyncio.current_task()
        assert task is not None
        with self._lock:
            if self._is_closed:
                raise asyncio.CancelledError
            self._running.add(task)
        try:
            return await work()
        finally:
            with self._lock:
                self._running.discard(task)
