"""Tells a page what goes on in a service, as it happens, over one WebSocket.

Two kinds of messages::

    {"type": "entries", "skipped": 0, "entries": [{"seq", "at", "lane", "connection", …}]}
    {"type": "state", "service": {…}, "sessions": […], "ended": […], "calls": […], "gone": […]}

Entries are those of the journal, with the Unix time in milliseconds (``at``) and with long strings
cut. Of the state only what has changed is told: sessions and calls that are new or different, and
the ids of those that are over.

A page that reads slowly, or not at all, costs what it has not read yet up to a limit, and then the
oldest of that is skipped; the service waits for nobody. Without a page nothing is done.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from time import monotonic, perf_counter_ns, time_ns
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import WSCloseCode, web

from realtime_fakes.journal import OVERHEAD, Record

if TYPE_CHECKING:
    from realtime_fakes.service import Service

__all__ = ["MOST_BYTES", "MOST_ENTRIES", "Changes", "Unread", "attend", "watch"]

_logger = logging.getLogger(__name__)

MOST_ENTRIES = 2000
"""That wait to be told. So much of what was before a page came is told as well."""

MOST_BYTES = 2 * 1024 * 1024
"""Of what waits to be told; a single frame may be larger."""

_AT_ONCE = 300
"""Entries in one message: enough to read, and taken apart in 3 ms."""

_BEAT_S = 0.1
"""Between two messages: more often than that, nobody sees a difference."""

_STATE_S = 0.5
"""Between two looks at the state, which take a while; when a session comes or goes, at once."""

_LONG = 2000
"""Characters of a string in an entry; from there on it is cut in half."""

_CLOSE_TIMEOUT_S = 1.0


class Unread:
    """What a page has not read yet, within :data:`MOST_ENTRIES` and :data:`MOST_BYTES`.

    Args:
        seq: of the next record that is added.

    """

    def __init__(self, seq: int) -> None:
        self.skipped = 0
        """How many entries had to go since this was last set to 0."""
        self.more = asyncio.Event()
        """Set when there is something."""
        self._seq = seq
        self._records: deque[tuple[int, Record]] = deque()
        self._number = 0
        self._size = 0

    def add(self, record: Record) -> None:
        """Take a record of the journal; the oldest ones go if there is no room for it."""
        self._records.append((self._seq, record))
        self._seq += record.number
        self._number += record.number
        self._size += OVERHEAD + len(record.content)
        while len(self._records) > 1 and (self._number > MOST_ENTRIES or self._size > MOST_BYTES):
            self.skipped += self._pop()[1].number
        self.more.set()

    def take(self, number: int) -> Iterator[tuple[int, Record]]:
        """Yield the oldest records, as many as hold ``number`` entries, each with its seq."""
        while self._records and number > 0:
            seq, record = self._pop()
            number -= record.number
            yield seq, record
        if not self._records:
            self.more.clear()

    def _pop(self) -> tuple[int, Record]:
        seq, record = self._records.popleft()
        self._number -= record.number
        self._size -= OVERHEAD + len(record.content)
        return seq, record


class Changes:
    """Says what has changed in a service since it was last asked."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._told: dict[str, dict[str, bytes]] = {"service": {}, "sessions": {}, "calls": {}}

    def message(self) -> bytes | None:
        """Return the message that tells it; ``None`` if nothing has."""
        state = self._service.describe()
        sessions = {each["id"]: _brief(each) for each in state.pop("sessions")}
        calls = {each["id"]: each for each in state.pop("calls")}
        state["keys"] = len(state["keys"])
        if state["clock"]["kind"] == "real":
            del state["clock"]["now"]
        service, _ = self._changed("service", {"": state})
        news, ended = self._changed("sessions", sessions)
        rung, gone = self._changed("calls", calls)
        if not (service or news or ended or rung or gone):
            return None
        return orjson.dumps(
            {
                "type": "state",
                "service": service[0] if service else None,
                "sessions": news,
                "ended": ended,
                "calls": rung,
                "gone": gone,
            }
        )

    def _changed(
        self, what: str, found: dict[str, dict[str, Any]]
    ) -> tuple[list[orjson.Fragment], list[str]]:
        before = self._told[what]
        now = self._told[what] = {key: orjson.dumps(each) for key, each in found.items()}
        changed = [orjson.Fragment(each) for key, each in now.items() if before.get(key) != each]
        return changed, [key for key in before if key not in now]


