from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realtime_fakes.context import offered
from realtime_fakes.policy import Policy

OpenStage = Any
Event = dict[str, Any]
Message = Callable[..., Event]

RESPOND: Event = {"type": "response.create"}
RATIO = {"type": "retention_ratio", "retention_ratio": 0.8}


def done(stage: Any, *events: Event) -> Event:
    answered = stage.send(*events)
    response: Event = next(e for e in answered if e["type"] == "response.done")["response"]
    return response


def truncate(how: Any) -> Event:
    return {"type": "session.update", "session": {"type": "realtime", "truncation": how}}


@pytest.mark.parametrize(
    ("truncation", "spent"),
    [
        pytest.param("auto", [12, 27, 27, 27], id="auto"),
        pytest.param(RATIO, [12, 21, 21, 21], id="ratio"),
        pytest.param(
            {**RATIO, "retention_ratio": 1.0, "token_limits": {"post_instructions": 20}},
            [12, 12, 12, 12],
            id="limit",
        ),
    ],
)
def test_the_oldest_items_are_left_out(
    open_stage: OpenStage, message: Message, truncation: Any, spent: list[int]
) -> None:
    stage = open_stage(instructions="")
    stage.change(context_tokens=30)
    stage.send(truncate(truncation))
    two = [message("one two three four"), message("one two three four")]
    # Each message costs 6, and each answer 9.
    found = [done(stage, *two, RESPOND)["usage"]["input_tokens"] for _ in range(4)]
    assert found == spent
    assert len(stage.session.describe()["items"]) == 12


def test_what_was_left_out_can_be_retrieved_and_deleted(
    open_stage: OpenStage, message: Message
) -> None:
    stage = open_stage(instructions="")
    stage.change(context_tokens=10)
    old = stage.send(message("one two three four"))[0]["item"]["id"]
    stage.send(message("one two three four"))
    assert done(stage, RESPOND)["usage"]["input_tokens"] == 6
    (retrieved,) = stage.send({"type": "conversation.item.retrieve", "item_id": old})
    assert retrieved["item"]["id"] == old
    stage.send({"type": "conversation.item.delete", "item_id": old})
    stage.change(context_tokens=1000)
    assert done(stage, RESPOND)["usage"]["input_tokens"] == 6 + 9


def test_the_last_item_is_kept_whatever_it_costs(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(instructions="")
    stage.change(context_tokens=3)
    assert done(stage, message("one two three four"), RESPOND)["usage"]["input_tokens"] == 6


def test_without_truncation_the_response_fails(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(instructions="", truncation="disabled")
    stage.change(context_tokens=5)
    failed = done(stage, message("one two three four"), RESPOND)
    assert failed["status"] == "failed"
    assert failed["status_details"]["error"]["code"] == "context_length_exceeded"
    assert "6 tokens long and the limit is 5" in failed["status_details"]["error"]["message"]
    assert failed["usage"]["total_tokens"] == 0
    stage.change(context_tokens=None)
    assert done(stage, RESPOND)["status"] == "completed"


def test_a_context_of_its_own_is_not_shortened(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(instructions="", truncation="disabled")
    stage.change(context_tokens=5)
    stage.send(message("one two three four"))
    answered = done(stage, {"type": "response.create", "response": {"input": []}})
    assert answered["status"] == "completed"


def test_responses_out_of_band_run_beside_each_other(
    open_stage: OpenStage, message: Message
) -> None:
    stage = open_stage()
    stage.change(delta_interval_s=0.5)
    stage.send(message("hello"), RESPOND)
    for name in ("a", "b"):
        aside = {"conversation": "none", "metadata": {"name": name}, "input": []}
        stage.send({"type": "response.create", "response": aside})
    stage.advance(10)
    finished = [e["response"] for e in stage.received["client"] if e["type"] == "response.done"]
    assert [r["metadata"] for r in finished] == [None, {"name": "a"}, {"name": "b"}]
    assert [r["conversation_id"] is None for r in finished] == [False, True, True]
    assert len(stage.session.describe()["items"]) == 2


OF_SESSION = {"type": "function", "name": "of_session"}
OF_RESPONSE = {"type": "function", "name": "of_response"}


@pytest.mark.parametrize(
    ("request_", "policy", "tools", "choice"),
    [
        pytest.param({}, {}, [OF_SESSION], "required", id="session"),
        pytest.param({"tools": [OF_RESPONSE]}, {}, [OF_RESPONSE], "required", id="tools"),
        pytest.param({"tools": []}, {}, [], "required", id="no-tools"),
        pytest.param({"tool_choice": "none"}, {}, [OF_SESSION], "none", id="choice"),
        pytest.param({"tool_choice": OF_SESSION}, {}, [OF_SESSION], OF_SESSION, id="function"),
        pytest.param(
            {"tools": [OF_RESPONSE]},
            {"tools_of_responses": False},
            [OF_SESSION],
            "required",
            id="deaf-to-tools",
        ),
        pytest.param({}, {"heeded_choices": ("none",)}, [OF_SESSION], "auto", id="deaf-to-choice"),
        pytest.param(
            {"tool_choice": "auto"}, {"heeded_choices": ()}, [OF_SESSION], "auto", id="auto"
        ),
    ],
)
def test_what_a_response_is_offered(
    request_: Event, policy: Event, tools: list[Event], choice: Any
) -> None:
    config = {"tools": [OF_SESSION], "tool_choice": "required"}
    assert offered(request_, config, Policy(**policy)) == (tools, choice)
