"""A turn in text and one in audio: what a response shows from its beginning to its end."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import member
from realtime_harness.journeys.exchange import (
    Answer,
    add_item,
    expect_or_error,
    message,
    objects,
    respond,
)
from realtime_harness.journeys.fence import update_session
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.responses import checks
from realtime_scenarios.responses.judging import LONG, METADATA, same

_INSTRUCTIONS = "You are brief."
_LIMIT = 900
_ROOM = 16
"""Tokens; no model counts to sixty with so few."""


@scenario(
    suite="responses",
    checks=[
        checks.IN_PROGRESS,
        checks.EMPTY_AT_FIRST,
        checks.COMPLETED,
        checks.NO_DETAILS,
        checks.OUTPUT,
        checks.ITEM_EMPTY_AT_FIRST,
        checks.ITEM_COMPLETED,
        checks.ASSISTANT,
        checks.BEHIND_QUESTION,
        checks.CONVERSATION_ORDER,
        checks.RETRIEVABLE,
        checks.TEXT_ONLY,
        checks.OUTPUT_TEXT,
        checks.METADATA_FIRST,
        checks.METADATA_LAST,
        checks.MODALITIES,
        checks.LIMIT,
        checks.CONVERSATION_ID,
        checks.SESSION_UNCHANGED,
    ],
    needs=[Capability.WEBSOCKET],
)
async def answers_in_text(run: ScenarioRun) -> None:
    """A response in text is what it was asked to be, and leaves the session as it was."""
    connection = await run.websocket()
    await connection.expect("session.created")
    before = await update_session(connection, instructions=_INSTRUCTIONS)
    question = await add_item(connection, message("user", "Say hello."))
    answer = await respond(
        connection,
        output_modalities=["text"],
        instructions="Answer in one word.",
        max_output_tokens=_LIMIT,
        metadata=METADATA,
    )
    _judge_frame(run, answer)
    _judge_items(run, answer, member(question.data, "item", "id"))
    _judge_text(run, answer)
    same(run, checks.METADATA_FIRST, METADATA, _first(answer, "metadata"), answer.created)
    same(run, checks.METADATA_LAST, METADATA, answer.response.get("metadata"), answer.done)
    same(run, checks.MODALITIES, ["text"], answer.response.get("output_modalities"), answer.done)
    same(run, checks.LIMIT, _LIMIT, answer.response.get("max_output_tokens"), answer.done)
    await _judge_retrievable(run, connection, answer)

    after = await update_session(connection)
    kept = ("instructions", "output_modalities", "max_output_tokens")
    was, is_now = ([session.get(name) for name in kept] for session in (before, after))
    same(run, checks.SESSION_UNCHANGED, was, is_now)

    second = await respond(connection, output_modalities=["text"])
    ids = [
        value
        for each in (answer, second)
        for value in (_first(each, "conversation_id"), each.response.get("conversation_id"))
    ]
    run.check(
        checks.CONVERSATION_ID,
        isinstance(ids[0], str) and len(set(map(str, ids))) == 1,
        f"expected one id in all of them, got {ids}",
        evidence=second.done,
    )


@scenario(
    suite="responses",
    checks=[
        checks.AUDIO_PART,
        checks.SOUND,
        checks.OUTPUT_AUDIO,
        checks.TRANSCRIPT,
        checks.NO_TEXT_EVENTS,
        checks.SOUND_NOT_IN_ITEMS,
        checks.SOUND_DONE_FIRST,
    ],
    needs=[Capability.WEBSOCKET],
)
async def answers_in_audio(run: ScenarioRun) -> None:
    """A response in audio has a sound and a transcript, each in its own events."""
    connection = await run.websocket()
    await connection.expect("session.created")
    await add_item(connection, message("user", "Hi"))
    answer = await respond(connection, output_modalities=["audio"], metadata=METADATA)
    parts = answer.own("response.content_part.added", "response.content_part.done")
    kinds = {member(event.data, "part", "type") for event in parts}
    same(run, checks.AUDIO_PART, {"audio"}, kinds, parts[0] if parts else None)
    deltas = answer.own("response.output_audio.delta")
    sound = sum(len(_bytes(event.data.get("delta"))) for event in deltas)
    run.check(checks.SOUND, sound > 0, f"expected sound, got {len(deltas)} deltas with none")
    content = answer.content
    same(run, checks.OUTPUT_AUDIO, {"output_audio"}, {each.get("type") for each in content})
    words = "".join(str(each.get("transcript") or "") for each in content)
    run.check(
        checks.TRANSCRIPT, bool(words), "expected a transcript, got none", evidence=answer.done
    )
    texts = answer.own("response.output_text.delta", "response.output_text.done")
    run.check(
        checks.NO_TEXT_EVENTS,
        not texts,
        f"expected none, got {len(texts)}",
        evidence=texts[0] if texts else None,
    )
    items = answer.about_items("conversation.item.done", "response.output_item.done")
    heard = [
        each
        for each in (*(member(e.data, "part") for e in parts), *content, *_contents(items))
        if isinstance(each, dict) and each.get("audio")
    ]
    run.check(
        checks.SOUND_NOT_IN_ITEMS, not heard, f"expected no sound there, got it {len(heard)} times"
    )
    ends = [
        event.type
        for event in answer.own(
            "response.output_audio.done", "response.output_audio_transcript.done"
        )
    ]
    run.observe(checks.SOUND_DONE_FIRST, f"came as {', '.join(ends) or 'nothing'}")


@scenario(
    suite="responses",
    checks=[checks.INCOMPLETE, checks.INCOMPLETE_REASON, checks.INCOMPLETE_ITEM],
    needs=[Capability.WEBSOCKET],
)
async def is_cut_short(run: ScenarioRun) -> None:
    """A response that has no room for its answer says that it is incomplete, and why."""
    connection = await run.websocket()
    await connection.expect("session.created")
    await add_item(connection, message("user", LONG.replace("slowly ", "")))
    answer = await respond(
        connection, output_modalities=["text"], max_output_tokens=_ROOM, metadata=METADATA
    )
    if answer.status == "completed" and _fits(answer):
        whole = await respond(connection, output_modalities=["text"], metadata=METADATA)
        if _fits(whole):
            for check in (checks.INCOMPLETE, checks.INCOMPLETE_REASON, checks.INCOMPLETE_ITEM):
                run.not_applicable(check, "asked for a long answer, it has a short one")
            return
    same(run, checks.INCOMPLETE, "incomplete", answer.status, answer.done)
    details = answer.response.get("status_details")
    reason = member(answer.response, "status_details", "reason")
    run.check(
        checks.INCOMPLETE_REASON,
        reason == "max_output_tokens",
        f"expected the reason max_output_tokens, got status_details {details}",
        evidence=answer.done,
    )
    statuses = [item.get("status") for item in answer.output]
    run.observe(checks.INCOMPLETE_ITEM, f"status of its items: {statuses}", evidence=answer.done)


def _fits(answer: Answer) -> bool:
    """Return whether an answer may have had room enough: a word is a token at least."""
    text = " ".join(str(part.get("text") or "") for part in answer.content)
    return len(text.split()) <= _ROOM


def _judge_frame(run: ScenarioRun, answer: Answer) -> None:
    """Judge ``response.created`` and ``response.done``."""
    same(run, checks.IN_PROGRESS, "in_progress", _first(answer, "status"), answer.created)
    shown = (_first(answer, "output") or [], _first(answer, "usage"))
    same(run, checks.EMPTY_AT_FIRST, ([], None), shown, answer.created)
    same(run, checks.COMPLETED, "completed", answer.status, answer.done)
    same(run, checks.NO_DETAILS, None, answer.response.get("status_details"), answer.done)
    done = [member(e.data, "item", "id") for e in answer.own("response.output_item.done")]
    listed = [item.get("id") for item in answer.output]
    same(run, checks.OUTPUT, done, listed, answer.done)


def _judge_items(run: ScenarioRun, answer: Answer, question_id: Any) -> None:
    """Judge the items of an answer in text."""
    added = answer.own("response.output_item.added")
    begun = {(member(e.data, "item", "status"), len(_contents([e]))) for e in added}
    same(run, checks.ITEM_EMPTY_AT_FIRST, {("in_progress", 0)}, begun, added[0] if added else None)
    done = answer.own("response.output_item.done")
    ended = {member(e.data, "item", "status") for e in done}
    same(run, checks.ITEM_COMPLETED, {"completed"}, ended, done[0] if done else None)
    kinds = {(item.get("type"), item.get("role")) for item in answer.output}
    same(run, checks.ASSISTANT, {("message", "assistant")}, kinds, answer.done)
    mirrored = answer.about_items("conversation.item.added")
    if mirrored:
        before = mirrored[0].data.get("previous_item_id")
        same(run, checks.BEHIND_QUESTION, question_id, before, mirrored[0])
    else:
        run.check(checks.BEHIND_QUESTION, False, "expected conversation.item.added, got none")
    course = [e.type for e in answer.about_items(*_COURSE)]
    same(run, checks.CONVERSATION_ORDER, list(_COURSE) * len(added), course)


_COURSE = (
    "response.output_item.added",
    "conversation.item.added",
    "conversation.item.done",
    "response.output_item.done",
)


def _judge_text(run: ScenarioRun, answer: Answer) -> None:
    strange = [event for event in answer.events if event.type.startswith("response.output_audio")]
    parts = [member(event.data, "part", "type") for event in answer.own(*_PARTS)]
    run.check(
        checks.TEXT_ONLY,
        not strange and set(parts) == {"text"},
        f"expected parts of type text alone, got {parts} and {[e.type for e in strange]}",
        evidence=strange[0] if strange else None,
    )
    kinds = {part.get("type") for part in answer.content}
    same(run, checks.OUTPUT_TEXT, {"output_text"}, kinds, answer.done)


_PARTS = ("response.content_part.added", "response.content_part.done")


async def _judge_retrievable(run: ScenarioRun, connection: EventConnection, answer: Answer) -> None:
    item = answer.output[0] if answer.output else {}
    with run.judging(checks.RETRIEVABLE):
        await connection.send(
            {"type": "conversation.item.retrieve", "item_id": str(item.get("id"))}
        )
        found = await expect_or_error(connection, "conversation.item.retrieved")
        texts = [part.get("text") for part in _contents([found])]
        said = [event.data.get("text") for event in answer.own("response.output_text.done")]
        same(run, checks.RETRIEVABLE, said, texts, found)


def _first(answer: Answer, name: str) -> Any:
    """Return a member of the response in ``response.created``."""
    return member(answer.created.data, "response", name)


def _contents(events: Any) -> list[dict[str, Any]]:
    return [part for e in events for part in objects(member(e.data, "item", "content"))]


def _bytes(value: Any) -> bytes:
    try:
        return b64decode(value, validate=True)
    except (TypeError, ValueError):
        return b""
