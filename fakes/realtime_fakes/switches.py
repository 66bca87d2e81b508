"""Named switches that change what the fake does: behaviours (legal but rude) and defects (wrong).

A switch is either a set of :class:`~realtime_fakes.policy.Policy` overrides, or a *tap*: a function
that sees what is about to leave the service and returns what leaves it instead. There are three
seams, so no switch needs an ``if`` in the code that it spoils:

``event``
    ``(event, role, memory) -> list[event]`` for every event to every attachment. ``memory`` is a
    dict that lives as long as the attachment. It may return nothing, several, or changed copies
    (it must not change the event in place: other attachments share it).
``reply``
    ``(route, reply) -> reply`` for every HTTP reply, where ``route`` is the name of the route
    (``client_secrets``, ``calls``, ``hangup``, ``websocket`` for a refused upgrade, ``preflight``
    for the question of a browser).
``answer``
    ``(sdp) -> sdp`` for the SDP answer.

A switch is on for everybody, or for one key or session: see :mod:`realtime_fakes.scopes`. What a
session decides goes by the key that it was started with, what becomes of events by the key of each
party, and what becomes of a request by the key that it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, TypeAlias

from realtime_fakes.audience import Role
from realtime_fakes.faults import Fault, parse_fault
from realtime_fakes.faults.held import Held
from realtime_fakes.policy import Policy
from realtime_fakes.scopes import EVERYBODY, SCOPE, Scope, for_session, parameters

__all__ = [
    "AnswerTap",
    "Caller",
    "Event",
    "EventTap",
    "HttpReply",
    "InForce",
    "ReplyTap",
    "Switch",
    "Switchboard",
]

Event: TypeAlias = dict[str, Any]
EventTap: TypeAlias = Callable[[Event, Role, dict[str, Any]], list[Event]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """A reply of the fake, before the web framework sees it."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


