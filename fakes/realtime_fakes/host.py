"""Runs one session: carries effects to the attachments and the time to the session.

The session decides, the host delivers. Each event is serialised once and the bytes are shared
by all attachments; only when a switch taps events does each attachment get its own copy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter_ns
from typing import Any, Protocol

import orjson

from realtime_fakes.any_session import AnySession
from realtime_fakes.audience import (
    FOR_USERS,
    Addressed,
    Attachment,
    ClearPlayback,
    Close,
    Cut,
    Effect,
    Event,
    McpOutcome,
    McpRequest,
    Play,
    Role,
    recipients,
)
from realtime_fakes.clock import Clock
from realtime_fakes.faults import Fault
from realtime_fakes.faults.line import DamagedLine, Ends
from realtime_fakes.faults.media import read_pause
from realtime_fakes.journal import Journal, Track
from realtime_fakes.policy import Policy
from realtime_fakes.scopes import masked
from realtime_fakes.switches import AnswerTap, Caller, Switchboard
from realtime_harness.timing import Alarm, Timekeeper

__all__ = ["Host", "Media", "Outlet", "Player"]


class Outlet(Protocol):
    """The way out to one attachment.

    Nothing here waits or raises: a slow or dead peer must not hold up the others.
    """

    def send(self, events: list[bytes]) -> None:
        """Send serialised events, in order."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close, once what was sent has left. Idempotent."""
        ...

    def cut(self) -> None:
        """Break off at once, without a farewell."""
        ...

    def half_close(self) -> None:
        """Send nothing more, and let the other side know where the transport can."""
        ...


class Media(Protocol):
    """What carries the sound of a call."""

    def damage(self) -> None:
        """Do what the faults say that are on by now."""
        ...


class Player(Protocol):
    """Where the sound of a call goes."""

    def play(self, pcm: bytes) -> None:
        """Append 24 kHz mono PCM16 to what is playing."""
        ...

    def clear(self) -> None:
        """Drop what has not been played."""
        ...


@dataclass(slots=True)
class _Line:
    """What belongs to one attachment."""

    outlet: Outlet
    track: Track
    """In the journal."""
    caller: Caller
    read_pause_s: float = 0.0
    """Waited before the next event of the client is read."""
    memory: dict[str, Any] = field(default_factory=dict)
    """Of the event taps."""


