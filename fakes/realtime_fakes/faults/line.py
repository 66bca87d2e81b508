"""A damaged line: an outlet in front of another one, that does to events what faults say."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from random import Random
from time import perf_counter_ns
from typing import Any, NamedTuple, Protocol, TypeAlias

from realtime_fakes.faults.held import Held
from realtime_fakes.faults.kinds import Fault
from realtime_fakes.faults.programs import Freeze
from realtime_harness.timing import Alarm, Timekeeper

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
_Maker: TypeAlias = "Callable[[Fault, Random, DamagedLine], _Stage]"


class DamagedLine:
    """An outlet that damages what it passes on to another one.

    What waits is sent in order. A line that is discarded sends nothing more.

    Args:
        outlet: in front of which it stands.
        faults: what it does, in this order.
        seed: of what is random; a fault may have one of its own.
        number: of the line, which makes what is random differ from that of others.
        ends: how it ends the connection.
        held: is told what is held back.
        asked_ns: says when that was asked for what is being sent; delays count from there.

    """

    def __init__(
        self,
        outlet: Way,
        faults: Sequence[Fault],
        *,
        seed: int | None,
        number: str,
        ends: Ends,
        held: Held,
        asked_ns: Callable[[], int] = perf_counter_ns,
    ) -> None:
        self.now_ns = 0
        """When that was asked for what goes through the stages."""
        self._outlet = outlet
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[int, bytes | _Do, bool]] = deque()
        self._alarm: Alarm | None = None
        self._last_due_ns = 0
        self._is_dead = False
        self._held = held
        self._asked_ns = asked_ns
        self._freezes = [
            Freeze.of(fault.values, fault.began_ns)
            for fault in faults
            if fault.kind.name == "freeze"
        ]
        self._stages = [
            _STAGES[fault.kind.name](
                fault, Random(f"{fault.values.get('seed', seed)}/{number}"), self
            )
            for fault in faults
            if fault.kind.name in _STAGES
        ]
        self._ends = ends

    def send(self, events: list[bytes]) -> None:
        """Damage events and send what is left of them."""
        self.now_ns = self._asked_ns()
        for event in events:
            out: list[_Out] = [event]
            for stage in self._stages:
                passed: list[_Out] = []
                for each in out:
                    passed += stage(each) if isinstance(each, bytes) else [each]
                out = passed
            late_ns = 0
            for each in out:
                if isinstance(each, _Wait):
                    late_ns += round(each.seconds * 1e9)
                else:
                    self._put(each, late_ns)

    def close(self, code: int, reason: str) -> None:
        """Close behind what waits."""
        self.now_ns = perf_counter_ns()
        self._put(_Do(lambda: self._outlet.close(code, reason)), 0)

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
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._queue.clear()
        return self._outlet

    def thaw(self) -> Way:
        """Send what waits at once, and nothing more; return the outlet behind."""
        waiting = [what for _, what, _ in self._queue]
        outlet = self.discard()
        self._release(waiting)
        return outlet

    def _put(self, what: bytes | _Do, late_ns: int) -> None:
        due_ns = thawed_ns = self.now_ns + late_ns
        for freeze in self._freezes:
            thawed_ns = freeze.thaw(thawed_ns)
        is_held = bool(late_ns) or thawed_ns > due_ns
        due_ns = max(self._last_due_ns, thawed_ns)
        if is_held and isinstance(what, bytes):
            self._held.hold(what, due_ns - self.now_ns)
        now_ns = perf_counter_ns()
        if not self._queue and (not is_held or due_ns <= now_ns):
            if is_held:
                self._held.left(now_ns - due_ns)
            self._release([what])
            return
        self._last_due_ns = due_ns
        self._queue.append((due_ns, what, is_held))
        if self._alarm is None:
            self._alarm = Timekeeper.running().call_at(due_ns, self._on_alarm)

    def _on_alarm(self) -> None:
        self._alarm = None
        now_ns = perf_counter_ns()
        ready: list[tuple[int, bytes | _Do, bool]] = []
        while self._queue and self._queue[0][0] <= now_ns:
            ready.append(self._queue.popleft())
        self._release(what for _, what, _ in ready)
        for due_ns, _, is_held in ready:
            if is_held:
                self._held.left(now_ns - due_ns)
        if self._queue and self._alarm is None:
            self._alarm = Timekeeper.running().call_at(self._queue[0][0], self._on_alarm)

    def _release(self, ready: Iterable[bytes | _Do]) -> None:
        """Pass on what has waited long enough; events that leave together in one piece."""
        events: list[bytes] = []
        for what in ready:
            if isinstance(what, bytes):
                events.append(what)
            else:
                self._pass_on(events)
                events = []
                what.action()
        self._pass_on(events)

    def _pass_on(self, events: list[bytes]) -> None:
        if events and not self._is_dead:
            self._outlet.send(events)

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


def _delay(fault: Fault, random: Random, line: DamagedLine) -> _Stage:
    values = fault.values
    chosen = _chooser({"on": values["on"]} if "on" in values else {}, random)
    draw, over_ns = values["by"].draw, values.get("over", 0.0) * 1e9

    def stage(event: bytes) -> Sequence[_Out]:
        if not chosen(event):
            return [event]
        elapsed = min(1.0, (line.now_ns - fault.began_ns) / over_ns) if over_ns else 1.0
        return [_Wait(draw(random, elapsed) + random.uniform(0, values["jitter"])), event]

    return stage


def _drop(fault: Fault, random: Random, line: DamagedLine) -> _Stage:
    chosen = _chooser(fault.values, random)
    return lambda event: [] if chosen(event) else [event]


def _duplicate(fault: Fault, random: Random, line: DamagedLine) -> _Stage:
    chosen = _chooser(fault.values, random)
    return lambda event: [event, event] if chosen(event) else [event]


def _reorder(fault: Fault, random: Random, line: DamagedLine) -> _Stage:
    chosen = _chooser(fault.values, random)
    held: list[_Out] = []

    def stage(event: bytes) -> Sequence[_Out]:
        if held:
            return [event, held.pop()]
        if chosen(event):
            held.append(event)
            return []
        return [event]

    return stage


def _corrupt(fault: Fault, random: Random, line: DamagedLine) -> _Stage:
    chosen = _chooser(fault.values, random)

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


def _stall(fault: Fault, random: Random, line: DamagedLine) -> _Stage:
    return _after(fault.values, lambda: None)


def _half_close(fault: Fault, random: Random, line: DamagedLine) -> _Stage:
    return _after(fault.values, lambda: _Do(line.half_close))


def _close(fault: Fault, random: Random, line: DamagedLine) -> _Stage:
    return _after(fault.values, lambda: line.end(lambda: line.close_all(fault.values["code"])))


def _disconnect(fault: Fault, random: Random, line: DamagedLine) -> _Stage:
    return _after(fault.values, lambda: line.end(line.cut_all))


_STAGES: dict[str, _Maker] = {
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