ReplyTap: TypeAlias = Callable[[str, HttpReply], HttpReply]
AnswerTap: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One named deviation."""

    name: str
    summary: str
    """What it makes the fake do, in one sentence."""
    violates: str | None = None
    """Id of the check that it turns red; ``None`` for a legal behaviour."""
    also: Mapping[str, str] = field(default_factory=dict)
    """Other checks that it turns red, each with the reason why it cannot be otherwise."""
    policy: Mapping[str, Any] = field(default_factory=dict)
    event: EventTap | None = None
    reply: ReplyTap | None = None
    answer: AnswerTap | None = None
    faults: tuple[str, ...] = ()
    """What it does to lines, as :mod:`realtime_fakes.faults` writes it."""
    refuses: bool = False
    """Whether it refuses what a right service grants to whoever pays and waits: no quota, too many
    requests, trouble of its own. Legal, and a client should tell its user; but no suite can stay
    green where responses fail, so these are kept out of the matrix of suites and behaviours.
    ``docs/defects.md`` lists them apart, and ``tests/fakes/service/test_limits.py`` has what a
    client is told by each."""
    where: str = "service"
    """``service``, or ``relay`` for a deviation of the reference relays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What is on for somebody, and the policy, taps and faults that follow from it."""

    names: tuple[str, ...] = ()
    """As they were written."""
    policy: Policy
    event_taps: tuple[EventTap, ...] = ()
    reply_taps: tuple[ReplyTap, ...] = ()
    answer_taps: tuple[AnswerTap, ...] = ()
    faults: tuple[Fault, ...] = ()
    """Those that were asked for by name, then those of switches."""


class Caller:
    """Somebody who is served: a session or one of its parties. Keeps what is on for it.

    Looked up once, and again when switches change (:meth:`Switchboard.look_up`), since events are
    too many to ask for each.

    Args:
        keys: it has shown.
        session_id: of its session.
        on: what is on for it.

    """

    __slots__ = ("keys", "on", "session_id")

    def __init__(self, keys: tuple[str, ...], session_id: str | None, on: InForce) -> None:
        self.keys = keys
        self.session_id = session_id
        self.on = on


@dataclass(frozen=True, slots=True)
class _Choice:
    """A switch that is on, for whom, and as it was written."""

    switch: Switch
    scope: Scope
    text: str


class Switchboard:
    """Which switches are on for whom.

    Args:
        known: all that can be switched on.
        base: the policy without any of them.
        seed: of what is random.

    """

    def __init__(
        self, known: Iterable[Switch], base: Policy | None = None, *, seed: int | None = None
    ) -> None:
        self._known = {switch.name: switch for switch in known}
        self._base = base if base is not None else Policy()
        self._choices: tuple[_Choice, ...] = ()
        self._faults: tuple[Fault, ...] = ()
        self._is_scoped = False
        self.seed = seed
        self.held = Held()
        """What faults have held back."""
        self._lines = count()
        self.everybody = InForce(policy=self._base)
        """What is on for everybody."""

    @property
    def on(self) -> tuple[str, ...]:
        """The behaviours and defects that are on, as they were written."""
        return tuple(choice.text for choice in self._choices)

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults that were asked for by name, as they were written."""
        return tuple(fault.text for fault in self._faults)

    def set(self, names: Iterable[str], faults: Iterable[str] = ()) -> None:
        """Switch exactly ``names`` and these faults on.

        Raises:
            ValueError: if one is not known or cannot be read; nothing is changed then.

        """
        # What is on already goes on, so that a delay that grows does not begin again.
        on = {fault.text: fault for fault in self._faults}
        wanted = tuple(on.get(text) or parse_fault(text) for text in faults)
        chosen = tuple(map(self._choice, dict.fromkeys(names)))
        self._choices, self._faults = chosen, wanted
        self._is_scoped = any(
            scope != EVERYBODY for scope in (*(c.scope for c in chosen), *(f.scope for f in wanted))
        )
        self.everybody = self._in_force((), None)

    def in_force(self, keys: tuple[str, ...], session_id: str | None = None) -> InForce:
        """Return what is on for whoever has shown these keys, in this session."""
        return self._in_force(keys, session_id) if self._is_scoped else self.everybody

    def caller(self, keys: tuple[str, ...], session_id: str | None) -> Caller:
        """Return somebody who knows what is on for him."""
        return Caller(keys, session_id, self.in_force(keys, session_id))

    def next_line(self) -> int:
        """Return a number for a line that faults damage, from 0."""
        return next(self._lines)

    def look_up(self, caller: Caller) -> None:
        """Tell somebody what is on for him by now."""
        caller.on = self.in_force(caller.keys, caller.session_id)

    def set_for(self, session_id: str, names: Iterable[str], faults: Iterable[str] = ()) -> None:
        """Switch exactly these on for one session alone, and leave everything else as it is.

        Raises:
            ValueError: if one is not known or cannot be read; nothing is changed then.

        """
        others, other_faults = self._without(session_id)
        self.set(
            [*others, *(for_session(name, session_id) for name in names)],
            [*other_faults, *(for_session(fault, session_id) for fault in faults)],
        )

    def forget(self, session_id: str) -> None:
        """Drop what is on for one session alone: it is over."""
        if self._is_scoped:
            self.set(*self._without(session_id))

    def _without(self, session_id: str) -> tuple[list[str], list[str]]:
        return (
            [each.text for each in self._choices if each.scope.session != session_id],
            [each.text for each in self._faults if each.scope.session != session_id],
        )

    def _choice(self, text: str) -> _Choice:
        name, _, rest = text.partition(":")
        switch = self._known.get(name)
        if switch is None:
            raise ValueError(
                f"no switch named {name!r}; "
                "`realtime-harness list defects` and `list behaviours` show the known ones"
            )
        what = f"{'behaviour' if switch.violates is None else 'defect'} {name!r}"
        scope = Scope(**parameters(what, rest, SCOPE))
        if switch.where != "service" and scope != EVERYBODY:
            raise ValueError(f"{what} is one of the relays: leave key= and session= away")
        return _Choice(switch, scope, text)

    def _in_force(self, keys: tuple[str, ...], session_id: str | None) -> InForce:
        # Those of the relays are known here, so that one list can be given to both, and do nothing.
        choices = [
            each
            for each in self._choices
            if each.switch.where == "service" and each.scope.covers(keys, session_id)
        ]
        switches = [each.switch for each in choices]
        overrides: dict[str, Any] = {}
        for switch in switches:
            overrides.update(switch.policy)
        return InForce(
            names=tuple(each.text for each in choices),
            policy=replace(self._base, **overrides),
            event_taps=tuple(s.event for s in switches if s.event is not None),
            reply_taps=tuple(s.reply for s in switches if s.reply is not None),
            answer_taps=tuple(s.answer for s in switches if s.answer is not None),
            faults=(
                *(fault for fault in self._faults if fault.scope.covers(keys, session_id)),
                *(parse_fault(text) for switch in switches for text in switch.faults),
            ),
        )
