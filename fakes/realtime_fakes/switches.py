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
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from realtime_fakes.audience import Role
from realtime_fakes.faults import Fault, parse_fault
from realtime_fakes.policy import Policy

__all__ = ["AnswerTap", "Event", "EventTap", "HttpReply", "ReplyTap", "Switch", "Switchboard"]

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
    """Whether it refuses what a right service grants, so that the suites cannot stay green."""
    where: str = "service"
    """``service``, or ``relay`` for a deviation of the reference relays."""


class Switchboard:
    """Which switches are on, and the policy and the taps that follow from it."""

    def __init__(
        self, known: Iterable[Switch], base: Policy | None = None, *, seed: int | None = None
    ) -> None:
        self._known = {switch.name: switch for switch in known}
        self._base = base if base is not None else Policy()
        self.seed = seed
        self.on: tuple[str, ...] = ()
        self.named_faults: tuple[Fault, ...] = ()
        """Those that were asked for by name."""
        self.faults: tuple[Fault, ...] = ()
        """All of them: a switch may have some."""
        self.policy = self._base
        self.event_taps: tuple[EventTap, ...] = ()
        self.reply_taps: tuple[ReplyTap, ...] = ()
        self.answer_taps: tuple[AnswerTap, ...] = ()

    def set(self, names: Iterable[str], faults: Iterable[str] = ()) -> None:
        """Switch exactly ``names`` and these faults on.

        Raises:
            ValueError: if a name is not known or a fault cannot be read; nothing is changed then.

        """
        wanted = tuple(map(parse_fault, faults))
        chosen = list(dict.fromkeys(names))
        if unknown := [name for name in chosen if name not in self._known]:
            raise ValueError(
                f"no switch named {', '.join(map(repr, unknown))}; "
                "`realtime-harness list defects` and `list behaviours` show the known ones"
            )
        # Those of the relays are known here, so that one list can be given to both, and do nothing.
        switches = [self._known[name] for name in chosen if self._known[name].where == "service"]
        overrides: dict[str, Any] = {}
        for switch in switches:
            overrides.update(switch.policy)
        self.on = tuple(chosen)
        self.named_faults = wanted
        self.faults = (*wanted, *(parse_fault(text) for s in switches for text in s.faults))
        self.policy = replace(self._base, **overrides)
        self.event_taps = tuple(s.event for s in switches if s.event is not None)
        self.reply_taps = tuple(s.reply for s in switches if s.reply is not None)
        self.answer_taps = tuple(s.answer for s in switches if s.answer is not None)
