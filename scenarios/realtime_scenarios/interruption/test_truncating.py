"""Taking back what the assistant said and nobody has heard."""

from __future__ import annotations

from typing import Any

from realtime_harness.checks import Check
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.clients.websocket import WebSocketConnection
from realtime_harness.errors import TargetViolation
from realtime_harness.journeys.fence import of_type, until_fence, update_session
from realtime_harness.journeys.text_turn import Turn, text_turn
from realtime_harness.journeys.voice_turn import sound_of
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_scenarios.interruption import checks

_TRUNCATED = "conversation.item.truncated"


@scenario(
    suite="interruption",
    checks=[
        checks.TRUNCATED,
        checks.TRUNCATED_FIELDS,
        checks.TRUNCATED_TEXT,
        checks.TRUNCATED_TO_NOTHING,
        checks.BEYOND_REFUSED,
        checks.TEXT_REFUSED,
        checks.CLEAR_ON_SOCKET,
    ],
    timeout_s=60.0,
)
async def truncating(run: ScenarioRun) -> None:
    """What was not heard is taken out of the conversation, and nothing else can be."""
    client = await run.websocket()
    await client.expect("session.created")
    await update_session(client, audio={"input": {"turn_detection": None}})
    spoken = await text_turn(client, "Count from one to ten", modalities=("audio",))
    written = await text_turn(client, "Count from one to ten")
    item, length_ms = _output(spoken), len(sound_of(spoken.events)) / 48

    middle = round(length_ms / 2)
    answer = await _truncate(client, item, middle)
    run.check(
        checks.TRUNCATED,
        answer is not None and answer.type == _TRUNCATED,
        f"expected {_TRUNCATED}, got {_what(answer)}",
        evidence=answer,
    )
    if answer is not None and answer.type == _TRUNCATED:
        names = ("item_id", "content_index", "audio_end_ms")
        got, expected = [answer.data.get(name) for name in names], [item, 0, middle]
        run.check(
            checks.TRUNCATED_FIELDS,
            got == expected,
            f"expected {expected}, got {got}",
            evidence=answer,
        )
        await _judge_transcript(run, client, item, spoken.text)

    for check, item_id, end_ms in (
        (checks.BEYOND_REFUSED, item, round(length_ms) + 60_000),
        (checks.TEXT_REFUSED, _output(written), 0),
    ):
        await _judge_refusal(run, client, check, item_id, end_ms)

    answer = await _truncate(client, item, 0)
    run.check(
        checks.TRUNCATED_TO_NOTHING,
        answer is not None and answer.type == _TRUNCATED,
        f"expected {_TRUNCATED}, got {_what(answer)}",
        evidence=answer,
    )
    start = len(client.events)
    await client.send({"type": "output_audio_buffer.clear"})
    errors = of_type(await until_fence(client, since=start), "error", "output_audio_buffer.cleared")
    run.observe(checks.CLEAR_ON_SOCKET, _what(errors[0] if errors else None))


async def _truncate(client: WebSocketConnection, item_id: str, end_ms: int) -> ReceivedEvent | None:
    """Truncate an item; return what comes of it, if anything does."""
    start = len(client.events)
    await client.send(
        {
            "type": "conversation.item.truncate",
            "item_id": item_id,
            "content_index": 0,
            "audio_end_ms": end_ms,
        }
    )
    answers = of_type(await until_fence(client, since=start), "error", _TRUNCATED)
    return answers[0] if answers else None


async def _judge_transcript(
    run: ScenarioRun, client: WebSocketConnection, item: str, before: str
) -> None:
    await client.send({"type": "conversation.item.retrieve", "item_id": item})
    with run.judging(checks.TRUNCATED_TEXT):
        retrieved = await client.expect("conversation.item.retrieved", "error")
        content = member(retrieved.data, "item", "content") or []
        after = "".join(str(member({"part": p}, "part", "transcript") or "") for p in content)
        run.check(
            checks.TRUNCATED_TEXT,
            retrieved.type != "error" and len(after) < len(before),
            f"expected less than {before!r}, got {after!r}",
            evidence=retrieved,
        )


async def _judge_refusal(
    run: ScenarioRun, client: WebSocketConnection, check: Check, item_id: str, end_ms: int
) -> None:
    answer = await _truncate(client, item_id, end_ms)
    refused = answer is not None and answer.type == "error"
    run.check(check, refused, f"expected an error, got {_what(answer)}", evidence=answer)


def _output(turn: Turn) -> str:
    item: Any = member(turn.response, "output", 0, "id")
    if not isinstance(item, str):
        raise TargetViolation("the response has no output item with an id")
    return item


def _what(answer: ReceivedEvent | None) -> str:
    if answer is None:
        return "nothing"
    said = member(answer.data, "error", "message")
    return answer.type if said is None else f"{answer.type}: {said}"
