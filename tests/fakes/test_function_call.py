from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest

from realtime_fakes.brain import Answer, Call, EchoBrain, Output, Say, Turn

OpenStage = Any
Event = dict[str, Any]
Message = Callable[..., Event]

RESPOND: Event = {"type": "response.create"}
WEATHER: Event = {
    "type": "function",
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
        "required": ["city"],
    },
}
CLOCK: Event = {"type": "function", "name": "get_time"}

CALL = [
    "response.output_item.added",
    "conversation.item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "conversation.item.done",
    "response.output_item.done",
]
END = ["response.done", "rate_limits.updated"]


class Caller(EchoBrain):
    """Answers with what it was made with, and echoes when a tool has answered."""

    def __init__(self, *output: Output) -> None:
        self.output = output
        self.turns: list[Turn] = []

    def answer(self, turn: Turn) -> Answer:
        self.turns.append(turn)
        return super().answer(turn) if turn.tool_outputs else Answer(self.output)


def kinds(events: list[Event]) -> list[str]:
    return [kind for kind, _ in groupby(event["type"] for event in events)]


def first(events: list[Event], kind: str) -> Event:
    return next(event for event in events if event["type"] == kind)


def respond(**response: Any) -> Event:
    return {"type": "response.create", "response": response}


def output(call_id: str, said: str = "12 degrees") -> Event:
    item = {"type": "function_call_output", "call_id": call_id, "output": said}
    return {"type": "conversation.item.create", "item": item}


def calls(events: list[Event]) -> list[tuple[str, Any]]:
    done = first(events, "response.done")["response"]["output"]
    return [
        (item["name"], json.loads(item["arguments"]))
        for item in done
        if item["type"] == "function_call"
    ]


def said(events: list[Event]) -> str:
    return str(first(events, "response.output_text.done")["text"])


def test_a_call_streams_its_arguments(open_stage: OpenStage, message: Message) -> None:
    arguments = '{  \n "city": "New York"\n}'
    stage = open_stage(brain=Caller(Call("get_weather", arguments)))
    answered = stage.send(message("weather?"), RESPOND)[2:]
    assert kinds(answered) == ["response.created", *CALL, *END]
    added = first(answered, "response.output_item.added")["item"]
    assert (added["status"], added["arguments"]) == ("in_progress", "")
    assert re.fullmatch(r"call_[A-Za-z0-9]{16}", added["call_id"])
    deltas = [e for e in answered if e["type"].endswith("arguments.delta")]
    assert len(deltas) > 3
    assert {e["call_id"] for e in deltas} == {added["call_id"]}
    assert all((len(e["delta"]) + len(e["obfuscation"])) % 16 == 0 for e in deltas)
    done = first(answered, "response.function_call_arguments.done")
    assert "".join(e["delta"] for e in deltas) == done["arguments"] == arguments
    assert done["name"] == "get_weather"
    item = {**added, "status": "completed", "arguments": arguments}
    assert first(answered, "response.done")["response"]["output"] == [item]


