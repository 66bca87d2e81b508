"""Every decision of the reference relays that a defect may change, in one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from realtime_fakes.defects import DEFECTS
from realtime_fakes.switches import EventTap

__all__ = ["RelayPolicy", "relay_policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPolicy:
    """The decisions, with the values of a right relay."""

    hidden_delay_ms: float = 0.0
    """What every frame down waits in addition to the delay that was asked for."""

    delay_factor: Mapping[str, float] = field(default_factory=dict)
    """By event type: what its share of the asked delay is multiplied with; 1 if not listed."""

    upstream_loss_code: int | None = 1011
    """Close code for the client when the service's connection broke; ``None``: left open."""

    client_loss_code: int | None = 1001
    """Close code for the service when the client's connection broke; ``None``: left open."""

    keeps_close_codes: bool = True
    """Whether an orderly close is passed on with its code and reason, or as a bare 1000."""

    offers_subprotocols: bool = True
    """Whether the client's subprotocols (a key may be one of them) are offered to the service."""

    max_frame_bytes: int | None = None
    """Largest frame that is let through; ``None``: any."""

    ends_with_client: bool = True
    """Whether the connection to the service is closed when a WebSocket client closes its own."""

    ends_with_caller: bool = True
    """Whether the connection to the service is closed when a caller hangs up."""

    ends_call: bool = True
    """Whether a call is ended when the connection to the service ends."""

    hears_caller: bool = True
    """Whether a caller's sound is passed to the service."""

    speaks_to_caller: bool = True
    """Whether the service's sound is played to the caller."""

    drops_audio_deltas: bool = True
    """Whether output audio deltas are kept off the data channel, where they do not exist."""

    taps: tuple[EventTap, ...] = ()
    """What else happens to events on their way down."""


def relay_policy(defects: Iterable[str]) -> RelayPolicy:
    """Return the policy of a relay with these defects on.

    Defects of the service are known here too and change nothing: the same list can be given to a
    service and to the relay before it.

    Raises:
        ValueError: if a name is not known.

    """
    known = {switch.name: switch for switch in DEFECTS}
    overrides: dict[str, Any] = {}
    taps: list[EventTap] = []
    for text in defects:
        name, _, scope = text.partition(":")
        if name not in known:
            raise ValueError(f"no defect named {name!r}; `realtime-harness list defects` has them")
        if known[name].where != "relay":
            continue
        if scope:
            raise ValueError(f"defect {name!r} is one of the relays: leave key= and session= away")
        overrides.update(known[name].policy)
        if (tap := known[name].event) is not None:
            taps.append(tap)
    return replace(RelayPolicy(), **overrides, taps=tuple(taps))
