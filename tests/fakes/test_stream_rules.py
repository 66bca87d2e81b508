"""What the fake sends is judged by the harness: two independent readings of the protocol agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realtime_fakes.script_files import FixedScript
from realtime_fakes.scripts import Script, ScriptBrain
from realtime_harness.contract.rules import STREAM_RULES
from realtime_harness.contract.schemas import server_event_errors
from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane

OpenStage = Any
Event = dict[str, Any]
Message = Callable[..., Event]

RESPOND: Event = {"type": "response.create"}
ASIDE: Event = {
    "type": "response.create",
    "response": {"conversation": "none", "input": [], "metadata": {"topic": "aside"}},
}
WEATHER: Event = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}

RULES: dict[str, list[Event]] = {
    "say": [{"say": "Hello."}],
    "several-messages": [{"say": ["One.", "Two."]}],
    "call": [{"when": {"text": "x"}, "call": {"get_weather": {}}}],
    "parallel-calls": [{"when": {"text": "x"}, "call": [{"get_weather": {}}, {"get_weather": {}}]}],
    "words-and-calls": [{"when": {"text": "x"}, "say": "So.", "call": {"get_weather": {"a": 1}}}],
    "silent": [{"silent": True}],
    "fail": [{"fail": "inference_rate_limit_exceeded"}],
    "fail-behind-words": [{"say": "So.", "fail": "server_error"}],
    "incomplete": [{"say": "So.", "incomplete": "content_filter"}],
    "slow": [{"say": "So so.", "delay": 1, "delta_interval": 1}],
}


def converse(stage: Any, events: list[Event]) -> list[Entry]:
    """Send events, answer all calls, and return everything as evidence."""
    entries: list[Entry] = []

    def note(direction: Direction, event: Event) -> None:
        entries.append(
            Entry(
                seq=len(entries),
                t_ns=len(entries),
                lane=Lane.WEBSOCKET,
                connection="client",
                direction=direction,
                kind=Kind.EVENT,
                data=event,
            )
        )

    for event in stage.received["client"]:
        note(Direction.RECEIVED, event)
    pending = list(events)
    while pending:
        event = pending.pop(0)
        note(Direction.SENT, event)
        received = stage.send(event) + stage.advance(20)
        for answer in received:
            note(Direction.RECEIVED, answer)
            output = answer.get("response", {}).get("output", ())
            called = [item for item in output if item["type"] == "function_call"]
            for item in called:
                result = {"type": "function_call_output", "call_id": item["call_id"], "output": "1"}
                pending.append({"type": "conversation.item.create", "item": result})
            if called:
                pending.append(RESPOND)
    return entries


@pytest.mark.parametrize("model", ["gpt-realtime", "gpt-realtime-2.1"])
@pytest.mark.parametrize("modality", ["text", "audio"])
@pytest.mark.parametrize("name", RULES)
def test_no_rule_accuses_the_fake(
    open_stage: OpenStage, message: Message, name: str, modality: str, model: str
) -> None:
    brain = ScriptBrain()
    brain.source = FixedScript(Script(RULES[name]))
    stage = open_stage(brain=brain, model=model, modality=modality, tools=[WEATHER])
    entries = converse(stage, [message("x"), RESPOND, ASIDE])
    received = [entry.data for entry in entries if entry.direction is Direction.RECEIVED]
    assert {event["type"]: server_event_errors(event) for event in received} == {
        event["type"]: [] for event in received
    }
    found = {rule.check.id: rule.judge(entries) for rule in STREAM_RULES}
    assert {check: findings for check, findings in found.items() if findings} == {}
