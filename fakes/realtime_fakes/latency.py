"""How long a response takes: latency profiles, and the pauses of one response.

The figures of ``realistic`` are those of a text turn with a gpt-realtime model, probed on the live
service (https://github.com/gauravzqa/llmgw ``capabilities/captures-ws.md``): ``session.created``
after 3 to 6 ms, ``response.created`` after 280 ms, the first delta after 476 ms, all of a short
answer after 518 ms, the rate limits 7 to 43 ms later.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TypeAlias

__all__ = ["INSTANT", "LATENCIES", "Latency", "Pauses", "Span"]

Span: TypeAlias = tuple[float, float]
"""The shortest and the longest that something takes, in seconds."""

_NO_TIME: Span = (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """What a service needs for the steps of a response."""

    name: str = "instant"
    greeting: Span = _NO_TIME
    """From the handshake of a WebSocket to ``session.created``; of real time with any clock."""
    created: Span = _NO_TIME
    """From ``response.create`` to ``response.created``."""
    first_output: Span = _NO_TIME
    """From there to the first output item, whose first delta comes with it."""
    delta: Span = _NO_TIME
    """From one delta to the next."""
    rate_limits: Span = _NO_TIME
    """From ``response.done`` to ``rate_limits.updated``."""
    transcription: Span = _NO_TIME
    """From the commit of sound to the first delta of its transcription."""


INSTANT = Latency()

LATENCIES: dict[str, Latency] = {
    "instant": INSTANT,
    "realistic": Latency(
        name="realistic",
        greeting=(0.003, 0.006),
        created=(0.24, 0.32),
        first_output=(0.16, 0.23),
        delta=(0.003, 0.008),
        rate_limits=(0.007, 0.043),
        transcription=(1.0, 1.4),
    ),
}
"""By the name that ``--latency`` takes."""


class Pauses:
    """The pauses of one response, in seconds.

    Args:
        latency: of the service.
        seed: of the draws. The id of the response, which the seed of the service repeats.
        delay_s: added before the output.
        delta_interval_s: takes the place of the latency between deltas.

    """

    def __init__(
        self,
        latency: Latency,
        seed: str,
        *,
        delay_s: float = 0.0,
        delta_interval_s: float | None = None,
    ) -> None:
        self._latency = latency
        self._draw = Random(seed).uniform
        self._delay_s = delay_s
        self._delta_interval_s = delta_interval_s

    def before_created(self) -> float:
        """Return the pause before ``response.created``."""
        return self._draw(*self._latency.created)

    def before_output(self) -> float:
        """Return the pause before the first output item."""
        return self._delay_s + self._draw(*self._latency.first_output)

    def after_delta(self) -> float:
        """Return the pause after a delta."""
        if self._delta_interval_s is not None:
            return self._delta_interval_s
        return self._draw(*self._latency.delta)

    def before_rate_limits(self) -> float:
        """Return the pause before ``rate_limits.updated``."""
        return self._draw(*self._latency.rate_limits)
