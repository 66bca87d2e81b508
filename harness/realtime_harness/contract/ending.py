"""Rules about the end of connections: who ended them, how, and what came behind the end."""

from __future__ import annotations

from collections.abc import Sequence

from realtime_harness.checks import Check
from realtime_harness.contract.rule import Finding, Rule
from realtime_harness.contract.stream import EVENT_LANES, as_object, event_type
from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane
from realtime_harness.verdicts import Level

__all__ = ["RULES"]

_SOCKETS = frozenset({Lane.WEBSOCKET.value, Lane.SIDEBAND.value})


def _is_for_endpoints(code: object) -> bool:
    """Tell whether an endpoint may put this code into a close frame (RFC 6455, 7.4)."""
    if not isinstance(code, int):
        return False
    return 3000 <= code < 5000 or (1000 <= code <= 1014 and code not in {1004, 1005, 1006})


def _endings(entries: Sequence[Entry]) -> list[Finding]:
    found: list[Finding] = []
    expired: set[tuple[str, str]] = set()
    for entry in entries:
        if entry.lane in EVENT_LANES and entry.direction is Direction.RECEIVED:
            place = (entry.lane.value, entry.connection)
            if place in expired:
                reason = f"{event_type(entry.data) or 'a frame'} came behind session_expired"
                found.append(Finding(reason=reason, seq=entry.seq))
            elif _says_expired(entry):
                expired.add(place)
        elif wrong := _closed_wrong(entry):
            found.append(Finding(reason=wrong, seq=entry.seq))
    return found


def _says_expired(entry: Entry) -> bool:
    error = as_object(entry.data.get("error"))
    return event_type(entry.data) == "error" and error.get("code") == "session_expired"


def _closed_wrong(entry: Entry) -> str | None:
    """Return what is wrong with the end of a WebSocket, if it is one and something is."""
    data = entry.data
    if entry.kind is not Kind.STATE or data.get("state") != "closed":
        return None
    # Who broke it off was not waiting for anything.
    if data.get("what") not in _SOCKETS or data.get("cut"):
        return None
    code = data.get("code")
    if data.get("by") == "us":
        return None if code is not None else f"{entry.connection}: our close was not answered"
    if code is not None and not _is_for_endpoints(code):
        return f"{entry.connection} was closed with {code}, which is for no close frame"
    return None


RULES: tuple[Rule, ...] = (
    Rule(
        check=Check(
            id="rt.wire.ends-cleanly",
            level=Level.SHOULD,
            clause="A WebSocket ends with a close frame that has a code for endpoints, the close "
            "of a client is answered, and nothing comes behind the error session_expired.",
            source="RFC 6455, 5.5.1, 7.1.4 and 7.4",
        ),
        judge=_endings,
    ),
)
