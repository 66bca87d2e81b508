from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest

from realtime_fakes.brain import Answer, Call, EchoBrain, Failure, RateLimit, Say, Turn
from realtime_fakes.script_files import FixedScript
from realtime_fakes.script_rules import FAILURES
from realtime_fakes.scripts import Script, ScriptBrain, ScriptError
from realtime_harness.audio import speech

OpenStage = Any
Event = dict[str, Any]
Message = Callable[..., Event]
Rule = dict[str, Any]

RESPOND: Event = {"type": "response.create"}
ITEMS = [{"type": "function_call", "name": "get_weather", "call_id": "call_1"}]
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "12 degrees"}


def turn(text: str = "", **more: Any) -> Turn:
    return Turn(**{"text": text, "modality": "text", "instructions": "", "items": ITEMS, **more})


def answer(rules: list[Any], to: Turn) -> Answer:
    return Script(rules).answer(to, EchoBrain())


@pytest.mark.parametrize(
    ("when", "holds", "fails"),
    [
        pytest.param({"text": "hel"}, turn("Hello"), turn("bye"), id="text"),
        pytest.param({"transcript": "hi"}, turn(transcript="Hi"), turn("hi"), id="transcript"),
        pytest.param({"regex": r"^\w+$"}, turn("hello"), turn("two words"), id="regex"),
        pytest.param({"turn": 2}, turn(number=2), turn(number=1), id="turn"),
        pytest.param({"turn": [2, 4]}, turn(number=4), turn(number=3), id="turns"),
        pytest.param({"tool_output": {}}, turn(tool_outputs=[OUTPUT]), turn("x"), id="tool-output"),
        pytest.param(
            {"tool_output": "DEGREES"},
            turn(tool_outputs=[OUTPUT]),
            turn(tool_outputs=[{**OUTPUT, "output": "rain"}]),
            id="tool-output-text",
        ),
        pytest.param(
            {"tool_output": {"tool": "get_weather"}},
            turn(tool_outputs=[OUTPUT]),
            turn(tool_outputs=[{**OUTPUT, "call_id": "call_2"}]),
            id="tool-output-of",
        ),
        pytest.param(
            {"tool_output": {"regex": r"^\d+"}},
            turn(tool_outputs=[OUTPUT]),
            turn(tool_outputs=[{**OUTPUT, "output": "rain"}]),
            id="tool-output-regex",
        ),
        pytest.param({"instructions": "brief"}, turn(instructions="Be brief."), turn(), id="instr"),
        pytest.param(
            {"metadata": {"a": "b"}},
            turn(metadata={"a": "b", "c": "d"}),
            turn(metadata={"a": "x"}),
            id="metadata",
        ),
        pytest.param({"metadata": {"a": "b"}}, turn(metadata={"a": "b"}), turn(), id="no-metadata"),
        pytest.param({"modality": "audio"}, turn(modality="audio"), turn(), id="modality"),
        pytest.param({"tool": "f"}, turn(tools=[{"name": "f"}]), turn(), id="tool"),
        pytest.param(
            {"text": "a", "turn": 2}, turn("a", number=2), turn("a", number=1), id="all-of-them"
        ),
        pytest.param({}, turn(tool_outputs=[OUTPUT]), None, id="nothing"),
    ],
)
def test_conditions(when: Rule, holds: Turn, fails: Turn | None) -> None:
    rules = [{"when": when, "say": "yes"}, {"say": "no"}]
    assert answer(rules, holds).output == (Say("yes"),)
    if fails is not None:
        assert answer(rules, fails).output == (Say("no"),)


@pytest.mark.parametrize("when", [{"text": "w"}, {"regex": "w"}, {"transcript": "w"}])
def test_words_are_answered_once_and_not_again_when_a_tool_returns(when: Rule) -> None:
    rules = [{"when": when, "call": {"get_weather": {}}}]
    asked = turn("weather", transcript="weather")
    assert answer(rules, asked).output == (Call("get_weather", "{}"),)
    asked.tool_outputs = [OUTPUT]
    assert answer(rules, asked).output == (Say("The tool said: 12 degrees"),)