class Host:
    """Runs one session on the current event loop.

    Args:
        session: the session.
        caller: whoever started it.
        clock: of the service.
        switchboard: of the service.
        journal: of the service.
        ask: asks an MCP server, in a task.
        on_end: called once, when the session is over and its attachments are being closed.

    """

    def __init__(
        self,
        session: AnySession,
        *,
        caller: Caller,
        clock: Clock,
        switchboard: Switchboard,
        journal: Journal,
        ask: Callable[[McpRequest], asyncio.Task[McpOutcome]],
        on_end: Callable[[Host], None],
    ) -> None:
        self.session = session
        self.player: Player | None = None
        self.media: Media | None = None
        self.ended = False
        self.abrupt = False
        self._caller = caller
        self._clock = clock
        self._switchboard = switchboard
        self._journal = journal
        self._ask = ask
        self._asked: set[asyncio.Task[McpOutcome]] = set()
        self._on_end = on_end
        self._lines: dict[Attachment, _Line] = {}
        self._is_filtering = False
        self._is_tapped = False
        self._is_damaged = False
        # When what is being delivered was asked for, and when the frames of this turn of the event
        # loop were received: 0 if there were none yet.
        self._asked_ns = 0
        self._received_ns = 0
        self._timer: Alarm | None = None
        self._timer_due = float("inf")
        self._set_timer()

    @property
    def policy(self) -> Policy:
        """The decisions in force for the session."""
        return self._caller.on.policy

    @property
    def answer_taps(self) -> tuple[AnswerTap, ...]:
        """What happens to the SDP answer of a call."""
        return self._caller.on.answer_taps

    def attach(self, attachment: Attachment, outlet: Outlet) -> None:
        """Add a party to the session."""
        track = self._journal.open(self.session.id, attachment)
        caller = self._switchboard.caller(attachment.keys, self.session.id)
        self._lines[attachment] = line = _Line(outlet, track, caller)
        self._is_tapped = self._is_tapped or bool(caller.on.event_taps)
        if caller.on.faults:
            self._damage(attachment, line)
        self._is_filtering = self._is_filtering or attachment.role is Role.FILTERED_CHANNEL
        self._deliver(self.session.attach(attachment, self._clock.now()))

    def detach(self, attachment: Attachment) -> None:
        """Remove a party that left. The session ends with its primary, not with a sideband."""
        line = self._lines.pop(attachment, None)
        if line is None:
            return
        if isinstance(line.outlet, DamagedLine):
            line.outlet.discard()
        self._journal.close(line.track, "client")
        self._deliver(self.session.detach(attachment, self._clock.now()))
        if attachment.role is not Role.SIDEBAND:
            self.end(cause="caller")
        elif self.policy.end_with_sideband:
            self.end()

    def receive(self, attachment: Attachment, frame: str | bytes) -> None:
        """Hand a client's frame to the session."""
        asked_ns = self._received_now() if self._is_damaged else None
        line = self._lines.get(attachment)
        if line is not None:
            self._journal.sent(line.track, frame)
        self._deliver(self.session.receive(attachment, frame, self._clock.now()), asked_ns)

    def receive_audio(self, pcm: bytes) -> None:
        """Hand decoded RTP, 24 kHz mono PCM16, to the session."""
        if not self.ended:
            self._deliver(self.session.receive_audio(pcm, self._clock.now()))

    def announce(self, event: Event) -> None:
        """Send an event that does not come from the session, but from the line."""
        if not self.ended:
            self._deliver([event])

    def run_timers(self) -> None:
        """Run every timer of the session that is due. Called when the clock moves."""
        while not self.ended:
            due = self.session.next_timer()
            now = self._clock.now()
            if due is None or due > now:
                break
            effects = self.session.on_timer(now)
            self._deliver(effects)
            if not effects and self.session.next_timer() == due:
                raise RuntimeError(f"session {self.session.id} left a due timer set")
        self._set_timer()

    def end(self, code: int = 1000, reason: str = "", *, cause: str = "") -> None:
        """End the session: close every attachment. Idempotent.

        ``cause`` says what ended it, where that may make a difference (``Policy``).
        """
        if self.ended:
            return
        self._finish()
        if cause in self.policy.sidebands_outlive:
            self._lines = {
                a: line for a, line in self._lines.items() if a.role is not Role.SIDEBAND
            }
        for line in self._drain():
            line.outlet.close(code, reason)
            self._journal.close(line.track, "service", code=code, reason=reason)
        self._on_end(self)

    def close_sidebands(self, code: int) -> None:
        """Close the sidebands alone."""
        for attachment, line in self._lines.items():
            if attachment.role is Role.SIDEBAND:
                line.outlet.close(code, "")

    def cut(self) -> None:
        """End the session as a lost network does: no attachment is told. Idempotent."""
        if self.ended:
            return
        self.abrupt = True
        self._finish()
        for line in self._drain():
            line.outlet.cut()
            self._journal.close(line.track, "network")
        self._on_end(self)

    def switch(self) -> None:
        """Go by what is on by now, for the session and for each party. Called when that changes."""
        callers = [self._caller, *(line.caller for line in self._lines.values())]
        had_faults = any(caller.on.faults for caller in callers)
        for caller in callers:
            self._switchboard.look_up(caller)
        self._is_tapped = any(line.caller.on.event_taps for line in self._lines.values())
        if not had_faults and not any(caller.on.faults for caller in callers):
            return
        for attachment, line in list(self._lines.items()):
            self._damage(attachment, line)
        if self.media is not None:
            self.media.damage()

    def faults(self, attachment: Attachment) -> list[Fault]:
        """Return the faults that concern a party, of its events or its packets."""
        on = self._switchboard.in_force(attachment.keys, self.session.id)
        return [fault for fault in on.faults if fault.concerns(attachment, self.session.id)]

    def read_pause(self, attachment: Attachment) -> float:
        """Return how long to wait before a party's next event is read, seconds."""
        line = self._lines.get(attachment)
        return line.read_pause_s if line is not None else 0.0

    def describe(self) -> dict[str, Any]:
        """Return the session for the control API."""
        return {
            **self.session.describe(),
            "id": self.session.id,
            "attachments": [
                {"role": attachment.role.value, "name": attachment.name}
                for attachment in self._lines
            ],
            "switches": [masked(name) for name in self._caller.on.names],
            "faults": [masked(fault.text) for fault in self._caller.on.faults],
        }

    def _damage(self, attachment: Attachment, line: _Line) -> None:
        if isinstance(line.outlet, DamagedLine):
            line.outlet = line.outlet.thaw()
        faults = self.faults(attachment)
        line.read_pause_s = read_pause(faults)
        if not faults:
            return
        outlet = line.outlet
        if attachment.role is Role.SIDEBAND:
            ends = Ends(partial(outlet.close, reason=""), outlet.cut)
        else:
            ends = Ends(self.end, self.cut)
        self._is_damaged = True
        line.outlet = DamagedLine(
            outlet,
            faults,
            seed=self._switchboard.seed,
            number=f"{self._switchboard.next_line()}/{attachment.name}",
            ends=ends,
            held=self._switchboard.held,
            asked_ns=lambda: self._asked_ns,
        )

    def _received_now(self) -> int:
        """Return when a frame was received that is handed on now.

        What came in one piece is handed on in one turn of the event loop, and all of it was
        received before the first of it was answered.
        """
        if not self._received_ns:
            self._received_ns = perf_counter_ns()
            asyncio.get_running_loop().call_soon(self._forget_received)
        return self._received_ns

    def _forget_received(self) -> None:
        self._received_ns = 0

    def _finish(self) -> None:
        self.ended = True
        for task in self._asked:
            task.cancel()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _drain(self) -> list[_Line]:
        lines = list(self._lines.values())
        self._lines.clear()
        return lines

    def _deliver(self, effects: Iterable[Effect], asked_ns: int | None = None) -> None:
        """Carry effects out, and end the session if it says so.

        Args:
            effects: of the session.
            asked_ns: when it was asked for them; now if not given.

        """
        self._asked_ns = asked_ns or perf_counter_ns()
        ending = Close(1000, "")
        is_cut = False
        is_tapped = self._is_tapped
        batches: dict[Attachment, list[bytes]] = {attachment: [] for attachment in self._lines}
        present = list(batches)
        for effect in effects:
            if isinstance(effect, dict):
                event, parties = effect, recipients(effect, present)
            elif isinstance(effect, Addressed):
                event, parties = effect.event, [effect.to] if effect.to in batches else []
            elif isinstance(effect, Close):
                ending = effect
                continue
            elif isinstance(effect, Cut):
                is_cut = True
                continue
            elif isinstance(effect, McpRequest):
                self._ask_server(effect)
                continue
            else:
                self._sound(effect)
                continue
            if self._is_filtering and event["type"] not in FOR_USERS:
                parties = [party for party in parties if party.role is not Role.FILTERED_CHANNEL]
            if is_tapped:
                self._tap(event, parties, batches)
            else:
                frame = orjson.dumps(event)
                for attachment in parties:
                    batches[attachment].append(frame)
        for attachment, frames in batches.items():
            if frames:
                line = self._lines[attachment]
                self._journal.received(line.track, frames)
                line.outlet.send(frames)
        if is_cut:
            self.cut()
        elif self.session.ended:
            self.end(ending.code, ending.reason)
        elif not self.ended:
            self._set_timer()

    def _ask_server(self, request: McpRequest) -> None:
        task = self._ask(request)
        self._asked.add(task)
        task.add_done_callback(partial(self._answered, request.id))

    def _answered(self, request_id: str, task: asyncio.Task[McpOutcome]) -> None:
        self._asked.discard(task)
        if not task.cancelled() and not self.ended:
            now = self._clock.now()
            self._deliver(self.session.answered(request_id, task.result(), now))

    def _sound(self, effect: Play | ClearPlayback) -> None:
        if self.player is None:
            return
        if isinstance(effect, Play):
            audible = self.policy.play_sound
            self.player.play(effect.pcm if audible else bytes(len(effect.pcm)))
        else:
            self.player.clear()

    def _tap(
        self,
        event: Event,
        parties: list[Attachment],
        batches: dict[Attachment, list[bytes]],
    ) -> None:
        """Serialise one event as the taps leave it, for each party apart."""
        for attachment in parties:
            line = self._lines[attachment]
            events = [event]
            for tap in line.caller.on.event_taps:
                events = [
                    out for event in events for out in tap(event, attachment.role, line.memory)
                ]
            batches[attachment] += map(orjson.dumps, events)

    def _set_timer(self) -> None:
        """See to it that :meth:`run_timers` is called when the session's next timer is due.

        A timer that is set too early is left: it looks again when it fires. That makes this
        nearly free for a session whose only timer is its expiry.
        """
        due = self.session.next_timer()
        if self.ended or due is None or (self._timer is not None and self._timer_due <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        delay = due - self._clock.now()
        if delay > 0 and self._clock.kind == "virtual":
            return
        self._timer_due = due
        due_ns = perf_counter_ns() + round(delay * 1e9)
        self._timer = Timekeeper.running().call_at(due_ns, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self.run_timers()
