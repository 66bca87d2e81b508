"""Wrong frames and events over WebSocket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.clients.websocket import WebSocketConnection
from realtime_harness.journeys.probe import Answers, probe
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.errors import checks
from realtime_scenarios.errors.wrong import EVENTS, FRAMES, UNKNOWN, Wrong

_WEBSOCKET = [Capability.WEBSOCKET]
_EVERY_ERROR = (
    checks.SHAPE,
    checks.EVENT_ID,
    checks.NO_EVENT_ID,
    checks.ONE_ERROR,
    checks.SURVIVES,
)
_LISTED = ("session.update", "input_audio_buffer.append", "response.create")


@scenario(
    suite="errors",
    checks=[
        *dict.fromkeys(wrong.check for wrong in FRAMES),
        *dict.fromkeys(wrong.said for wrong in FRAMES if wrong.said is not None),
        checks.NO_TYPE_TEXT,
        checks.UNKNOWN_TYPE_LIST,
        checks.CALL_EVENT,
        *_EVERY_ERROR,
    ],
    needs=_WEBSOCKET,
)
async def wrong_frames(run: ScenarioRun) -> None:
    """Frames that hold no event get an error each, and the session goes on."""
    connection = await run.websocket()
    await connection.expect("session.created")
    with run.requiring(checks.SURVIVES):
        for number, wrong in enumerate(FRAMES):
            answers = await _send(run, connection, wrong, number)
            if wrong.check is checks.NO_TYPE:
                run.observe(checks.NO_TYPE_TEXT, answers.shown(), evidence=answers.refusal)
            if wrong.check is checks.UNKNOWN_TYPE and answers.refusal is not None:
                message = str(answers.said("message"))
                missing = [name for name in _LISTED if name not in message]
                run.check(
                    checks.UNKNOWN_TYPE_LIST,
                    not missing,
                    f"expected {', '.join(missing)} to be listed, got {message!r}",
                    evidence=answers.refusal,
                )
        answers = await probe(connection, {"type": "output_audio_buffer.clear"})
        run.observe(checks.CALL_EVENT, answers.shown(), evidence=answers.seq)
        # Deeper than any parser that calls itself for each level likes it.
        deep = f'{{"type": "{UNKNOWN}", "at": {"[" * 9000}{"]" * 9000}}}'
        await probe(connection, deep)
        await text_turn(connection, "Are you still there?")


@scenario(
    suite="errors",
    checks=[
        *dict.fromkeys(wrong.check for wrong in EVENTS),
        *dict.fromkeys(wrong.said for wrong in EVENTS if wrong.said is not None),
        checks.WRONG_TYPE_TEXT,
        checks.LONG_ITEM_ID,
        checks.LONG_CALL_ID,
        checks.UNKNOWN_FIELD,
        checks.NO_TRACE,
        *_EVERY_ERROR,
    ],
    needs=_WEBSOCKET,
)
async def wrong_events(run: ScenarioRun) -> None:
    """Events with something wrong in them get an error each, and are not carried out."""
    connection = await run.websocket()
    await connection.expect("session.created")
    with run.requiring(checks.SURVIVES):
        for number, wrong in enumerate(EVENTS):
            answers = await _send(run, connection, wrong, number)
            if wrong.check is checks.WRONG_TYPE:
                run.observe(checks.WRONG_TYPE_TEXT, answers.shown(), evidence=answers.refusal)
        turn = await text_turn(connection, "After all that was wrong.")
        added = next(event for event in turn.events if event.type == "conversation.item.added")
        before = member(added.data, "previous_item_id")
        run.check(
            checks.NO_TRACE,
            before is None,
            f"expected the first item of the conversation, got one behind {before}",
            evidence=added,
        )
        for check, odd in (
            (checks.LONG_ITEM_ID, _item(id="i" * 33)),
            (checks.LONG_CALL_ID, _call("c" * 33)),
            (checks.UNKNOWN_FIELD, {"type": "input_audio_buffer.clear", "colour": "green"}),
        ):
            answers = await probe(connection, odd, "error", "conversation.item.added", valid=False)
            run.observe(check, answers.shown(), evidence=answers.seq)


async def _send(
    run: ScenarioRun, connection: WebSocketConnection, wrong: Wrong, number: int
) -> Answers:
    """Send what is wrong, and judge the error that it gets."""
    message, event_id = wrong.message, None
    # Every other event has an id, so that both cases are seen.
    if not isinstance(message, str | bytes) and number % 2:
        event_id = f"wrong_{number}"
        message = {**message, "event_id": event_id}
    answers = await probe(connection, message, valid=False)
    errors = [event for event in answers.events if event.type == "error"]
    if not run.check(
        wrong.check,
        bool(errors),
        f"expected an error about {_short(message)}, got {answers.shown()}",
        evidence=answers.seq,
    ):
        return answers
    if wrong.said is not None:
        run.check(
            wrong.said,
            wrong.code in (None, answers.said("code"))
            and wrong.param in (None, answers.said("param")),
            f"expected {wrong.code} and {wrong.param or 'any param'}, got {answers.shown()}",
            evidence=errors[0],
        )
    _judge_error(run, errors, event_id)
    return answers


def _judge_error(run: ScenarioRun, errors: Sequence[ReceivedEvent], event_id: str | None) -> None:
    first = errors[0]
    kind, message = member(first.data, "error", "type"), member(first.data, "error", "message")
    run.check(
        checks.SHAPE,
        all(isinstance(text, str) and text for text in (kind, message)),
        f"expected a type and a message, got {kind!r} and {message!r}",
        evidence=first,
    )
    got = member(first.data, "error", "event_id")
    run.check(
        checks.NO_EVENT_ID if event_id is None else checks.EVENT_ID,
        got == event_id,
        f"expected the event_id {event_id}, got {got}",
        evidence=first,
    )
    run.check(
        checks.ONE_ERROR,
        len(errors) == 1,
        f"expected one error, got {len(errors)}",
        evidence=errors[-1],
    )


def _item(**members: Any) -> dict[str, Any]:
    content = [{"type": "input_text", "text": "Odd, and perhaps not wrong."}]
    item = {"type": "message", "role": "user", "content": content, **members}
    return {"type": "conversation.item.create", "item": item}


def _call(call_id: str) -> dict[str, Any]:
    item = {"type": "function_call", "name": "look", "call_id": call_id, "arguments": "{}"}
    return {"type": "conversation.item.create", "item": item}


def _short(message: Any) -> str:
    return f"{message!s:.80}"
