"""A damaged line: an outlet in front of another one, that does to events what faults say."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple, Protocol, TypeAlias

from realtime_fakes.faults.kinds import Fault

__all__ = ["DamagedLine", "Ends", "Way"]


class Way(Protocol):
    """What is in front of an attachment: see :class:`~realtime_fakes.host.Outlet`."""

    def send(self, events: list[bytes]) -> None:
        """Send serialised events, in order."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close, once what was sent has left."""
        ...

    def cut(self) -> None:
        """Break off at once."""
        ...

    def half_close(self) -> None:
        """Send nothing more, and let the other side know where the transport can."""
        ...


class Ends(NamedTuple):
    """How a fault ends a connection: with all that hangs on it."""

    close: Callable[[int], None]
    cut: Callable[[], None]


class _Wait(NamedTuple):
    seconds: float


class _Do(NamedTuple):
    action: Callable[[], None]


_Out: TypeAlias = "bytes | _Wait | _Do"
_Stage: TypeAlias = Callable[[bytes], Sequence[_Out]]


class DamagedLine:
    """An outlet that damages what it passes on to another one.

    What waits is sent in order. A line that is discarded sends nothing more.

    Args:
        outlet: in front of which it stands.
        faults: what it does, in this order.
        seed: of what is random; a fault may have one of its own.
        ends: how it ends the connection.

    """

    def __init__(self, outlet: Way, faults: Sequence[Fault], *, seed: str, ends: Ends) -> None:
        self._outlet = outlet
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[float, bytes | _Do]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._last_due = 0.0
        self._is_dead = False
        self._stages = [
            _STAGES[fault.kind.name](fault.values, Random(fault.values.get("seed", seed)), self)
            for fault in faults
            if fault.kind.name in _STAGES
        ]
        self._ends = ends

    def send(self, events: list[bytes]) -> None:
        """Damage events and send what is left of them."""
        for event in events:
            out: list[_Out] = [event]
            for stage in self._stages:
                passed: list[_Out] = []
                for each in out:
                    passed += stage(each) if isinstance(each, bytes) else [each]
                out = passed
            late = 0.0
            for each in out:
                if isinstance(each, _Wait):
                    late += each.seconds
                else:
                    self._put(each, late)

    def close(self, code: int, reason: str) -> None:
        """Close behind what waits."""
        self._put(_Do(lambda: self._outlet.close(code, reason)), 0.0)

    def cut(self) -> None:
        """Break off at once."""
        self.discard()
        self._outlet.cut()

    def half_close(self) -> None:
        """Stop sending."""
        self._is_dead = True
        self._outlet.half_close()

    def discard(self) -> Way:
        """Forget what waits; return the outlet behind."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._queue.clear()
        return self._outlet

    def _put(self, what: bytes | _Do, late: float) -> None:
        due = max(self._last_due, self._loop.time() + late)
        if not self._queue and due <= self._loop.time():
            self._release(what)
            return
        self._last_due = due
        self._queue.append((due, what))
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._queue and self._queue[0][0] <= now:
            self._release(self._queue.popleft()[1])
        if self._queue and self._timer is None:
            self._timer = self._loop.call_at(self._queue[0][0], self._on_timer)

    def _release(self, what: bytes | _Do) -> None:
        if isinstance(what, _Do):
            what.action()
        elif not self._is_dead:
            self._outlet.send([what])

    # What stages do to the connection. They are called in the middle of a delivery, which must not
    # find its parties gone.

    def end(self, action: Callable[[], None]) -> _Do:
        """Return what ends the connection, soon."""

        def soon() -> None:
            self._is_dead = True
            self._loop.call_soon(action)

        return _Do(soon)

    def close_all(self, code: int) -> None:
        """Close with a code."""
        self._ends.close(code)

    def cut_all(self) -> None:
        """Break off."""
        self._ends.cut()


def _chooser(values: Any, random: Random) -> Callable[[bytes], bool]:
    """Return whether an event is one of those that a fault is about."""
    every, chance = values.get("every"), values.get("chance")
    marked = b'"type":"%b"' % values["on"].encode() if "on" in values else None
    count = 0

    def chosen(event: bytes) -> bool:
        nonlocal count
        if marked is not None and marked not in event[:200]:
            return False
        count += 1
        if every is not None:
            return bool(count % every == 0)
        return chance is None or random.random() < chance

    return chosen


def _delay(values: Any, random: Random, line: DamagedLine) -> _Stage:
    chosen = _chooser({"on": values["on"]} if "on" in values else {}, random)

    def stage(event: bytes) -> Sequence[_Out]:
        if not chosen(event):
            return [event]
        return [_Wait(values["by"] + random.uniform(0, values["jitter"])), event]

    return stage


def _drop(values: Any, random: Random, line: DamagedLine) -> _Stage:
    chosen = _chooser(values, random)
    return lambda event: [] if chosen(event) else [event]


def _duplicate(values: Any, random: Random, line: DamagedLine) -> _Stage:
    chosen = _chooser(values, random)
    return lambda event: [event, event] if chosen(event) else [event]


def _reorder(values: Any, random: Random, line: DamagedLine) -> _Stage:
    chosen = _chooser(values, random)
    held: list[_Out] = []

    def stage(event: bytes) -> Sequence[_Out]:
        if held:
            return [event, held.pop()]
        if chosen(event):
            held.append(event)
            return []
        return [event]

    return stage


def _corrupt(values: Any, random: Random, line: DamagedLine) -> _Stage:
    chosen = _chooser(values, random)

    def stage(event: bytes) -> Sequence[_Out]:
        if not chosen(event):
            return [event]
        # In ASCII, so that it stays text: a frame that is not UTF-8 ends a connection.
        places = [place for place, byte in enumerate(event) if byte < 0x80]
        place = random.choice(places)
        other = random.choice([byte for byte in b'"x{}0' if byte != event[place]])
        return [event[:place] + bytes([other]) + event[place + 1 :]]

    return stage


def _after(values: Any, action: Callable[[], _Out | None]) -> _Stage:
    """Return a stage that passes so many events on, and then does something instead."""
    left = values["after"]
    done = False

    def stage(event: bytes) -> Sequence[_Out]:
        nonlocal left, done
        if left > 0:
            left -= 1
            return [event]
        if done:
            return []
        done = True
        out = action()
        return [] if out is None else [out]

    return stage


def _stall(values: Any, random: Random, line: DamagedLine) -> _Stage:
    return _after(values, lambda: None)


def _half_close(values: Any, random: Random, line: DamagedLine) -> _Stage:
    return _after(values, lambda: _Do(line.half_close))


def _close(values: Any, random: Random, line: DamagedLine) -> _Stage:
    return _after(values, lambda: line.end(lambda: line.close_all(values["code"])))


def _disconnect(values: Any, random: Random, line: DamagedLine) -> _Stage:
    return _after(values, lambda: line.end(line.cut_all))


_STAGES: dict[str, Callable[[Any, Random, DamagedLine], _Stage]] = {
    "delay": _delay,
    "drop": _drop,
    "duplicate": _duplicate,
    "reorder": _reorder,
    "corrupt": _corrupt,
    "stall": _stall,
    "half-close": _half_close,
    "close": _close,
    "disconnect": _disconnect,
}