async def watch(service: Service, request: web.Request) -> web.StreamResponse:
    """Tell what goes on in the service until the page or the service ends."""
    socket = web.WebSocketResponse(compress=False, heartbeat=20.0, max_msg_size=1024)
    if not socket.can_prepare(request):
        return web.json_response({"error": {"message": "this is a WebSocket"}}, status=426)
    await socket.prepare(request)
    seq, records = service.journal.newest(MOST_ENTRIES)
    unread = Unread(seq - sum(record.number for record in records))
    for record in records:
        unread.add(record)
    service.journal.listen(unread.add)
    try:
        await attend(
            socket, request, _tell(service, socket, unread), _until(service.closing.wait())
        )
    finally:
        service.journal.unlisten(unread.add)
    return socket


async def attend(
    socket: web.WebSocketResponse, request: web.Request, *work: Coroutine[Any, Any, None]
) -> None:
    """Run ``work`` until the first of it ends, or the page leaves; then close the socket."""
    tasks = [asyncio.ensure_future(each) for each in (*work, _read(socket))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                _logger.error("a watch failed", exc_info=outcome)
        with suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(socket.close(code=WSCloseCode.GOING_AWAY), _CLOSE_TIMEOUT_S)
        if request.transport is not None:
            # One that does not read has no close frame to come.
            request.transport.abort()


async def _until(waiting: Coroutine[Any, Any, Any]) -> None:
    await waiting


async def _tell(service: Service, socket: web.WebSocketResponse, unread: Unread) -> None:
    changes, offset_ns = Changes(service), time_ns() - perf_counter_ns()
    known, due = set[str](), 0.0
    with suppress(ConnectionError):
        while True:
            # First, so that a session is known before anything is told of it.
            if service.hosts.keys() != known or monotonic() >= due:
                known, due = set(service.hosts), monotonic() + _STATE_S
                if (message := changes.message()) is not None:
                    await socket.send_str(message.decode())
            entries = [
                _shown(entry, record, offset_ns)
                for seq, record in unread.take(_AT_ONCE)
                for entry in record.entries(seq, 0)
            ]
            if entries:
                told = {"type": "entries", "skipped": unread.skipped, "entries": entries}
                unread.skipped = 0
                # Waits while the page does not read.
                await socket.send_str(_dumped(told))
            await asyncio.sleep(_BEAT_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(unread.more.wait(), _STATE_S)


def _dumped(message: dict[str, Any]) -> str:
    try:
        return orjson.dumps(message).decode()
    except TypeError:
        return json.dumps(message)  # a header may hold what is no UTF-8


async def _read(socket: web.WebSocketResponse) -> None:
    """Wait until the page leaves. It has nothing to say here."""
    async for _ in socket:
        pass


def _brief(session: dict[str, Any]) -> dict[str, Any]:
    return {
        key: len(value) if key in ("items", "responses") else value
        for key, value in session.items()
    }


def _shown(entry: dict[str, Any], record: Record, offset_ns: int) -> dict[str, Any]:
    entry["at"] = (entry.pop("t_ns") + offset_ns) / 1e6
    entry["lane"] = record.track.lane
    if len(record.content) > _LONG:
        entry["data"] = _cut(entry["data"])
    return entry


def _cut(value: Any) -> Any:
    """Return a JSON value with its long strings cut."""
    if isinstance(value, str):
        half = _LONG // 2
        left = len(value) - half
        return value if left <= half else f"{value[:half]}… [{left} more characters]"
    if isinstance(value, list):
        return [_cut(each) for each in value]
    if isinstance(value, dict):
        return {key: _cut(each) for key, each in value.items()}
    return value