@pytest.mark.parametrize(
    ("rule", "output"),
    [
        pytest.param({"say": "{text} {turn}"}, (Say("a b 1"),), id="say"),
        pytest.param({"say": ["one", "two"]}, (Say("one"), Say("two")), id="say-two"),
        pytest.param({"say": "{{text}}"}, (Say("{text}"),), id="braces"),
        pytest.param(
            {"when": {"regex": r"(?P<first>\w)"}, "call": {"f": {"x": ["{first}", 1, {"y": "z"}]}}},
            (Call("f", '{"x": ["a", 1, {"y": "z"}]}'),),
            id="call",
        ),
        pytest.param({"call": {"f": "{ not json"}}, (Call("f", "{ not json"),), id="verbatim"),
        pytest.param(
            {"say": "so", "call": {"f": {}, "g": {}}},
            (Say("so"), Call("f", "{}"), Call("g", "{}")),
            id="say-and-calls",
        ),
        pytest.param(
            {"call": [{"f": {"n": 1}}, {"f": {"n": 2}}]},
            (Call("f", '{"n": 1}'), Call("f", '{"n": 2}')),
            id="twice-the-same",
        ),
        pytest.param({"silent": True}, (), id="silent"),
        pytest.param({"fail": "server_error"}, (), id="fail"),
        pytest.param({"stall": True}, (), id="stall"),
        pytest.param({"drop": True}, (), id="drop"),
        pytest.param({"delay": 1}, (Say("You said: a b"),), id="delay"),
        pytest.param({"lead": "300ms"}, (Say("You said: a b", 0.3),), id="lead"),
        pytest.param(
            {"say": ["a", "b"], "lead": 1}, (Say("a", 1.0), Say("b")), id="lead-of-the-first"
        ),
    ],
)
def test_actions_that_say(rule: Rule, output: tuple[Any, ...]) -> None:
    assert tuple(answer([rule], turn("a b")).output) == output


@pytest.mark.parametrize(
    ("rule", "course"),
    [
        *(
            pytest.param({"fail": name}, {"failure": failure}, id=name)
            for name, failure in FAILURES.items()
        ),
        pytest.param(
            {"fail": {"message": "no", "code": "x"}},
            {"failure": Failure("server_error", "x", "no")},
            id="fail",
        ),
        pytest.param({"error": "server_error"}, {"error": FAILURES["server_error"]}, id="error"),
        pytest.param({"incomplete": "content_filter"}, {"incomplete": "content_filter"}, id="cut"),
        pytest.param({"delay": "250ms"}, {"delay_s": 0.25}, id="delay"),
        pytest.param({"delta_interval": "1.5s"}, {"delta_interval_s": 1.5}, id="delta-interval"),
        pytest.param(
            {"rate_limit": {"reset_seconds": 2}},
            {"rate_limit": RateLimit(15_000_000, 0, 2)},
            id="rate-limit",
        ),
        pytest.param({"stall": True}, {"stalls": True}, id="stall"),
        pytest.param({"drop": True}, {"drops": True}, id="drop"),
    ],
)
def test_actions_that_steer(rule: Rule, course: dict[str, Any]) -> None:
    found = answer([rule], turn()).course
    assert {name: getattr(found, name) for name in course} == course


def test_the_first_rule_that_holds_decides_and_the_echo_is_the_last() -> None:
    rules = [{"when": {"text": "a"}, "say": "one"}, {"when": {"text": "b"}, "say": "two"}]
    assert answer(rules, turn("a b")).output == (Say("one"),)
    assert answer(rules, turn("b")).output == (Say("two"),)
    assert answer(rules, turn("c")).output == (Say("You said: c"),)


