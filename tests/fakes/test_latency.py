from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realtime_fakes.latency import INSTANT, LATENCIES, Pauses

OpenStage = Any
Event = dict[str, Any]
Message = Callable[..., Event]

RESPOND: Event = {"type": "response.create"}


def schedule(stage: Any, message: Message) -> list[tuple[str, float]]:
    """Return what came when, in seconds from the request."""
    begin = stage.now
    stage.send(message("one two three"))
    told = [(event["type"], 0.0) for event in stage.send(RESPOND)]
    while (due := stage.session.next_timer()) is not None and due < begin + 10:
        told += [(e["type"], due - begin) for e in stage.advance(due - stage.now)]
    return told


def test_instant_is_at_once(open_stage: OpenStage, message: Message) -> None:
    assert {when for _, when in schedule(open_stage(), message)} == {0.0}


def test_realistic_takes_the_time_that_was_probed(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage()
    stage.change(latency=LATENCIES["realistic"])
    told = dict(reversed(schedule(stage, message)))
    assert told["response.created"] == pytest.approx(0.28, abs=0.05)
    assert told["response.output_text.delta"] == pytest.approx(0.476, abs=0.08)
    assert told["response.done"] == pytest.approx(0.518, abs=0.1)
    assert 0.007 <= told["rate_limits.updated"] - told["response.done"] <= 0.0431


def test_order_does_not_depend_on_latency(open_stage: OpenStage, message: Message) -> None:
    slow = open_stage()
    slow.change(latency=LATENCIES["realistic"])
    assert [kind for kind, _ in schedule(slow, message)] == [
        kind for kind, _ in schedule(open_stage(), message)
    ]


def test_the_seed_repeats_the_pauses() -> None:
    def draw(seed: str) -> list[float]:
        pauses = Pauses(LATENCIES["realistic"], seed)
        return [pauses.before_created(), pauses.after_delta(), pauses.before_rate_limits()]

    assert draw("resp_1") == draw("resp_1") != draw("resp_2")


def test_the_other_figures_are_those_that_were_probed() -> None:
    realistic = LATENCIES["realistic"]
    assert realistic.greeting == (0.003, 0.006)
    assert sum(realistic.transcription) / 2 == pytest.approx(1.19, abs=0.05)


def test_what_a_rule_adds_comes_on_top() -> None:
    pauses = Pauses(INSTANT, "", delay_s=2.0, delta_interval_s=0.5)
    assert (pauses.before_output(), pauses.after_delta()) == (2.0, 0.5)


def test_a_response_is_over_for_others_before_its_rate_limits(
    open_stage: OpenStage, message: Message
) -> None:
    stage = open_stage()
    stage.change(latency=LATENCIES["realistic"])
    stage.send(message("x"), RESPOND)
    while stage.received["client"][-1]["type"] != "response.done":
        stage.advance(stage.session.next_timer() - stage.now)
    (error,) = stage.send({"type": "response.cancel"})
    assert error["error"]["code"] == "response_cancel_not_active"
    stage.send(RESPOND)
    assert [e["type"] for e in stage.advance(5)].count("rate_limits.updated") == 2


def test_a_response_can_be_cancelled_before_it_was_created(
    open_stage: OpenStage, message: Message
) -> None:
    stage = open_stage()
    stage.change(latency=LATENCIES["realistic"])
    stage.send(message("x"), RESPOND)
    answered = [event["type"] for event in stage.send({"type": "response.cancel"})]
    assert answered == ["response.created", "response.done", "rate_limits.updated"]
    assert stage.advance(5) == []
