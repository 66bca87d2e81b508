"""Which faults there are, and what they take: the first parameter may be given without its name.

``delay:50ms`` delays everything by 50 ms, ``delay:50ms@90%+400ms@10%,on=response.created`` one
answer in ten by 400 ms, ``delay:50ms..250ms,over=10s`` more and more; ``drop:every=5,to=sideband``
loses every fifth event to a sideband; ``disconnect:3,key=sk-one`` breaks the connections opened
with that key off after their third event; ``rtp-loss:3%,to=service`` loses what a caller says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter_ns
from types import MappingProxyType
from typing import Any

from realtime_fakes.audience import Attachment, Role
from realtime_fakes.faults.programs import Ramp, chance, delay, seconds
from realtime_fakes.scopes import EVERYBODY, SCOPE, Parser, Scope, parameters

__all__ = ["FAULTS", "Fault", "Kind", "parse_fault"]


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("has to be a whole number")
    return int(text)


def _nth(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("has to be a whole number above 0")
    return int(text)


def _close_code(text: str) -> int:
    code = _count(text)
    if not (code in (1000, 1001, 1002, 1003) or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        raise ValueError("has to be a code that a close frame may carry")
    return code


_TARGETS = {
    "websocket": frozenset({Role.WEBSOCKET}),
    "data-channel": frozenset({Role.DATA_CHANNEL, Role.FILTERED_CHANNEL}),
    "sideband": frozenset({Role.SIDEBAND}),
}


def _target(text: str) -> str:
    if text not in _TARGETS:
        raise ValueError(f"has to be one of {', '.join(_TARGETS)}")
    return text


def _direction(text: str) -> str:
    if text not in ("caller", "service"):
        raise ValueError("has to be one of caller, service")
    return text


_ANY: Mapping[str, Parser] = {"to": _target, **SCOPE, "seed": _count}
"""What every fault takes; one of packets has a ``to`` of its own."""
_WHICH: Mapping[str, Parser] = {"every": _nth, "chance": chance, "on": str}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of damage."""

    name: str
    summary: str
    parameters: Mapping[str, Parser]
    """By name. The first one may be given without its name."""
    defaults: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    needs: tuple[str, ...] = ()
    """Parameters of which one has to be given."""
    contradiction: Callable[[Mapping[str, Any]], str] = lambda given: ""
    """Says what is wrong with what is given, each of which can be read by itself."""

    @property
    def usage(self) -> str:
        """How it is written, with every parameter."""
        main, *others = {**self.parameters, **_ANY}
        shown = [main.upper(), *(f"{name}=…" for name in others)]
        return f"{self.name}:{','.join(shown)}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that is on."""

    kind: Kind
    values: Mapping[str, Any]
    text: str
    """As it was written."""
    scope: Scope = EVERYBODY
    began_ns: int = field(default_factory=perf_counter_ns, compare=False)
    """Since when it is on, by ``time.perf_counter_ns``: what changes in time goes by this."""

    def concerns(self, attachment: Attachment, session_id: str) -> bool:
        """Whether it damages the line to this party."""
        to = self.values.get("to")
        return (to not in _TARGETS or attachment.role in _TARGETS[to]) and self.scope.covers(
            attachment.keys, session_id
        )


def _of_delay(given: Mapping[str, Any]) -> str:
    if isinstance(given["by"], Ramp) == ("over" in given):
        return ""
    if "over" in given:
        return "over is for a delay that grows, as in delay:50ms..250ms,over=10s"
    return "give over, the time in which it grows, as in delay:50ms..250ms,over=10s"


def _of_freeze(given: Mapping[str, Any]) -> str:
    if "every" in given and given["every"] <= given["length"]:
        return "every has to be longer than it stands still, as in freeze:2s,every=10s"
    return ""


