"""What the detour over a relay costs."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.journeys.relay_turn import first_ms, turns_by_way
from realtime_harness.journeys.text_turn import Turn
from realtime_harness.metrics import Interval, paired_difference
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.relay import checks

_ROUNDS = 20
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
    slow = await run.relay("ws", delay_ms=_ADDED_MS)
    ways = {
        "direct": await run.websocket(name="direct"),
        "relayed": await plain.websocket(name="relayed"),
        "delayed": await slow.websocket(name="delayed"),
    }

    text = await turns_by_way(ways, "How far is it?", rounds=_ROUNDS)
    audio = await turns_by_way(ways, "Say it", rounds=_ROUNDS, modalities=["audio"])

    overheads = [
        _overhead(run, checks.TEXT_OVERHEAD, "first_text", text, _TEXT),
        _overhead(run, checks.AUDIO_OVERHEAD, "first_audio", audio, _AUDIO),
    ]
    if run.target.is_loopback:
        worst = max(overhead.median for overhead in overheads)
        run.check(
            checks.OVERHEAD_BOUND,
            worst < _BOUND_MS,
            f"expected less than {_BOUND_MS:g} ms, got {worst:.2f} ms",
        )
    else:
        run.not_applicable(checks.OVERHEAD_BOUND, "the target is not on this machine")
    _judge_added(run, checks.ADDED_TEXT, "added_text", text, _TEXT)
    _judge_added(run, checks.ADDED_AUDIO, "added_audio", audio, _AUDIO)


def _overhead(
    run: ScenarioRun, check: Check, name: str, turns: dict[str, list[Turn]], kind: str
) -> Interval:
    """Report how much later the relayed turns got their first event of ``kind``."""
    overhead = paired_difference(
        first_ms(turns["direct"], kind), first_ms(turns["relayed"], kind), seed=1
    )
    run.measure(f"relay_overhead_{name}", overhead, "ms")
    run.observe(check, f"{_shown(overhead)} more than directly")
    return overhead


def _judge_added(
    run: ScenarioRun, check: Check, name: str, turns: dict[str, list[Turn]], kind: str
) -> None:
    """Judge that the delay the relay was told to add is the delay that was measured."""
    added = paired_difference(
        first_ms(turns["relayed"], kind), first_ms(turns["delayed"], kind), seed=1
    )
    run.measure(f"relay_{name}", added, "ms")
    run.check(
        check,
        abs(added.median - _ADDED_MS) <= _TOLERANCE_MS,
        f"expected {_ADDED_MS:g} ms within {_TOLERANCE_MS:g} ms, measured {_shown(added)}",
    )


def _shown(interval: Interval) -> str:
    return (
        f"{interval.median:.2f} ms ({interval.low:.2f} to {interval.high:.2f}, {interval.n} pairs)"
    )
