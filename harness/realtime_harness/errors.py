"""The exceptions of the harness, and whose fault each one is.

::

    RealtimeHarnessError            (abstract)
    ├── TargetViolation             the endpoint under test did wrong: decides a verdict
    │   ├── EventNotReceived        an expected event did not come within its bound
    │   ├── ConnectionRefused       the endpoint refused a connection that it has to accept
    │   ├── ConnectionLost          the endpoint closed a connection that has to stay open
    │   └── MalformedSdp            the endpoint sent a session description that cannot be read
    └── HarnessError                our side did wrong: never a verdict about the endpoint
        ├── UsageError              an option, a file or a call that cannot be used as given
        ├── MissingExtra            an optional part is not installed
        │   ├── MissingBrowser      there is no Chromium
        ├── ClientCannot            a scenario needs what its client has no way to do
        ├── TargetUnreachable       nothing answers at the target's address
        ├── KeyRefused              the target does not take the key that it was given
        └── NotClaimed              a scenario needs what this target does not claim to have

The two branches are kept apart in the type system because a conformance tool that blames an
endpoint for its own faults, or the other way round, is worse than none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtime_harness.clients.signaling import HttpAnswer

__all__ = [
    "ClientCannot",
    "ConnectionLost",
    "ConnectionRefused",
    "EventNotReceived",
    "HarnessError",
    "KeyRefused",
    "MalformedSdp",
    "MissingBrowser",
    "MissingExtra",
    "NotClaimed",
    "RealtimeHarnessError",
    "TargetUnreachable",
    "TargetViolation",
    "UsageError",
]


class RealtimeHarnessError(Exception):
    """Base of everything the harness raises. Raise one of its branches instead."""

    def __init__(self, *args: object) -> None:
        if type(self) is RealtimeHarnessError:
            raise TypeError("raise TargetViolation or HarnessError, not their abstract base")
        super().__init__(*args)


class TargetViolation(RealtimeHarnessError):
    """The endpoint under test did something that the protocol does not allow."""


class EventNotReceived(TargetViolation):
    """An event that the protocol promises did not come within the given time."""

    def __init__(self, *, expected: str, lane: str, timeout_s: float, seen: list[str]) -> None:
        super().__init__(expected, lane, timeout_s, seen)
        self.expected = expected
        self.lane = lane
        self.timeout_s = timeout_s
        self.seen = seen

    def __str__(self) -> str:
        seen = ", ".join(self.seen[-12:]) if self.seen else "nothing"
        return f"no {self.expected} on {self.lane} within {self.timeout_s:g} s; seen since: {seen}"


class ConnectionRefused(TargetViolation):
    """The endpoint refused a connection that it has to accept."""

    def __init__(
        self, *, lane: str, status: int | None, detail: str, answer: HttpAnswer | None = None
    ) -> None:
        super().__init__(lane, status, detail)
        self.lane = lane
        self.status = status
        self.detail = detail
        self.answer = answer

    def __str__(self) -> str:
        status = f"HTTP {self.status}" if self.status is not None else "no HTTP status"
        return f"{self.lane} refused ({status}): {self.detail}"


class ConnectionLost(TargetViolation):
    """The endpoint closed a connection while the scenario still needed it."""

    def __init__(self, *, lane: str, code: int | None, reason: str, while_doing: str) -> None:
        super().__init__(lane, code, reason, while_doing)
        self.lane = lane
        self.code = code
        self.reason = reason
        self.while_doing = while_doing

    def __str__(self) -> str:
        code = f" with code {self.code}" if self.code is not None else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.lane} closed{code}{reason} while {self.while_doing}"


class MalformedSdp(TargetViolation):
    """The endpoint sent a session description that cannot be read."""

    def __init__(self, *, line: int, text: str, expected: str) -> None:
        super().__init__(line, text, expected)
        self.line = line
        self.text = text
        self.expected = expected

    def __str__(self) -> str:
        return f"SDP line {self.line}: expected {self.expected}, got {self.text[:80]!r}"


class HarnessError(RealtimeHarnessError):
    """Our side failed; says nothing about the endpoint."""


class UsageError(HarnessError):
    """An option, a file or a call cannot be used as it was given."""


class MissingExtra(HarnessError):
    """An optional part of the distribution is not installed."""

    def __init__(self, extra: str) -> None:
        super().__init__(extra)
        self.extra = extra

    def __str__(self) -> str:
        return f"install realtime-harness[{self.extra}]"


class MissingBrowser(MissingExtra):
    """A browser is to make calls, and there is none."""

    def __init__(self) -> None:
        super().__init__("browser")

    def __str__(self) -> str:
        return "install Chromium (Debian: apt-get install chromium), or set RT_CHROMIUM to its path"


class ClientCannot(HarnessError):
    """A scenario needs something that the client which makes its calls has no way to do."""

    def __init__(self, client: str, what: str) -> None:
        super().__init__(client, what)
        self.client = client
        self.what = what

    def __str__(self) -> str:
        return f"{self.client} cannot {self.what}"


class TargetUnreachable(HarnessError):
    """Nothing answers at the target's address."""

    def __init__(self, *, url: str, detail: str) -> None:
        super().__init__(url, detail)
        self.url = url
        self.detail = detail

    def __str__(self) -> str:
        return f"cannot reach {self.url}: {self.detail}"


class KeyRefused(HarnessError):
    """The target does not take the key that it was given, so nothing can be said about it."""

    def __init__(self, *, target: str, said: str, remedy: str) -> None:
        super().__init__(target, said, remedy)
        self.target = target
        self.said = said
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.target} refuses the key ({self.said}): {self.remedy}"


class NotClaimed(HarnessError):
    """A scenario needs something that the target does not claim: it is not applicable."""
