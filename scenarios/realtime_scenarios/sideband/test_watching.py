"""What a sideband sees of a call."""

from __future__ import annotations

from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.contract.schemas import server_event_types
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.metrics import bootstrap_median, lag
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.sideband import checks
from realtime_scenarios.sideband.watching import (
    attach,
    catch_up,
    missing,
    reordered,
    sees,
    without_event_id,
)

_NEEDS = [Capability.WEBRTC, Capability.SIDEBAND]
_SPOKEN = {
    "response.output_audio_transcript.delta",
    "response.output_audio_transcript.done",
    "response.output_audio.done",
    "output_audio_buffer.started",
}
_RECORDED = [
    "response.created",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.done",
]


@scenario(
    suite="sideband",
    checks=[
        checks.ATTACHES,
        checks.JOINS,
        checks.NO_SESSION_CREATED,
        checks.EVERY_EVENT,
        checks.ORDER,
        checks.EVENT_IDS,
        checks.CONTENT,
        checks.LAG,
        checks.AUDIO_EVENTS,
        checks.NO_AUDIO_DELTAS,
    ],
    needs=_NEEDS,
    extras=["webrtc"],
)
async def watches_turns(run: ScenarioRun) -> None:
    """A sideband sees the turns that a client makes on its data channel."""
    call = await run.call()
    created = await call.events.expect("session.created")
    with run.requiring(checks.ATTACHES):
        sideband = await attach(run, call)

    turn = await text_turn(call.events, "Who is listening?")
    with run.requiring(checks.ATTACHES):
        seen = await catch_up(sideband, len(turn.events))
    greetings = [event for event in seen if event.type == "session.created"]
    seen = [event for event in seen if event.type != "session.created"]
    run.check(
        checks.JOINS,
        not greetings or bool(seen),
        f"expected the events of session {_session_id(created)}, got session.created of "
        f"{', '.join(map(_session_id, greetings))} and then nothing of the call",
    )
    run.check(
        checks.NO_SESSION_CREATED,
        not greetings,
        "expected no greeting, got session.created",
        evidence=greetings[0] if greetings else None,
    )
    lost = missing(turn.events, seen)
    run.check(
        checks.EVERY_EVENT,
        not lost,
        f"expected all {len(turn.events)} events of the turn, missed {', '.join(lost)}",
    )
    if not seen:
        return
    _judge_likeness(run, turn.events, seen)
    _measure_lag(run, turn.events, seen)

    with run.requiring(checks.AUDIO_EVENTS):
        spoken = await text_turn(sideband, "Aloud", modalities=["audio"])
    got = {event.type for event in spoken.events}
    run.check(
        checks.AUDIO_EVENTS,
        got >= _SPOKEN,
        f"expected {', '.join(sorted(_SPOKEN))}, missed {', '.join(sorted(_SPOKEN - got))}",
    )
    run.check(
        checks.NO_AUDIO_DELTAS,
        "response.output_audio.delta" not in got,
        "expected no response.output_audio.delta, got some",
    )


@scenario(suite="sideband", checks=[checks.RECORDED_TURN], needs=_NEEDS, extras=["webrtc"])
async def runs_a_call_without_data_channel(run: ScenarioRun) -> None:
    """A call without a data channel is run from the sideband, as it was recorded."""
    with run.judging(checks.RECORDED_TURN):
        call = await run.call(data_channel=False)
        sideband = await attach(run, call)
        await text_turn(sideband, "Hi", modalities=["audio"])
        await sideband.expect("output_audio_buffer.stopped", timeout_s=10)
        # Types that are added one day are none of ours.
        known = server_event_types()
        got = [event.type for event in sideband.events if event.type in known]
        spoken = _outline(got)
        run.check(
            checks.RECORDED_TURN,
            spoken == _RECORDED,
            f"expected {', '.join(_RECORDED)}, got {', '.join(spoken)}",
        )
        run.check(
            checks.RECORDED_TURN,
            got.index("response.done") < got.index("output_audio_buffer.stopped"),
            "expected output_audio_buffer.stopped behind response.done, got it before",
        )


@scenario(suite="sideband", checks=[checks.TWO, checks.LEAVES], needs=_NEEDS, extras=["webrtc"])
async def two_watch_and_one_leaves(run: ScenarioRun) -> None:
    """Two sidebands on one call both see a turn; one leaves, and the call goes on."""
    call = await run.call()
    await call.events.expect("session.created")
    one, other = await attach(run, call), await attach(run, call)

    turn = await text_turn(call.events, "Who are you two?")
    with run.judging(checks.TWO):
        await sees(one, turn)
        await sees(other, turn)

    await one.close()
    with run.judging(checks.LEAVES):
        back = await run.sideband(call.id)
        await text_turn(back, "Is anybody left?")


def _judge_likeness(
    run: ScenarioRun, expected: list[ReceivedEvent], seen: list[ReceivedEvent]
) -> None:
    departure = reordered(expected, seen)
    run.check(checks.ORDER, departure is None, departure or "")
    ids = {event.data.get("event_id") for event in expected}
    strange = [event for event in seen if event.data.get("event_id") not in ids]
    run.check(
        checks.EVENT_IDS,
        not strange,
        f"expected the ids of the data channel, got others for "
        f"{', '.join(event.type for event in strange)}",
        evidence=strange[0] if strange else None,
    )
    said = [without_event_id(event) for event in expected]
    changed = [event for event in seen if without_event_id(event) not in said]
    run.check(
        checks.CONTENT,
        not changed,
        f"expected the same content, got another of {', '.join(e.type for e in changed)}",
        evidence=changed[0] if changed else None,
    )


def _measure_lag(
    run: ScenarioRun, expected: list[ReceivedEvent], seen: list[ReceivedEvent]
) -> None:
    came, came_here = _arrivals(expected), _arrivals(seen)
    late = lag(came, came_here)
    if late is None:
        run.observe(checks.LAG, "no event has the same event_id on both, so none can be compared")
        return
    median = bootstrap_median([came_here[i] - came[i] for i in came.keys() & came_here], seed=1)
    run.measure("sideband_lag", median, "ms")
    run.measure("sideband_lag_p95", late.p95, "ms")
    run.observe(
        checks.LAG,
        f"median {median.median:.2f} ms ({median.low:.2f} to {median.high:.2f}), 95 % within "
        f"{late.p95:.2f} ms, of {late.n} events",
    )


def _arrivals(events: list[ReceivedEvent]) -> dict[str, float]:
    return {str(event.data.get("event_id")): event.t_ns / 1e6 for event in events}


def _session_id(created: ReceivedEvent) -> str:
    return str(member(created.data, "session", "id"))


def _outline(kinds: list[str]) -> list[str]:
    """Return the types of a response in order; deltas in a row count once, sound not at all."""
    outline: list[str] = []
    for kind in kinds:
        is_more_of_it = kind.endswith(".delta") and kind in outline[-1:]
        is_of_response = kind.startswith("response.") and kind != "response.output_audio.delta"
        if is_of_response and not is_more_of_it:
            outline.append(kind)
    return outline
