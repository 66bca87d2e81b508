"""The input buffer without turn detection: append, commit, clear, and what is refused."""

from __future__ import annotations

import base64
from typing import Any

from realtime_harness.audio import speech
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.clients.websocket import WebSocketConnection
from realtime_harness.journeys.fence import of_type, until_fence, update_session
from realtime_harness.journeys.voice_turn import Microphone, is_understood, spoken
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_scenarios.audio import checks

_PUSH_TO_TALK: dict[str, Any] = {"input": {"turn_detection": None}}
_COMMITTED = "input_audio_buffer.committed"
_ADDED, _DONE = "conversation.item.added", "conversation.item.done"


@scenario(
    suite="audio",
    checks=[
        checks.APPEND_SILENT,
        checks.COMMITTED,
        checks.COMMIT_ORDER,
        checks.COMMIT_ITEM_ID,
        checks.COMMIT_ITEM,
        checks.COMMIT_PREVIOUS,
        checks.COMMIT_NO_RESPONSE,
        checks.COMMIT_EMPTIES,
        checks.RETRIEVED,
        checks.RETRIEVED_SOUND,
        checks.RETRIEVED_HEARD,
        checks.ITEM_WITH_SOUND,
    ],
)
async def push_to_talk(run: ScenarioRun) -> None:
    """What is appended becomes an item when it is committed, and nothing before or beside."""
    client = await run.websocket()
    await client.expect("session.created")
    await update_session(client, audio=_PUSH_TO_TALK)
    microphone = Microphone(client, run.target)

    start = len(client.events)
    said = await microphone.say("good morning")
    answers = [e for e in await until_fence(client, since=start) if _is_about_input(e)]
    run.check(
        checks.APPEND_SILENT,
        not answers,
        f"expected nothing, got {', '.join(e.type for e in answers)}",
        evidence=answers[0] if answers else None,
    )

    first = await _commit(run, client, behind=None)
    refused = await _refusal_of_commit(client)
    run.check(
        checks.COMMIT_EMPTIES,
        bool(refused),
        "expected the second commit to be refused, as the buffer is empty",
    )
    await microphone.say("and good night")
    await _commit(run, client, behind=first)
    if first is not None:
        await _retrieve(run, client, first, said.text)
    await _create_item(run, client)


async def _commit(
    run: ScenarioRun, client: WebSocketConnection, *, behind: str | None
) -> str | None:
    """Commit, judge what comes of it, and return the id of the item."""
    start = len(client.events)
    await client.send({"type": "input_audio_buffer.commit"})
    events = await until_fence(client, since=start, awaiting=[_COMMITTED, _ADDED, _DONE])
    # Whatever is said to it, if anything is, is judged as a response that nobody asked for.
    about = [e for e in events if member(e.data, "item", "role") != "assistant"]
    committed, added = of_type(about, _COMMITTED), of_type(about, _ADDED)
    kinds = [event.type for event in of_type(about, _COMMITTED, _ADDED, _DONE)]
    run.check(checks.COMMITTED, bool(committed), f"expected {_COMMITTED}, got {kinds}")
    if committed:
        run.check(
            checks.COMMIT_ORDER,
            kinds == [_COMMITTED, _ADDED, _DONE],
            f"expected committed, added and done, got {', '.join(kinds)}",
            evidence=committed[0],
        )
    responses = of_type(events, "response.created")
    run.check(
        checks.COMMIT_NO_RESPONSE,
        not responses,
        "expected no response, as nobody asked for one",
        evidence=responses[0] if responses else None,
    )
    if not added or not committed:
        return None
    item, named = member(added[0].data, "item", "id"), committed[0].data.get("item_id")
    run.check(
        checks.COMMIT_ITEM_ID,
        item == named,
        f"expected the item {named}, got {item}",
        evidence=added[0],
    )
    previous = committed[0].data.get("previous_item_id")
    run.check(
        checks.COMMIT_PREVIOUS,
        previous == added[0].data.get("previous_item_id")
        and (previous is None) is (behind is None),
        f"expected a predecessor such as {behind}, got {previous} in {_COMMITTED} and "
        f"{added[0].data.get('previous_item_id')} in {_ADDED}",
        evidence=committed[0],
    )
    for event in of_type(about, _ADDED, _DONE):
        found = _described(event.data.get("item"))
        run.check(
            checks.COMMIT_ITEM,
            found == _SPOKEN,
            f"expected {_SPOKEN}, got {found} in {event.type}",
            evidence=event,
        )
    return str(item)


_SPOKEN = {
    "type": "message",
    "role": "user",
    "status": "completed",
    "content": [("input_audio", None)],
}


def _described(item: Any) -> dict[str, Any]:
    content = member({"item": item}, "item", "content") or []
    return {
        **{name: member({"item": item}, "item", name) for name in ("type", "role", "status")},
        "content": [
            (member({"part": part}, "part", "type"), member({"part": part}, "part", "transcript"))
            for part in content
        ],
    }