_ALL = (
    Kind(
        name="delay",
        summary="Every event is late by this much, and by up to `jitter` more, counted from what "
        "it answers; the order stays. `50ms@90%+400ms@10%` is drawn for each event, so say "
        "`on=response.created` for once in a response; `50ms..250ms` grows `over` a time.",
        parameters={"by": delay, "jitter": seconds, "over": seconds, "on": str},
        defaults={"jitter": 0.0},
        needs=("by",),
        contradiction=_of_delay,
    ),
    Kind(
        name="freeze",
        summary="Everything stands still for this long: no event leaves, all that are due leave at "
        "its end. It begins `after` some time, and again `every` so often.",
        parameters={"length": seconds, "after": seconds, "every": seconds},
        defaults={"after": 0.0},
        needs=("length",),
        contradiction=_of_freeze,
    ),
    Kind(
        name="drop", summary="Events are lost.", parameters=_WHICH, needs=("every", "chance", "on")
    ),
    Kind(
        name="duplicate",
        summary="Events come twice.",
        parameters=_WHICH,
        needs=("every", "chance", "on"),
    ),
    Kind(
        name="reorder",
        summary="Events come after the one that follows them.",
        parameters=_WHICH,
        needs=("every", "chance", "on"),
    ),
    Kind(
        name="corrupt",
        summary="A letter of an event is replaced by another, so that it may be no JSON any more.",
        parameters=_WHICH,
        needs=("every", "chance", "on"),
    ),
    Kind(
        name="stall",
        summary="After so many events nothing is sent any more; the connection stays open.",
        parameters={"after": _count},
        defaults={"after": 0},
    ),
    Kind(
        name="half-close",
        summary="After so many events the sending direction of the TCP connection is closed; on a "
        "data channel nothing is sent any more.",
        parameters={"after": _count},
        defaults={"after": 0},
    ),
    Kind(
        name="close",
        summary="After so many events the connection is closed with this code.",
        parameters={"code": _close_code, "after": _count},
        defaults={"after": 0},
        needs=("code",),
    ),
    Kind(
        name="disconnect",
        summary="After so many events the connection breaks off without a close frame.",
        parameters={"after": _count},
        defaults={"after": 0},
    ),
    Kind(
        name="slow-reader",
        summary="The service waits so long before it reads the next event of a WebSocket client.",
        parameters={"pause": seconds},
        needs=("pause",),
    ),
    Kind(
        name="rtp-loss",
        summary="RTP packets of a call are lost on the way to the caller, or to the service.",
        parameters={"chance": chance, "every": _nth, "to": _direction},
        defaults={"to": "caller"},
        needs=("chance", "every"),
    ),
    Kind(
        name="rtp-jitter",
        summary="RTP packets of a call are late by up to this much on the way to the caller, or to "
        "the service.",
        parameters={"by": seconds, "to": _direction},
        defaults={"to": "caller"},
        needs=("by",),
    ),
)


FAULTS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
"""By name."""


def parse_fault(text: str) -> Fault:
    """Read a fault as it is written on the command line.

    Raises:
        ValueError: if it cannot be read; the message names the fault and the parameter.

    """
    name, _, rest = text.partition(":")
    kind = FAULTS.get(name)
    if kind is None:
        raise ValueError(
            f"no fault named {name!r}; known: {', '.join(FAULTS)}; "
            "`realtime-harness list faults` shows how they are written"
        )
    # The kind's own go last, since they say more; and first, since messages name them first.
    parsers = {**kind.parameters, **_ANY, **kind.parameters}
    given = parameters(f"fault {name!r}", rest, parsers, main=next(iter(kind.parameters)))
    if kind.needs and not set(given) & set(kind.needs):
        raise ValueError(f"fault {name!r}: give {' or '.join(kind.needs)}")
    if wrong := kind.contradiction(given):
        raise ValueError(f"fault {name!r}: {wrong}")
    scope = Scope(given.pop("key", None), given.pop("session", None))
    return Fault(kind, MappingProxyType({**kind.defaults, **given}), text, scope)