def test_a_rule_may_be_a_function() -> None:
    def shout(turn: Turn) -> Answer | None:
        return Answer((Say(turn.text.upper()),)) if turn.text else None

    assert answer([shout, {"say": "nothing"}], turn("hey")).output == (Say("HEY"),)
    assert answer([shout, {"say": "nothing"}], turn()).output == (Say("nothing"),)


@pytest.mark.parametrize(
    ("rule", "path", "told"),
    [
        pytest.param({"sya": "x"}, "rules[0].sya", "Did you mean 'say'?", id="unknown-action"),
        pytest.param(
            {"when": {"txt": "x"}, "say": "y"},
            "rules[0].when.txt",
            "'text'",
            id="unknown-condition",
        ),
        pytest.param({"when": {}}, "rules[0]", "Add one of: say, call", id="no-action"),
        pytest.param({"say": 1}, "rules[0].say", "a string or an array", id="type"),
        pytest.param({"say": "{city}"}, "rules[0].say", "there is no {city}", id="template"),
        pytest.param({"say": "{"}, "rules[0].say", "a brace that is meant", id="brace"),
        pytest.param({"say": "{text.upper}"}, "rules[0].say", "there is no", id="attribute"),
        pytest.param(
            {"call": {"f": {"x": "{y}"}}}, "rules[0].call[0].f", "there is no {y}", id="argument"
        ),
        pytest.param(
            {"when": {"regex": "("}, "say": "x"},
            "rules[0].when.regex",
            "not a regular expression",
            id="regex",
        ),
        pytest.param({"delay": "soon"}, "rules[0].delay", "such as 250ms", id="time"),
        pytest.param({"delay": -1}, "rules[0].delay", "such as 250ms", id="negative"),
        pytest.param({"lead": 61}, "rules[0].lead", "60 seconds at most", id="long-lead"),
        pytest.param({"fail": "quota"}, "rules[0].fail", "'insufficient_quota'", id="failure"),
        pytest.param({"silent": False}, "rules[0].silent", "leave it out", id="false"),
        pytest.param({"silent": True, "say": "x"}, "rules[0].silent", "Remove one", id="both"),
        pytest.param("hello", "rules[0]", "an object", id="no-rule"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_place(rule: Any, path: str, told: str) -> None:
    with pytest.raises(ScriptError) as refused:
        Script([rule], source="mine")
    assert refused.value.path == path
    assert str(refused.value).startswith("mine: ")
    assert path in str(refused.value)
    assert told in str(refused.value)


# In a session


@pytest.fixture
def scripted(open_stage: OpenStage) -> Callable[..., Any]:
    """Return a function that opens a session that follows rules."""

    def scripted(*rules: Rule, **asked: Any) -> Any:
        brain = ScriptBrain()
        brain.source = FixedScript(Script(rules))
        return open_stage(brain=brain, **asked)

    return scripted


def last(stage: Any, kind: str) -> Event:
    return next(event for event in reversed(stage.received["client"]) if event["type"] == kind)


def test_a_response_that_fails_costs_nothing(scripted: Any, message: Message) -> None:
    stage = scripted({"fail": "insufficient_quota"})
    answered = stage.send(message("x"), RESPOND)[2:]
    assert [event["type"] for event in answered] == [
        "response.created",
        "response.done",
        "rate_limits.updated",
    ]
    done = answered[1]["response"]
    assert done["status"] == "failed"
    assert done["output"] == []
    assert done["status_details"] == {
        "type": "failed",
        "error": {
            "type": "insufficient_quota",
            "code": "insufficient_quota",
            "message": FAILURES["insufficient_quota"].message,
        },
    }
    assert done["usage"]["total_tokens"] == done["usage"]["input_tokens"] == 0


def test_a_response_may_fail_behind_what_it_says(scripted: Any, message: Message) -> None:
    stage = scripted({"say": "Well", "fail": "server_error"})
    stage.send(message("x"), RESPOND)
    done = last(stage, "response.done")["response"]
    assert done["status"] == "failed"
    assert [item["status"] for item in done["output"]] == ["incomplete"]


@pytest.mark.parametrize("more", [{}, {"silent": True}, {"stall": True}], ids=str)
def test_an_error_comes_once_amid_a_response(
    scripted: Any, message: Message, more: dict[str, Any]
) -> None:
    stage = scripted({"error": {"message": "Oops", "code": "x"}, **more})
    answered = stage.send(message("x"), RESPOND)
    (error,) = [event["error"] for event in answered if event["type"] == "error"]
    assert (error["type"], error["code"], error["message"]) == ("server_error", "x", "Oops")
    assert [e["type"] for e in answered].count("response.done") == ("stall" not in more)


def test_silence_is_a_completed_response_without_items(scripted: Any, message: Message) -> None:
    stage = scripted({"silent": True})
    stage.send(message("x"), RESPOND)
    done = last(stage, "response.done")["response"]
    assert (done["status"], done["output"]) == ("completed", [])


def test_a_response_may_be_filtered(scripted: Any, message: Message) -> None:
    stage = scripted({"say": "Well", "incomplete": "content_filter"})
    stage.send(message("x"), RESPOND)
    done = last(stage, "response.done")["response"]
    assert done["status_details"] == {"type": "incomplete", "reason": "content_filter"}


def test_rate_limits_may_be_told(scripted: Any, message: Message) -> None:
    stage = scripted({"rate_limit": {"limit": 100, "remaining": 0, "reset_seconds": 12}})
    stage.send(message("x"), RESPOND)
    assert last(stage, "rate_limits.updated")["rate_limits"] == [
        {"name": "tokens", "limit": 100, "remaining": 0, "reset_seconds": 12.0}
    ]


def test_output_may_come_late(scripted: Any, message: Message) -> None:
    stage = scripted({"say": "one two", "delay": 2, "delta_interval": "500ms"})
    assert stage.send(message("x"), RESPOND)[-1]["type"] == "response.created"
    assert stage.advance(1.9) == []
    assert stage.advance(0.1)[-1]["delta"] == "one"
    assert stage.advance(0.5)[-1]["delta"] == " two"
    assert stage.advance(0.5)[-2]["type"] == "response.done"


def test_sound_may_begin_with_silence(scripted: Any, message: Message) -> None:
    stage = scripted({"say": "one", "lead": "300ms"})
    spoken = {"type": "response.create", "response": {"output_modalities": ["audio"]}}
    events = stage.send(message("x"), spoken)
    sound = b"".join(
        b64decode(event["delta"])
        for event in events
        if event["type"] == "response.output_audio.delta"
    )
    assert sound == bytes(48 * 300) + speech.encode("one")


def test_a_response_that_stalls_can_be_cancelled(scripted: Any, message: Message) -> None:
    stage = scripted({"say": "one", "stall": True})
    answered = stage.send(message("x"), RESPOND)
    assert answered[-1]["type"] == "response.output_text.delta"
    assert stage.advance(600) == []
    stage.send({"type": "response.cancel"})
    assert last(stage, "response.done")["response"]["status"] == "cancelled"


@pytest.mark.parametrize(
    ("rule", "end"),
    [
        ({"drop": True}, "response.created"),
        ({"drop": True, "say": "x"}, "response.output_text.delta"),
    ],
    ids=["at-once", "amid"],
)
def test_the_connection_may_be_lost(scripted: Any, message: Message, rule: Rule, end: str) -> None:
    stage = scripted(rule)
    assert stage.send(message("x"), RESPOND)[-1]["type"] == end
    assert stage.is_cut


def test_turns_are_counted_in_the_session(scripted: Any, message: Message) -> None:
    stage = scripted({"when": {"turn": 2}, "fail": "server_error"})
    statuses = []
    for _ in range(3):
        stage.send(message("x"), RESPOND)
        statuses.append(last(stage, "response.done")["response"]["status"])
    assert statuses == ["completed", "failed", "completed"]
