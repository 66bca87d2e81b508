"""Interrupting the assistant while it speaks.

A response has to be in progress for that, which a fake's are for an instant only. So a fake is told
to begin a story when it is asked for one, and not to come to its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.errors import TargetViolation
from realtime_harness.run import ScenarioRun

__all__ = ["STORY_RULES", "Story", "ask_for_a_story", "have_stories", "wait_for_end"]

_REQUEST = "Tell me a very long story, and do not stop before it is over."
_STORY = "Once upon a time there was a teller of stories who never came to the end of one."

STORY_RULES: list[dict[str, Any]] = [
    {"when": {"text": "long story"}, "say": _STORY, "stall": True},
]
"""Rules by which a fake tells a story that does not end by itself, when it is asked for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A spoken response that is in progress."""

    response_id: str
    created: ReceivedEvent


async def have_stories(run: ScenarioRun) -> None:
    """See to it that an answer can be interrupted. Comes before anything is opened.

    A fake is left for a service of its own, where it answers a request for a story with one that
    does not end by itself. Others tell long ones anyway.
    """
    if run.control is not None:
        control = await run.enter_virtual_time()
        await control.script(STORY_RULES)


async def ask_for_a_story(connection: EventConnection) -> Story:
    """Ask for a story, and return when it has begun.

    Raises:
        EventNotReceived: if it does not begin.
        ConnectionLost: if the connection closes.
        TargetViolation: if it is refused.

    """
    item = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": _REQUEST}],
    }
    await connection.send({"type": "conversation.item.create", "item": item})
    await connection.send({"type": "response.create", "response": {"output_modalities": ["audio"]}})
    created = await connection.expect("response.created", "error")
    response_id = member(created.data, "response", "id")
    if not isinstance(response_id, str):
        raise TargetViolation(f"expected a response, got {created.data.get('error')}")
    await connection.expect(
        "response.content_part.added", where=lambda event: event.get("response_id") == response_id
    )
    return Story(response_id=response_id, created=created)


async def wait_for_end(connection: EventConnection, story: Story) -> ReceivedEvent:
    """Return the ``response.done`` of a story, whatever it was received behind.

    Raises:
        EventNotReceived: if it does not come.
        ConnectionLost: if the connection closes.

    """
    for event in connection.events:
        if _is_end(event.data, story):
            return event
    return await connection.expect("response.done", where=lambda data: _is_end(data, story))


def _is_end(data: dict[str, object], story: Story) -> bool:
    return data.get("type") == "response.done" and (
        member(data, "response", "id") == story.response_id
    )
