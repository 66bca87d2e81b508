"""The life of a session: it opens, acts when that is due, comes back when it failed, and leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from itertools import takewhile
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from realtime_harness.load.backoff import USUAL_S, stay_away_s
from realtime_harness.load.operation import Operation
from realtime_harness.load.sessions import RATE_LIMITED, Journey, class_of
from realtime_harness.timing import Timekeeper

if TYPE_CHECKING:
    from realtime_harness.load.engine import Engine

__all__ = ["CLOSE_S", "Life", "close"]

CLOSE_S = 2.0
"""How long a session may take to close."""

_GOLDEN = 0.6180339887498949
"""Spreads any number of sessions evenly over a period, without knowing how many there will be."""


class Life:
    """One session.

    Args:
        engine: that it belongs to.
        number: of the session, from 0.

    """

    def __init__(self, engine: Engine, number: int) -> None:
        self.is_open = False
        self._engine = engine
        self._number = number
        self._journey: Journey | None = None
        self._is_leaving = False
        self._is_cut = False
        # Not known before it has done anything.
        self._is_good: bool | None = None
        # How long to keep away after a failure, whether because we were told to, and until when.
        self._away_s = USUAL_S
        self._is_told = False
        self._back_ns = 0
        self._interrupted = asyncio.Event()
        # Set when interrupted, and when it is time.
        self._awake = asyncio.Event()

    def leave(self) -> None:
        """End after the operation that is under way."""
        self._is_leaving = True
        self._interrupt()

    def cut(self) -> None:
        """Break off what it has; it comes back at once."""
        if self._journey is not None and self.is_open:
            self._is_cut = True
            self._interrupt()
            self._cutting = asyncio.ensure_future(self._journey.cut())

    async def live(self) -> None:
        """Live until told to leave."""
        try:
            await self._live()
        finally:
            if self._is_good is not None:
                self._engine.ended(is_good=self._is_good)

    async def _live(self) -> None:
        dues: Iterator[int] | None = None
        due_ns = perf_counter_ns()
        first = True
        while not self._is_leaving:
            self._journey = journey = self._engine.journey(self._number)
            try:
                if await self._do("connect", journey.open, due_ns, due_ns):
                    self.is_open = True
                    if first:
                        dues, first = await self._engine.dues(self._number), False
                    await self._act(journey, dues)
            finally:
                self.is_open = False
                self._journey = None
                await close(journey)
            due_ns = perf_counter_ns()
            if self._is_cut:
                self._is_cut = False
                if not self._is_leaving:
                    self._interrupted.clear()
            else:
                due_ns += round(self._away_s * 1e9)
                if self._is_told:
                    self._back_ns = due_ns
                await self._until(due_ns)
        # What was due in the meantime, and is not going to be sent any more.
        end_ns = min(self._back_ns, perf_counter_ns())
        for _ in takewhile(lambda due_ns: due_ns < end_ns, dues or ()):
            self._engine.kept_away()

    async def _act(self, journey: Journey, dues: Iterator[int] | None) -> None:
        """Act when it is due, until that fails or there is nothing more to do."""
        think_ns = self._engine.think_ns()
        free_ns = perf_counter_ns()
        # So that sessions that were opened at the same time do not act at the same time.
        due_ns = free_ns + round(think_ns * (self._number * _GOLDEN % 1))
        position = 0
        while True:
            if dues is not None:
                following = next(dues, None)
                if following is None:
                    await self._interrupted.wait()
                    return
                due_ns = following
                if due_ns < self._back_ns:
                    # To send it now would make a latency of what was a refusal.
                    self._engine.kept_away()
                    self._is_good = False
                    continue
            if not await self._until(due_ns):
                return
            if not self._engine.may_act():
                await self._interrupted.wait()
                return
            position += 1
            usd = self._engine.spent_by(journey)
            # What is due while the last one was not done yet waits for the service, not for us.
            try:
                if not await self._do(
                    journey.operation, journey.act, due_ns, max(due_ns, free_ns), position
                ):
                    return
            finally:
                self._engine.acted(journey, usd)
                journey.forget()
            free_ns = perf_counter_ns()
            due_ns = free_ns + think_ns

    async def _do(
        self,
        name: str,
        act: Callable[[Operation], Coroutine[Any, Any, None]],
        intended_ns: int,
        due_ns: int,
        position: int = 0,
    ) -> bool:
        """Do one thing and count it; return whether it succeeded."""
        now = perf_counter_ns()
        operation = Operation(
            name=name, intended_ns=intended_ns, due_ns=due_ns, sent_ns=now, position=position
        )
        try:
            await act(operation)
        except asyncio.CancelledError:
            self._engine.unfinished(operation)
            raise
        except Exception as error:
            # Of whatever kind: journeys may be the user's.
            journey = self._journey
            assert journey is not None
            if self._engine.stopping.is_set() or self._is_cut:
                self._engine.unfinished(operation)
            else:
                self._fail(operation, error, journey)
            return False
        if not operation.done_ns:
            operation.done_ns = perf_counter_ns()
        is_good = self._engine.succeeded(operation)
        self._is_good = is_good and self._is_good is not False
        return True

    def _fail(self, operation: Operation, error: Exception, journey: Journey) -> None:
        outcome = class_of(error, journey)
        self._engine.failed(operation, outcome, error, journey)
        self._is_good = False
        self._is_told = outcome == RATE_LIMITED
        self._away_s = USUAL_S
        if self._is_told:
            place = self._number * _GOLDEN % 1
            self._away_s = stay_away_s(error, journey.recorder.entries, place=place)

    async def _until(self, due_ns: int) -> bool:
        """Wait until it is time; return whether to go on."""
        if perf_counter_ns() < due_ns and not self._interrupted.is_set():
            self._awake.clear()
            alarm = Timekeeper.running().call_at(due_ns, self._awake.set)
            try:
                await self._awake.wait()
            finally:
                alarm.cancel()
        return not self._interrupted.is_set()

    def _interrupt(self) -> None:
        self._interrupted.set()
        self._awake.set()


async def close(journey: Journey) -> None:
    """Close a session, bounded."""
    # A session that cannot even be closed has failed before, which is counted.
    with suppress(Exception):
        async with asyncio.timeout(CLOSE_S):
            await journey.close()
