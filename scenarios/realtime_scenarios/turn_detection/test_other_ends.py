"""Other ways in which a turn ends: because of what was said, or because nothing is."""

from __future__ import annotations

from realtime_harness.clients.connection import member
from realtime_harness.journeys.fence import of_type, until_fence, update_session
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.journeys.voice_turn import Microphone
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_scenarios.turn_detection import checks
from realtime_scenarios.turn_detection.turns import (
    ADDED,
    COMMITTED,
    DONE,
    STARTED,
    STOPPED,
    server_vad,
    told,
)

_TIMEOUT = "input_audio_buffer.timeout_triggered"
_IDLE_MS = 5_000
"""The shortest that there is."""
_WINDOW_TOLERANCE_MS = 500


@scenario(
    suite="turn_detection",
    checks=[checks.SEMANTIC_TURN, checks.SEMANTIC_ORDER, checks.EAGERNESS],
    timeout_s=90.0,
)
async def semantic_vad(run: ScenarioRun) -> None:
    """Semantic VAD ends a turn that is finished, and after a while one that is not."""
    client = await run.websocket()
    await client.expect("session.created")
    detection = {
        "type": "semantic_vad",
        "eagerness": "high",
        "create_response": False,
        "interrupt_response": False,
    }
    await update_session(client, audio={"input": {"turn_detection": detection}})
    microphone = Microphone(client, run.target)
    await microphone.silence(500)

    start = len(client.events)
    await microphone.say("good morning.")
    await microphone.silence(4_500)
    turn = told(await until_fence(client, since=start, awaiting=[STOPPED, DONE]))
    missing = {STARTED, STOPPED, COMMITTED, ADDED} - set(turn.first)
    run.check(
        checks.SEMANTIC_TURN,
        not missing,
        f"expected start, stop and commit of a turn, got {turn.kinds}",
    )
    run.observe(checks.SEMANTIC_ORDER, ", ".join(turn.kinds) or "nothing came")

    start = len(client.events)
    await microphone.say("good morning and")
    await microphone.silence(3_000)
    stopped = of_type(await until_fence(client, since=start), STOPPED)
    run.check(
        checks.EAGERNESS,
        bool(stopped),
        "expected the end within 3 s of silence, it goes on",
    )


@scenario(
    suite="turn_detection",
    checks=[checks.IDLE, checks.IDLE_COMMITS, checks.IDLE_ANSWERS, checks.IDLE_WINDOW],
    timeout_s=90.0,
)
async def idle_timeout(run: ScenarioRun) -> None:
    """A user who says nothing behind an answer is spoken to."""
    client = await run.websocket()
    await client.expect("session.created")
    await update_session(
        client, output_modalities=["text"], audio=server_vad(idle_timeout_ms=_IDLE_MS)
    )
    microphone = Microphone(client, run.target)
    await text_turn(client, "Hello")

    start = len(client.events)
    # The silence of real time and that of the sound are the same for whoever is sent it in real
    # time, and for the others that of the sound counts.
    await microphone.silence(_IDLE_MS + 1_000)
    events = await until_fence(client, since=start, awaiting=[_TIMEOUT, "response.done"])
    found = of_type(events, _TIMEOUT)
    if not run.check(checks.IDLE, bool(found), f"expected {_TIMEOUT}, got none"):
        return
    timeout = found[0]
    named = timeout.data.get("item_id")
    ids = [event.data.get("item_id") for event in of_type(events, COMMITTED)]
    added = [
        member(event.data, "item", "id")
        for event in of_type(events, ADDED)
        if member(event.data, "item", "role") == "user"
    ]
    run.check(
        checks.IDLE_COMMITS,
        ids[:1] == added[:1] == [named],
        f"expected {named} to be committed and added, got {ids} and {added}",
        evidence=timeout,
    )
    run.check(
        checks.IDLE_ANSWERS,
        bool(of_type(events, "response.created")),
        "expected a response, got none",
        evidence=timeout,
    )
    start_ms, end_ms = timeout.data.get("audio_start_ms"), timeout.data.get("audio_end_ms")
    window = end_ms - start_ms if isinstance(start_ms, int) and isinstance(end_ms, int) else None
    run.check(
        checks.IDLE_WINDOW,
        window is not None and abs(window - _IDLE_MS) <= _WINDOW_TOLERANCE_MS,
        f"expected about {_IDLE_MS} ms, got {start_ms} to {end_ms}",
        evidence=timeout,
    )
