"""What an application and the fake said to each other, while they say it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar, overload
from urllib.parse import urlsplit

from realtime_harness.evidence import Direction, Entry, Kind, Redactor

__all__ = ["Evidence", "brief", "line", "name_of"]

T = TypeVar("T")


class _Record(Protocol):
    """What the fake's journal hands over."""

    def entries(self, seq: int, start_ns: int) -> Iterator[dict[str, Any]]: ...


class Evidence(Sequence[Entry]):
    """All entries so far, oldest first. It grows while the fake runs.

    Directions are the application's: ``sent`` is what it sent. Any thread may read.

    Args:
        start_ns: time from which entries count theirs, on the clock of ``time.perf_counter_ns``.

    """

    def __init__(self, start_ns: int = 0) -> None:
        self._start_ns = start_ns
        self._entries: list[Entry] = []
        self._fresh: list[_Record] = []
        self._changed = threading.Condition()
        self._wakers: list[Callable[[], object]] = []

    def __len__(self) -> int:
        return len(self.snapshot())

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        return self.snapshot()[index]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.snapshot())

    def __repr__(self) -> str:
        return Redactor().text("\n".join(map(line, self)))

    def add(self, record: _Record) -> None:
        """Take what the fake wrote down. Called on the fake's thread."""
        with self._changed:
            self._fresh.append(record)
            self._changed.notify_all()
            for wake in self._wakers:
                wake()

    def snapshot(self) -> list[Entry]:
        """Return the entries so far; the list does not grow."""
        with self._changed:
            for record in self._fresh:
                lines = record.entries(len(self._entries), self._start_ns)
                self._entries += map(Entry.from_json, lines)
            self._fresh.clear()
            return list(self._entries)

    def sent(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return what the application sent, events or (``POST /realtime/calls``) requests."""
        return self._said(Direction.SENT, name)

    def received(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return what the application got, all of it or the events of one type."""
        return self._said(Direction.RECEIVED, name)

    def wait(self, look: Callable[[list[Entry]], T | None], timeout_s: float) -> T | None:
        """Block until ``look`` finds something in the entries; ``None`` if it never does."""
        deadline = time.monotonic() + timeout_s
        while True:
            entries = self.snapshot()
            found = look(entries)
            left = deadline - time.monotonic()
            if found is not None or left <= 0:
                return found
            with self._changed:
                if not self._fresh:
                    self._changed.wait(left)

    async def wait_async(
        self, look: Callable[[list[Entry]], T | None], timeout_s: float
    ) -> T | None:
        """Do what :meth:`wait` does without blocking the event loop. May be cancelled."""
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(news.set)

        with self._changed:
            self._wakers.append(wake)
        try:
            async with asyncio.timeout(timeout_s):
                while (found := look(self.snapshot())) is None:
                    await news.wait()
                    news.clear()
                return found
        except TimeoutError:
            return look(self.snapshot())
        finally:
            with self._changed:
                self._wakers.remove(wake)

    def _said(self, direction: Direction, name: str | None) -> list[dict[str, Any]]:
        return [
            entry.data
            for entry in self.snapshot()
            if entry.direction is direction and name in (None, name_of(entry))
        ]


def name_of(entry: Entry) -> str:
    """Return what an entry is called: its event type, or method and path of a request."""
    data = entry.data
    if entry.kind is Kind.EVENT:
        return str(data.get("type"))
    if entry.kind is Kind.REQUEST:
        # The fake knows a path, a client an address.
        return f"{data['method']} {data.get('path') or urlsplit(data['url']).path}"
    if entry.kind is Kind.RESPONSE:
        return str(data["status"])
    kind: str = entry.kind.value
    return kind


_ARROWS = {Direction.SENT: "->", Direction.RECEIVED: "<-", Direction.NOTE: "  "}
_LONGEST = 160
"""Characters of an entry that are shown."""


def line(entry: Entry) -> str:
    """Return an entry as a line of text."""
    rest = {key: value for key, value in entry.data.items() if key not in _SAID}
    text = f"#{entry.seq:<4} {entry.connection:10} {_ARROWS[entry.direction]} {name_of(entry)}"
    return text + (f" {brief(rest)}" if rest else "")


_SAID = ("type", "event_id", "method", "path", "url", "headers")


def brief(value: Any) -> str:
    """Return a value as Python writes it, cut off where nobody would read on."""
    text = repr(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
