"""Server VAD: what is told of a turn, and what the settings change."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.clients.connection import member
from realtime_harness.clients.websocket import WebSocketConnection
from realtime_harness.journeys.fence import of_type, until_fence, update_session
from realtime_harness.journeys.voice_turn import Microphone, Said, is_understood
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_scenarios.turn_detection import checks
from realtime_scenarios.turn_detection.turns import (
    ADDED,
    COMMITTED,
    DONE,
    STARTED,
    STOPPED,
    TURN,
    Told,
    server_vad,
    told,
)

_TOLERANCE_MS = 150
"""A detector looks at frames of some ten milliseconds, and needs a few to be sure."""
_SOFT = 0.03
"""Of the usual loudness: speech at the lowest threshold, and none at the highest."""


@scenario(
    suite="turn_detection",
    checks=[
        checks.STARTED,
        checks.STOPPED,
        checks.ORDER,
        checks.ITEM_IDS,
        checks.OFFSETS,
        checks.ANSWERS,
        checks.COMMITTED_BEFORE_ANSWER,
        checks.SECOND_TURN,
        checks.LEFT_OVER,
        checks.OFF,
        checks.ON_AGAIN,
        checks.NO_SILENCE,
    ],
    timeout_s=90.0,
)
async def finding_turns(run: ScenarioRun) -> None:
    """Turns are found while detection is on, and not while it is off."""
    client = await run.websocket()
    await client.expect("session.created")
    await update_session(client, output_modalities=["text"], audio=server_vad())
    microphone = Microphone(client, run.target)
    await microphone.silence(500)
    first = await _turn(run, client, microphone, "good morning")

    start = len(client.events)
    await client.send({"type": "input_audio_buffer.commit"})
    errors = of_type(await until_fence(client, since=start), "error")
    what = member(errors[0].data, "error", "message") if errors else "it was committed"
    run.observe(checks.LEFT_OVER, str(what))

    second = await _turn(run, client, microphone, "and good night")
    ids = [turn.value(ADDED, "item", "id") for turn in (first, second)]
    run.check(
        checks.SECOND_TURN,
        None not in ids and ids[0] != ids[1] and bool(second.value(ADDED, "previous_item_id")),
        f"expected two items, the second one behind another, got {ids} behind "
        f"{second.value(ADDED, 'previous_item_id')}",
        evidence=second.first.get(ADDED),
    )

    await update_session(client, audio={"input": {"turn_detection": None}})
    start = len(client.events)
    await microphone.say("nobody listens")
    await microphone.silence(1_000)
    found = of_type(await until_fence(client, since=start), *TURN)
    run.check(
        checks.OFF,
        not found,
        f"expected nothing, got {', '.join(event.type for event in found)}",
        evidence=found[0] if found else None,
    )

    await client.send({"type": "input_audio_buffer.clear"})
    await update_session(client, audio=server_vad(create_response=False))
    start = len(client.events)
    await microphone.say("here again")
    await microphone.silence(1_000)
    again = told(await until_fence(client, since=start, awaiting=[STARTED]))
    run.check(checks.ON_AGAIN, STARTED in again.first, "expected a turn, got none")

    start = len(client.events)
    await microphone.say("and then")
    stopped = of_type(await until_fence(client, since=start), STOPPED)
    run.observe(checks.NO_SILENCE, "it ended at once" if stopped else "it goes on")


async def _turn(
    run: ScenarioRun, client: WebSocketConnection, microphone: Microphone, text: str
) -> Told:
    """Say something, judge what is told of it and that it is answered."""
    start = len(client.events)
    await microphone.say(text)
    await microphone.silence(1_000)
    events = await until_fence(client, since=start, awaiting=[STOPPED, DONE, "response.done"])
    turn = told(events)
    run.check(checks.STARTED, STARTED in turn.first, f"expected {STARTED}, got {turn.kinds}")
    run.check(checks.STOPPED, STOPPED in turn.first, f"expected {STOPPED}, got {turn.kinds}")
    if len(turn.first) == len(TURN):
        run.check(
            checks.ORDER,
            turn.kinds == list(TURN),
            f"expected {', '.join(TURN)}; got {', '.join(turn.kinds)}",
            evidence=turn.events[0],
        )
        ids = {kind: turn.value(kind, "item_id") for kind in (STARTED, STOPPED, COMMITTED)}
        ids[ADDED] = turn.value(ADDED, "item", "id")
        run.check(
            checks.ITEM_IDS,
            len(set(ids.values())) == 1,
            f"expected one id, got {ids}",
            evidence=turn.first[ADDED],
        )
        _judge_offsets(run, turn, microphone)
    created, done = of_type(events, "response.created"), of_type(events, "response.done")
    run.check(checks.ANSWERS, bool(created and done), "expected a response, got none")
    if created and ADDED in turn.first:
        run.check(
            checks.COMMITTED_BEFORE_ANSWER,
            turn.first[ADDED].seq < created[0].seq,
            "expected the item before the response to it",
            evidence=created[0],
        )
    return turn


def _judge_offsets(run: ScenarioRun, turn: Told, microphone: Microphone) -> None:
    start, end = turn.value(STARTED, "audio_start_ms"), turn.value(STOPPED, "audio_end_ms")
    right = isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= microphone.ms
    run.check(
        checks.OFFSETS,
        right,
        f"expected times between 0 and {microphone.ms:.0f} ms of sound, got {start} to {end}",
        evidence=turn.first[STOPPED],
    )


@scenario(
    suite="turn_detection",
    checks=[
        checks.SILENCE,
        checks.CREATE_RESPONSE_OFF,
        checks.PADDING,
        checks.SILENCE_DURATION,
        checks.THRESHOLD,
    ],
    timeout_s=90.0,
)
async def settings(run: ScenarioRun) -> None:
    """The settings of server VAD do what they say, from the next sound on."""
    client = await run.websocket()
    await client.expect("session.created")
    microphone = Microphone(client, run.target)
    await update_session(
        client,
        output_modalities=["text"],
        audio=server_vad(create_response=False, prefix_padding_ms=0, silence_duration_ms=200),
    )
    start = len(client.events)
    await microphone.silence(5_000)
    found = of_type(await until_fence(client, since=start), *TURN)
    run.check(
        checks.SILENCE,
        not found,
        f"expected nothing, got {', '.join(event.type for event in found)}",
        evidence=found[0] if found else None,
    )

    start = len(client.events)
    short, said = await _say(client, microphone, "good morning")
    created = of_type(client.events[start:], "response.created")
    run.check(
        checks.CREATE_RESPONSE_OFF,
        DONE in short.first and not created,
        "expected an item and no response, got "
        + (", ".join(short.kinds) or "nothing")
        + (" and a response" if created else ""),
        evidence=created[0] if created else None,
    )
    await update_session(
        client,
        audio=server_vad(create_response=False, prefix_padding_ms=600, silence_duration_ms=800),
    )
    # Quiet before, for the padding to reach into.
    await microphone.silence(1_000)
    long, said_again = await _say(client, microphone, "good night to all")
    leads = [_lead(short, said), _lead(long, said_again)]
    _judge_growth(run, checks.PADDING, "the start", leads, 600, long)
    tails = [_tail(short, said), _tail(long, said_again)]
    _judge_growth(run, checks.SILENCE_DURATION, "the end", tails, 600, long)
    await _thresholds(run, client, microphone)


async def _say(
    client: WebSocketConnection, microphone: Microphone, text: str, *, gain: float = 1.0
) -> tuple[Told, Said]:
    start = len(client.events)
    said = await microphone.say(text, gain=gain)
    await microphone.silence(1_500)
    awaiting = [STOPPED, DONE] if gain == 1.0 else []
    return told(await until_fence(client, since=start, awaiting=awaiting)), said


def _lead(turn: Told, said: Said) -> float | None:
    """Return how long before the first sound a turn begins."""
    start = turn.value(STARTED, "audio_start_ms")
    return said.start_ms - start if isinstance(start, int) else None


def _tail(turn: Told, said: Said) -> float | None:
    """Return how long behind the last sound a turn ends."""
    end = turn.value(STOPPED, "audio_end_ms")
    return end - said.end_ms if isinstance(end, int) else None


def _judge_growth(
    run: ScenarioRun,
    check: Check,
    what: str,
    found: list[float | None],
    expected_ms: int,
    turn: Told,
) -> None:
    """Judge that a time has grown by about as much as a setting."""
    before, after = found
    if before is None or after is None:
        run.check(check, False, "expected two turns, got fewer")
        return
    grown = after - before
    run.check(
        check,
        abs(grown - expected_ms) <= _TOLERANCE_MS,
        f"expected {what} to move by {expected_ms} ms, it moved by {grown:.0f}",
        evidence=turn.first.get(STOPPED),
    )


async def _thresholds(
    run: ScenarioRun, client: WebSocketConnection, microphone: Microphone
) -> None:
    """Judge that a soft voice is heard at a low threshold alone."""
    heard = {}
    for threshold in (1.0, 0.0):
        await update_session(client, audio=server_vad(create_response=False, threshold=threshold))
        turn, _ = await _say(client, microphone, "softly", gain=_SOFT)
        heard[threshold] = STARTED in turn.first
    if not is_understood(run.target):
        run.observe(checks.THRESHOLD, f"a soft voice was heard: {heard}")
        return
    run.check(
        checks.THRESHOLD,
        heard == {1.0: False, 0.0: True},
        f"expected a soft voice to be heard at threshold 0 alone, got {heard}",
    )