def test_several_calls_follow_each_other(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(brain=Caller(Say("Let me look."), Call("a"), Call("b")))
    answered = stage.send(message("both"), RESPOND)[2:]
    assert kinds(answered)[-14:] == [*CALL, *CALL, *END]
    indices = [e["output_index"] for e in answered if e["type"] == "response.output_item.done"]
    assert indices == [0, 1, 2]
    done = first(answered, "response.done")["response"]
    assert [item["type"] for item in done["output"]] == [
        "message",
        "function_call",
        "function_call",
    ]
    assert all("phase" not in item for item in done["output"])
    usage = done["usage"]
    assert usage["output_tokens"] == sum(usage["output_token_details"].values())


def test_newer_models_name_the_phase_and_overlap_items(
    open_stage: OpenStage, message: Message
) -> None:
    stage = open_stage(
        brain=Caller(Say("Let me look."), Call("get_weather")), model="gpt-realtime-2.1"
    )
    answered = stage.send(message("weather?"), RESPOND)
    done = first(answered, "response.done")["response"]["output"]
    assert [item.get("phase") for item in done] == ["commentary", None]
    order = [(e["type"], e["output_index"]) for e in answered if "output_item" in e["type"]]
    assert order == [
        ("response.output_item.added", 0),
        ("response.output_item.added", 1),
        ("response.output_item.done", 0),
        ("response.output_item.done", 1),
    ]
    final = stage.send(output(done[1]["call_id"]), RESPOND)
    (item,) = first(final, "response.done")["response"]["output"]
    assert item["phase"] == "final_answer"


def test_what_a_tool_returns_is_answered(open_stage: OpenStage, message: Message) -> None:
    brain = Caller(Call("get_weather"), Call("get_time"))
    stage = open_stage(brain=brain)
    done = first(stage.send(message("both"), RESPOND), "response.done")["response"]["output"]
    answered = stage.send(
        output(done[1]["call_id"], "noon"), output(done[0]["call_id"], "12 degrees"), RESPOND
    )
    assert "status" not in answered[0]["item"]
    assert said(answered) == "The tool said: noon; 12 degrees"
    turn = brain.turns[-1]
    assert [turn.called(item["call_id"]) for item in turn.tool_outputs] == [
        "get_time",
        "get_weather",
    ]
    # What was answered is not answered again.
    stage.send(message("and now?"), RESPOND)
    assert brain.turns[-1].tool_outputs == []


def test_an_early_output_waits_for_its_response(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(brain=Caller(Call("get_weather", "{}")))
    stage.change(delta_interval_s=0.5)
    added = first(stage.send(message("weather?"), RESPOND), "response.output_item.added")
    early = output(added["item"]["call_id"])
    early["item"]["id"] = "mine"
    assert stage.send(early) == []
    (error,) = stage.send(early)
    assert error["error"]["code"] == "item_create_duplicate_item_id"
    (error,) = stage.send(RESPOND)
    assert error["error"]["code"] == "conversation_already_has_active_response"
    assert kinds(stage.advance(5))[-4:] == [
        "response.done",
        "rate_limits.updated",
        "conversation.item.added",
        "conversation.item.done",
    ]
    stage.send(RESPOND)
    stage.advance(5)
    assert stage.received["client"][-2]["response"]["output"][0]["type"] == "message"


def test_an_output_needs_its_call(open_stage: OpenStage) -> None:
    stage = open_stage()
    (error,) = stage.send(output("call_0"))
    assert error["error"]["code"] == "invalid_tool_call_id"
    assert error["error"]["message"] == "Tool call ID 'call_0' not found in conversation."
    stage.change(check_call_ids=False)
    assert kinds(stage.send(output("call_0"))) == [
        "conversation.item.added",
        "conversation.item.done",
    ]


def test_a_call_may_be_cut_off(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(brain=Caller(Call("get_weather", '{"city": "Rome"}')))
    stage.change(delta_interval_s=0.5)
    stage.send(message("weather?"), RESPOND)
    answered = stage.send({"type": "response.cancel"})
    assert kinds(answered) == [*CALL[3:], *END]
    (item,) = first(answered, "response.done")["response"]["output"]
    assert item["status"] == "incomplete"
    assert item["arguments"] == '{"'


def test_calls_count_against_the_limit(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(
        brain=Caller(Say("one two"), Call("a", '{"b": 1, "c": 2, "d": 3}'), Call("e"))
    )
    answered = stage.send(message("x"), respond(max_output_tokens=8))
    done = first(answered, "response.done")["response"]
    assert done["status"] == "incomplete"
    assert [item["status"] for item in done["output"]] == ["completed", "incomplete"]
    assert done["usage"]["output_tokens"] <= 8


@pytest.mark.parametrize(
    ("text", "asked", "made"),
    [
        pytest.param('call get_weather {"city": "Rome"}', {}, [{"city": "Rome"}], id="arguments"),
        pytest.param("please call get_weather now", {}, [{"city": ""}], id="made-up"),
        pytest.param(
            'call get_weather {"city": "call get_weather"} and call get_weather {"city": "B"}',
            {},
            [{"city": "call get_weather"}, {"city": "B"}],
            id="several",
        ),
        pytest.param(
            'call get_weather {"city": "A"} call get_weather {"city": "B"}',
            {"parallel_tool_calls": False},
            [{"city": "A"}],
            id="one-at-a-time",
        ),
        pytest.param("call get_weather {nonsense", {}, [], id="no-json"),
        pytest.param("call nobody", {}, [], id="not-offered"),
        pytest.param("call get_weather", {"tool_choice": "none"}, [], id="forbidden"),
        pytest.param("hello", {"tool_choice": "required"}, [{"city": ""}], id="required"),
        pytest.param("call get_weather", {"tools": []}, [], id="none-in-this-response"),
        pytest.param(
            "hello",
            {"tool_choice": {"type": "function", "name": "get_weather"}},
            [{"city": ""}],
            id="this-one",
        ),
    ],
)
def test_the_echo_calls_what_it_is_told_to(
    open_stage: OpenStage, message: Message, text: str, asked: Event, made: list[Any]
) -> None:
    stage = open_stage(tools=[WEATHER, CLOCK], model="gpt-realtime-2.1")
    answered = stage.send(message(text), respond(**asked))
    assert calls(answered) == [("get_weather", arguments) for arguments in made]


def test_tools_of_a_response_take_the_place_of_the_session_s(
    open_stage: OpenStage, message: Message
) -> None:
    stage = open_stage(tools=[WEATHER])
    answered = stage.send(message("call get_time"), respond(tools=[CLOCK]))
    assert calls(answered) == [("get_time", {})]