async def _retrieve(run: ScenarioRun, client: WebSocketConnection, item: str, said: str) -> None:
    """Judge what comes back of an item that was spoken."""
    await client.send({"type": "conversation.item.retrieve", "item_id": item})
    with run.judging(checks.RETRIEVED):
        answer = await client.expect("conversation.item.retrieved", "error")
        run.check(
            checks.RETRIEVED,
            member(answer.data, "item", "id") == item,
            f"expected {item} to be retrieved, got {answer.type}",
            evidence=answer,
        )
        sound = _decoded(member(answer.data, "item", "content", 0, "audio"))
        run.check(
            checks.RETRIEVED_SOUND,
            bool(sound),
            "expected base64 in item.content[0].audio",
            evidence=answer,
        )
        if not is_understood(run.target):
            run.not_applicable(checks.RETRIEVED_HEARD, "its sound cannot be read")
        elif sound:
            words = speech.decode(sound)
            run.check(
                checks.RETRIEVED_HEARD,
                words == said,
                f"expected to hear {said!r}, heard {words!r}",
                evidence=answer,
            )


async def _create_item(run: ScenarioRun, client: WebSocketConnection) -> None:
    """Judge that a message may be created with sound in it."""
    sound = base64.b64encode(spoken(run.target, "good afternoon")).decode()
    item = {
        "id": "item_of_sound",
        "type": "message",
        "role": "user",
        "content": [{"type": "input_audio", "audio": sound}],
    }
    await client.send({"type": "conversation.item.create", "event_id": "adds_sound", "item": item})
    with run.judging(checks.ITEM_WITH_SOUND):
        added = await client.expect(
            _ADDED,
            "error",
            where=lambda e: e["type"] == _ADDED or member(e, "error", "event_id") == "adds_sound",
        )
        found = member(added.data, "item", "content", 0, "type") or added.type
        run.check(
            checks.ITEM_WITH_SOUND,
            found == "input_audio",
            f"expected an item with input_audio, got {found}",
            evidence=added,
        )


@scenario(
    suite="audio",
    checks=[
        checks.EMPTY_REFUSED,
        checks.EMPTY_CODE,
        checks.SHORT_REFUSED,
        checks.REFUSED_ADDS_NOTHING,
        checks.CLEARED,
        checks.CLEAR_EMPTIES,
        checks.BAD_BASE64,
        checks.BAD_BASE64_APART,
        checks.ODD_BYTES,
    ],
)
async def nothing_to_commit(run: ScenarioRun) -> None:
    """What is too little to be an item is refused, and what is no sound is left out."""
    client = await run.websocket()
    await client.expect("session.created")
    await update_session(client, audio=_PUSH_TO_TALK)
    microphone = Microphone(client, run.target)
    start = len(client.events)

    refused = await _refusal_of_commit(client)
    run.check(checks.EMPTY_REFUSED, bool(refused), "expected an error, got none")
    if refused:
        code = member(refused[0].data, "error", "code")
        run.check(
            checks.EMPTY_CODE,
            code == "input_audio_buffer_commit_empty",
            f"expected input_audio_buffer_commit_empty, got {code}",
            evidence=refused[0],
        )
    await microphone.silence(60)
    refused = await _refusal_of_commit(client)
    run.check(checks.SHORT_REFUSED, bool(refused), "expected an error for 60 ms, got none")

    await microphone.say("no")
    await client.send({"type": "input_audio_buffer.clear"})
    events = await until_fence(client, awaiting=["input_audio_buffer.cleared"])
    cleared = of_type(client.events[start:], "input_audio_buffer.cleared")
    seen = ", ".join(event.type for event in events) or "nothing"
    run.check(checks.CLEARED, bool(cleared), f"expected input_audio_buffer.cleared, got {seen}")
    refused = await _refusal_of_commit(client)
    run.check(
        checks.CLEAR_EMPTIES, bool(refused), "expected the commit behind the clear to be refused"
    )
    added = of_type(client.events[start:], _ADDED)
    run.check(
        checks.REFUSED_ADDS_NOTHING,
        not added,
        "expected no item of what was refused",
        evidence=added[0] if added else None,
    )

    await _spoil(run, client, microphone)


async def _spoil(run: ScenarioRun, client: WebSocketConnection, microphone: Microphone) -> None:
    """Append what is no sound between what is, and judge what becomes of it."""
    await microphone.silence(200)
    start = len(client.events)
    await client.send({"type": "input_audio_buffer.append", "audio": "no*base*64"}, valid=False)
    events = await until_fence(client, since=start, awaiting=["error"])
    errors = of_type(events, "error")
    run.check(checks.BAD_BASE64, bool(errors), "expected an error, got none")
    await microphone.silence(200)
    start = len(client.events)
    await client.send({"type": "input_audio_buffer.commit"})
    events = await until_fence(client, since=start, awaiting=[_COMMITTED])
    run.check(
        checks.BAD_BASE64_APART,
        bool(of_type(events, _COMMITTED)) and not of_type(events, "error"),
        "expected the 400 ms around it to be committed, got "
        + (", ".join(event.type for event in events) or "nothing"),
    )

    start = len(client.events)
    await client.send(
        {"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(9_601)).decode()}
    )
    events = await until_fence(client, since=start)
    errors = of_type(events, "error")
    what = member(errors[0].data, "error", "message") if errors else "no error"
    run.observe(checks.ODD_BYTES, f"9601 bytes of PCM16: {what}")


async def _refusal_of_commit(client: WebSocketConnection) -> list[ReceivedEvent]:
    """Commit, and return the errors that come of it, or nothing if it is committed."""
    start = len(client.events)
    await client.send({"type": "input_audio_buffer.commit"})
    events = await until_fence(client, since=start)
    return of_type(events, "error")


def _is_about_input(event: ReceivedEvent) -> bool:
    return event.type == "error" or event.type.startswith("input_audio_buffer.")


def _decoded(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except ValueError:
        return b""
