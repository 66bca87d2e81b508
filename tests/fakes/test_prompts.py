"""Stored prompts: brought by a script, named by sessions and responses."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_fakes.brain import Answer, Say, Turn
from realtime_fakes.errors import ApiError
from realtime_fakes.prompts import recall
from realtime_fakes.script_files import read_script
from realtime_fakes.scripts import Script, ScriptBrain, ScriptError

TEXT = """
prompts:
  pmpt_guide: "You know {{city}}, and {{ city }} only."
  pmpt_two:
    "1": The first.
    "2": The second.
rules: []
"""
SCRIPT = read_script(TEXT, source="test.yaml")
ROME = {"id": "pmpt_guide", "variables": {"city": "Rome"}}


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        pytest.param(ROME, "You know Rome, and Rome only.", id="variable"),
        pytest.param({"id": "pmpt_two"}, "The second.", id="last version"),
        pytest.param({"id": "pmpt_two", "version": "1"}, "The first.", id="version"),
        pytest.param({**ROME, "version": None}, "You know Rome, and Rome only.", id="null"),
        pytest.param(
            {"id": "pmpt_guide", "variables": {"city": {"type": "input_text", "text": "Rome"}}},
            "You know Rome, and Rome only.",
            id="input text",
        ),
        pytest.param(
            {"id": "pmpt_guide", "variables": {"city": {"type": "input_image"}}},
            "You know [input_image], and [input_image] only.",
            id="image",
        ),
    ],
)
def test_a_prompt_is_recalled(prompt: dict[str, Any], text: str) -> None:
    assert recall(SCRIPT.prompts, prompt, "prompt") == text


@pytest.mark.parametrize(
    ("prompt", "code", "param", "message"),
    [
        ({"id": "pmpt_1"}, None, None, "Prompt with id 'pmpt_1' not found."),
        (
            {"id": "pmpt_two", "version": "3"},
            None,
            None,
            "Prompt with id 'pmpt_two' and version '3' not found.",
        ),
        ({"id": "pmpt_guide"}, "missing_required_parameter", "p.variables.city", None),
        (
            {"id": "pmpt_two", "variables": {"city": "Rome"}},
            "unknown_parameter",
            "p.variables.city",
            None,
        ),
    ],
    ids=["id", "version", "missing", "unknown"],
)
def test_a_prompt_is_refused(
    prompt: dict[str, Any], code: str | None, param: str | None, message: str | None
) -> None:
    with pytest.raises(ApiError) as caught:
        recall(SCRIPT.prompts, prompt, "p")
    assert (caught.value.code, caught.value.param) == (code, param)
    assert message in (None, caught.value.message)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("rules: []\nprompts: {pmpt_1: 1}", 2, id="number"),
        pytest.param("rules: []\nprompts:\n  pmpt_1: {}", 3, id="no version"),
    ],
)
def test_what_is_no_prompt_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ScriptError) as caught:
        read_script(text, source="test.yaml")
    assert (caught.value.line, caught.value.path) == (line, "prompts.pmpt_1")


class Reciting(ScriptBrain):
    """Says the instructions it has."""

    def __init__(self) -> None:
        super().__init__()
        self.source = self

    def current(self) -> Script:
        return SCRIPT

    def describe(self) -> dict[str, Any]:
        return {}

    def answer(self, turn: Turn) -> Answer:
        return Answer((Say(turn.instructions),))


def said(events: list[dict[str, Any]]) -> str:
    (done,) = [event for event in events if event["type"] == "response.done"]
    return str(done["response"]["output"][0]["content"][0]["text"])


def test_a_prompt_becomes_the_instructions_of_a_session(open_stage: Any) -> None:
    stage = open_stage(brain=Reciting())
    (updated,) = stage.send(
        {"type": "session.update", "session": {"type": "realtime", "prompt": ROME}}
    )
    assert updated["session"]["prompt"] == ROME
    assert updated["session"]["instructions"] == "You know Rome, and Rome only."
    assert said(stage.send({"type": "response.create"})) == "You know Rome, and Rome only."


def test_instructions_beside_a_prompt_go_first(open_stage: Any) -> None:
    stage = open_stage(brain=Reciting())
    both = {"type": "realtime", "prompt": ROME, "instructions": "Be brief."}
    (updated,) = stage.send({"type": "session.update", "session": both})
    assert (updated["session"]["prompt"], updated["session"]["instructions"]) == (
        ROME,
        "Be brief.",
    )


def test_a_response_may_have_a_prompt_of_its_own(open_stage: Any) -> None:
    stage = open_stage(brain=Reciting(), instructions="Be brief.")
    asked = {"type": "response.create", "response": {"prompt": ROME}}
    assert said(stage.send(asked)) == "You know Rome, and Rome only."
    asked["response"] = {"prompt": ROME, "instructions": "Now."}
    assert said(stage.send(asked)) == "Now."
    assert said(stage.send({"type": "response.create"})) == "Be brief."


@pytest.mark.parametrize(
    "event",
    [
        {
            "type": "session.update",
            "session": {"type": "realtime", "prompt": {"id": "pmpt_1"}, "tool_choice": "none"},
        },
        {"type": "response.create", "response": {"prompt": {"id": "pmpt_1"}}},
    ],
    ids=["session", "response"],
)
def test_an_unknown_prompt_is_refused_and_changes_nothing(
    open_stage: Any, event: dict[str, Any]
) -> None:
    stage = open_stage(brain=Reciting())
    before = stage.session.config
    (error,) = stage.send({**event, "event_id": "mine"})
    assert error["error"] == {
        "type": "invalid_request_error",
        "code": None,
        "message": "Prompt with id 'pmpt_1' not found.",
        "param": None,
        "event_id": "mine",
    }
    assert stage.session.config is before


THINKS = {"reasoning": {"effort": "high"}}


class Thinking(Reciting):
    def answer(self, turn: Turn) -> Answer:
        return Answer((Say(str(turn.effort)),))


def test_how_hard_a_model_thinks(open_stage: Any) -> None:
    stage = open_stage(brain=Thinking(), model="gpt-realtime-2.1")
    ask = {"type": "response.create"}
    assert said(stage.send(ask)) == "low"
    assert said(stage.send({**ask, "response": {"reasoning": {"effort": "minimal"}}})) == "minimal"
    stage.send({"type": "session.update", "session": {"type": "realtime", **THINKS}})
    assert said(stage.send(ask)) == "high"


@pytest.mark.parametrize(
    "asked", [THINKS, {"parallel_tool_calls": False}], ids=lambda a: next(iter(a))
)
def test_models_that_do_not_think_are_not_told_how_to(
    open_stage: Any, asked: dict[str, Any]
) -> None:
    stage = open_stage(brain=Thinking())
    (error,) = stage.send({"type": "response.create", "response": asked})
    assert (error["error"]["code"], error["error"]["param"]) == (
        "unsupported_parameter",
        f"response.{next(iter(asked))}",
    )
    assert said(stage.send({"type": "response.create"})) == "None"
    script = Script([{"when": {"effort": "high"}, "say": "Hard."}])
    assert len(script) == 1
