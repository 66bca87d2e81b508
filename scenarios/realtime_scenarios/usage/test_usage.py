"""What turns in text and in audio cost, and what the endpoint says about its limits."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any, TypeGuard

from realtime_harness.audio import speech
from realtime_harness.checks import Check
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.clients.websocket import WebSocketConnection
from realtime_harness.journeys.exchange import (
    Answer,
    add_item,
    finish,
    message,
    objects,
    respond,
    start,
)
from realtime_harness.journeys.fence import of_type, until_fence
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.usage import checks

_MARK = {"suite": "usage"}
_LIMIT = 16
_LONG = "Please count slowly from one to sixty: one, two, three, four, five, six, and so on. "
_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGA"
    "hKmMIQAAAABJRU5ErkJggg=="
)
_IN, _OUT = "input_token_details", "output_token_details"
_KINDS = (
    (_IN, "text_tokens"),
    (_IN, "audio_tokens"),
    (_IN, "image_tokens"),
    (_OUT, "text_tokens"),
    (_OUT, "audio_tokens"),
)
_CACHE_STEP = 64
_BYTES_PER_S = 48_000
_TOLERANCE = 0.25
"""Of the tokens of a sound: its ends may be trimmed, and a few are added to every message."""


@scenario(
    suite="usage",
    checks=[
        checks.DETAILS,
        checks.TEXT_IN,
        checks.TEXT_OUT,
        checks.NO_AUDIO_IN,
        checks.NO_AUDIO_OUT,
        checks.NO_IMAGE,
        checks.WITHIN_LIMIT,
        checks.HISTORY,
        checks.INSTRUCTIONS,
        checks.DELETED,
        checks.EMPTY_INPUT,
        checks.IMAGE,
        checks.CACHED_STEP,
        checks.CANCELLED,
        checks.LIMIT_NAMES,
        checks.LIMIT_BOUNDS,
        checks.LIMIT_RESET,
        checks.LIMIT_PLACE,
    ],
    needs=[Capability.WEBSOCKET],
)
async def text_costs(run: ScenarioRun) -> None:
    """Turns in text cost text, and what they cost follows from what they see."""
    connection = await run.websocket()
    await connection.expect("session.created")
    question = await add_item(connection, message("user", _LONG.replace("slowly ", "")))
    first = await _text(connection, max_output_tokens=_LIMIT)
    _judge_kinds(run, first)
    spent = first.tokens("output_tokens")
    run.check(
        checks.WITHIN_LIMIT,
        spent is not None and spent <= _LIMIT,
        f"expected at most {_LIMIT}, got {spent}",
        evidence=first.done,
    )
    second = await _text(connection)
    _more(run, checks.HISTORY, first, second)
    instructed = await _text(connection, instructions="You are very kind to everybody. " * 100)
    _more(run, checks.INSTRUCTIONS, second, instructed)
    nothing = await _text(connection, conversation="none", input=[])
    _more(run, checks.EMPTY_INPUT, nothing, second)

    before = await _text(connection, conversation="none")
    await connection.send(
        {"type": "conversation.item.delete", "item_id": str(member(question.data, "item", "id"))}
    )
    after = await _text(connection, conversation="none")
    _more(run, checks.DELETED, after, before)

    image = {"type": "input_image", "image_url": _PIXEL}
    with run.judging(checks.IMAGE):
        await add_item(connection, {"type": "message", "role": "user", "content": [image]})
        _above_zero(run, checks.IMAGE, await _text(connection), _IN, "image_tokens")

    cached = [
        count
        for each in (first, second, instructed, before, after)
        if (count := each.tokens(_IN, "cached_tokens")) is not None
    ]
    run.check(
        checks.CACHED_STEP,
        all(count % _CACHE_STEP == 0 for count in cached),
        f"expected multiples of {_CACHE_STEP}, got {cached}",
    )
    await _see_cancelled(run, connection)
    _judge_limits(run, await _all_events(connection))


@scenario(
    suite="usage",
    checks=[
        checks.SOUND_IN,
        checks.SOUND_IN_RATE,
        checks.SOUND_OUT,
        checks.SOUND_OUT_RATE,
        checks.TRANSCRIPT,
        checks.SOUND_IS_INPUT,
    ],
    needs=[Capability.WEBSOCKET],
)
async def sound_costs(run: ScenarioRun) -> None:
    """Sound costs by its length, whoever makes it."""
    connection = await run.websocket()
    await connection.expect("session.created")
    pcm = speech.encode("What is the weather in Rome, and in Paris, and in Madrid?")
    sound = {"type": "input_audio", "audio": b64encode(pcm).decode()}
    await add_item(connection, {"type": "message", "role": "user", "content": [sound]})
    answer = await respond(connection, output_modalities=["audio"], metadata=_MARK)
    heard = _above_zero(run, checks.SOUND_IN, answer, _IN, "audio_tokens")
    _rate(run, checks.SOUND_IN_RATE, heard, 10 * len(pcm) / _BYTES_PER_S, answer)
    spoken = _above_zero(run, checks.SOUND_OUT, answer, _OUT, "audio_tokens")
    deltas = answer.own("response.output_audio.delta")
    seconds = sum(len(_bytes(event.data.get("delta"))) for event in deltas) / _BYTES_PER_S
    _rate(run, checks.SOUND_OUT_RATE, spoken, 20 * seconds, answer)
    _above_zero(run, checks.TRANSCRIPT, answer, _OUT, "text_tokens")
    later = await _text(connection)
    again = later.tokens(_IN, "audio_tokens")
    run.check(
        checks.SOUND_IS_INPUT,
        again is not None and again > heard,
        f"expected more than the {heard} audio tokens of the user's sound, got {again}",
        evidence=later.done,
    )


async def _text(connection: WebSocketConnection, **response: Any) -> Answer:
    return await respond(connection, output_modalities=["text"], metadata=_MARK, **response)


def _judge_kinds(run: ScenarioRun, answer: Answer) -> None:
    """Judge of which kinds the tokens of a turn in text are."""
    missing = [".".join(path) for path in _KINDS if answer.tokens(*path) is None]
    run.check(
        checks.DETAILS, not missing, f"expected all of them, missed {missing}", evidence=answer.done
    )
    _above_zero(run, checks.TEXT_IN, answer, _IN, "text_tokens")
    _above_zero(run, checks.TEXT_OUT, answer, _OUT, "text_tokens")
    for check, path in (
        (checks.NO_AUDIO_IN, (_IN, "audio_tokens")),
        (checks.NO_AUDIO_OUT, (_OUT, "audio_tokens")),
        (checks.NO_IMAGE, (_IN, "image_tokens")),
    ):
        count = answer.tokens(*path)
        run.check(check, not count, f"expected none, got {count}", evidence=answer.done)


async def _see_cancelled(run: ScenarioRun, connection: WebSocketConnection) -> None:
    await add_item(connection, message("user", _LONG))
    created = await start(connection, output_modalities=["text"])
    await connection.send({"type": "response.cancel"})
    ended = await finish(connection, created)
    usage = ended.response.get("usage")
    run.observe(checks.CANCELLED, f"{ended.status}: {usage}", evidence=ended.done)


async def _all_events(connection: WebSocketConnection) -> list[ReceivedEvent]:
    """Return all that has come; limits are told at once, or a little later."""
    return await until_fence(connection, since=0)


def _judge_limits(run: ScenarioRun, events: list[ReceivedEvent]) -> None:
    updates = of_type(events, "rate_limits.updated")
    if not updates:
        for check in (checks.LIMIT_NAMES, checks.LIMIT_BOUNDS, checks.LIMIT_RESET):
            run.not_applicable(check, "the endpoint does not tell its limits")
        run.observe(checks.LIMIT_PLACE, "it never comes")
        return
    for update in updates:
        for limit in objects(update.data.get("rate_limits")):
            _judge_limit(run, limit, update)
    before = [event.type for event in events if event.seq < updates[0].seq]
    place = "behind" if "response.done" in before else "before"
    run.observe(checks.LIMIT_PLACE, f"the first one came {place} response.done")


def _judge_limit(run: ScenarioRun, limit: dict[str, Any], update: ReceivedEvent) -> None:
    name, most, left = (limit.get(key) for key in ("name", "limit", "remaining"))
    run.check(
        checks.LIMIT_NAMES,
        name in {"requests", "tokens"},
        f"expected requests or tokens, got {name!r}",
        evidence=update,
    )
    run.check(
        checks.LIMIT_BOUNDS,
        _is_number(most) and _is_number(left) and 0 <= left <= most,
        f"expected 0 to {most}, got {left}",
        evidence=update,
    )
    reset = limit.get("reset_seconds")
    run.check(
        checks.LIMIT_RESET,
        _is_number(reset) and reset >= 0,
        f"expected 0 s or more, got {reset}",
        evidence=update,
    )


def _above_zero(run: ScenarioRun, check: Check, answer: Answer, *path: str) -> int:
    count = answer.tokens(*path) or 0
    where = ".".join(path)
    run.check(check, count > 0, f"expected {where} above 0, got {count}", evidence=answer.done)
    return count


def _more(run: ScenarioRun, check: Check, less: Answer, more: Answer) -> None:
    """Judge that the input of one response cost more than that of another."""
    low, high = less.tokens("input_tokens"), more.tokens("input_tokens")
    run.check(
        check,
        low is not None and high is not None and low < high,
        f"expected fewer than {high} input tokens, got {low}",
        evidence=more.done,
    )


def _rate(run: ScenarioRun, check: Check, count: int, expected: float, answer: Answer) -> None:
    run.check(
        check,
        abs(count - expected) <= _TOLERANCE * expected + 2,
        f"expected about {expected:.0f} tokens, got {count}",
        evidence=answer.done,
    )


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bytes(value: Any) -> bytes:
    try:
        return b64decode(value, validate=True)
    except (TypeError, ValueError):
        return b""
