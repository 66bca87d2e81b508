"""What the detour over a relay costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from realtime_harness.clients.base import EventConnection
from realtime_harness.journeys.relay_turn import first_ms, turns_by_way
from realtime_harness.metrics import Interval, paired_difference
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.relay import Relay
from realtime_scenarios.relay import checks

_ROUNDS = 20
_ROUNDS_ELSEWHERE = 5
"""Fewer, where turns cost money."""
_SERIES = 5
_ADDED_MS = 40.0
_TOLERANCE_MS = 2.0
_BOUND_MS = 10.0

_TEXT = "response.output_text.delta"
_AUDIO = "response.output_audio.delta"


@scenario(
    suite="relay",
    checks=[
        checks.TEXT_OVERHEAD,
        checks.AUDIO_OVERHEAD,
        checks.OVERHEAD_BOUND,
        checks.ADDED_TEXT,
        checks.ADDED_AUDIO,
    ],
    needs=[Capability.WEBSOCKET],
    # The rules over the stream judge a service. Here it is the relay that is judged.
    stream=False,
    exclusive=True,
)
async def cost_of_the_detour(run: ScenarioRun) -> None:
    """Turns go directly, through the relay, and through the relay with 40 ms added, in turn."""
    plain = await run.relay("ws")
    ways = {
        "direct": await run.websocket(name="direct", target=run.service),
        "relayed": await plain.websocket(name="relayed"),
    }
    if plain.is_reference:
        slow = await run.relay("ws", delay_ms=_ADDED_MS)
        ways["delayed"] = await slow.websocket(name="delayed")

    text = await _measure(run, plain, ways, "How far is it?", "text", _TEXT)
    audio = await _measure(run, plain, ways, "Say it", "audio", _AUDIO)

    run.observe(checks.TEXT_OVERHEAD, f"{_shown(text.overhead)} more than directly")
    run.observe(checks.AUDIO_OVERHEAD, f"{_shown(audio.overhead)} more than directly")
    if not plain.is_local:
        for check in (checks.OVERHEAD_BOUND, checks.ADDED_TEXT, checks.ADDED_AUDIO):
            run.not_applicable(check, "a service elsewhere varies by more than is judged here")
        return
    worst = max(text.overhead.median, audio.overhead.median)
    run.check(
        checks.OVERHEAD_BOUND,
        worst < _BOUND_MS,
        f"expected less than {_BOUND_MS:g} ms, got {worst:.2f} ms",
    )
    for check, cost in ((checks.ADDED_TEXT, text), (checks.ADDED_AUDIO, audio)):
        if cost.added is None:
            run.not_applicable(check, "only a reference relay can be told to add a delay")
            continue
        run.check(
            check,
            cost.as_told,
            f"expected {_ADDED_MS:g} ms within {_TOLERANCE_MS:g} ms, got {_shown(cost.added)}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    overhead: Interval
    """What the relay costs, ms: relayed against direct turns."""
    added: Interval | None
    """What its added delay shows as, ms: delayed against relayed turns; ``None`` if it cannot be
    told to add one."""

    @property
    def as_told(self) -> bool:
        """Whether the added delay is the one that the relay was told to add."""
        return self.added is None or abs(self.added.median - _ADDED_MS) <= _TOLERANCE_MS


async def _measure(
    run: ScenarioRun,
    relay: Relay,
    ways: Mapping[str, EventConnection],
    words: str,
    modality: str,
    kind: str,
) -> _Cost:
    """Measure the time to the first event of ``kind``.

    A series in which the known delay is not found measured something else, such as a busy machine;
    it is taken again.
    """
    rounds = _ROUNDS if relay.is_local else _ROUNDS_ELSEWHERE
    for series in range(1, _SERIES + 1):
        turns = await turns_by_way(ways, words, rounds=rounds, modalities=[modality])
        first = {way: first_ms(taken, kind) for way, taken in turns.items()}
        cost = _Cost(
            overhead=paired_difference(first["direct"], first["relayed"], seed=1),
            added=paired_difference(first["relayed"], first["delayed"], seed=1)
            if "delayed" in ways
            else None,
        )
        run.note(f"first {modality}, series {series}", overhead_ms=cost.overhead.median)
        if cost.as_told or not relay.is_local:
            break
    run.measure(f"relay_overhead_first_{modality}", cost.overhead, "ms")
    if cost.added is not None:
        run.measure(f"relay_added_first_{modality}", cost.added, "ms")
    return cost


def _shown(interval: Interval) -> str:
    return (
        f"{interval.median:.2f} ms ({interval.low:.2f} to {interval.high:.2f}, {interval.n} pairs)"
    )
