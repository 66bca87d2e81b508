from __future__ import annotations

import asyncio
import re
import threading
from typing import Any

import pytest

from realtime_harness.evidence import Direction
from realtime_harness.testing.expectations import Expectation, ExpectationFailed, Expectations


@pytest.fixture
def expectations(log: Any) -> Expectations:
    return Expectations(log.evidence)


def sends(
    expectations: Expectations, name: str, on: str | None = None, **fields: Any
) -> Expectation:
    return expectations.add(name, fields, Direction.SENT, on)


@pytest.mark.parametrize(
    ("expected", "came", "is_met"),
    [
        ("ab", "ab", True),
        ("ab", "xayb", True),
        ("ab", "ba", False),
        ("ab", "bab", True),
        ("aa", "a", False),
        ("aa", "aa", True),
        ("a(bc)d", "acbd", True),
        ("a(bc)d", "abdc", False),
        ("(ab)(ab)", "abba", True),
        ("(ab)(ab)", "abb", False),
        ("()a", "a", True),
    ],
)
def test_order(
    expectations: Expectations, said: Any, expected: str, came: str, is_met: bool
) -> None:
    for group in re.findall(r"\(\w*\)|\w", expected):
        if group.startswith("("):
            with expectations.in_any_order():
                for name in group.strip("()"):
                    sends(expectations, name)
        else:
            sends(expectations, group)
    said(*came)
    count = len(expected.replace("(", "").replace(")", ""))
    assert (len(expectations.match(expectations.evidence.snapshot())) == count) is is_met


def test_a_broad_expectation_leaves_what_only_a_narrow_one_can_take(
    expectations: Expectations, log: Any
) -> None:
    with expectations.in_any_order():
        sends(expectations, "a")
        sends(expectations, "a", x=1)
    log.sent("a", x=1)
    log.sent("a", x=2)
    expectations.assert_complete(0)


def test_order_cannot_be_opened_twice(expectations: Expectations) -> None:
    with (
        expectations.in_any_order(),
        pytest.raises(ValueError, match="open already"),
        expectations.in_any_order(),
    ):
        pass


def test_names_may_be_patterns_and_connections_are_told_apart(
    expectations: Expectations, log: Any
) -> None:
    log.sent("input_audio_buffer.commit", on="sideband")
    log.request("POST", "/realtime/calls/rtc_1/hangup")
    elsewhere = sends(expectations, "input_audio_buffer.*", on="client")
    with pytest.raises(ExpectationFailed, match="nothing like it came at all"):
        elsewhere.wait(0)
    there = Expectations(log.evidence)
    assert sends(there, "input_audio_buffer.*", on="sideband").wait(0).connection == "sideband"
    assert sends(there, "POST /realtime/calls/*/hangup").wait(0).data["method"] == "POST"


def test_complete(expectations: Expectations, log: Any) -> None:
    log.request("GET", "/realtime")
    log.sent("a")
    log.received("b")
    log.sent("input_audio_buffer.append")
    sends(expectations, "a")
    expectations.ignore("input_audio_buffer.*")
    expectations.assert_complete(0)


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (("event", {"type": "b"}), "nobody expected #0    client     -> b"),
        (("raw", {"text": "{"}), "nobody expected #0    client     -> raw {'text': '{'}"),
        (
            ("request", {"method": "POST", "path": "/x"}),
            "nobody expected #0    client     -> POST /x",
        ),
    ],
    ids=["event", "raw", "request"],
)
def test_leftovers(expectations: Expectations, log: Any, left: Any, text: str) -> None:
    log.add("sent", *left)
    with pytest.raises(ExpectationFailed, match="0 unmet and 1 unexpected") as failure:
        expectations.assert_complete(0)
    assert text in str(failure.value)


def test_failure_names_the_field_that_differs(expectations: Expectations, log: Any) -> None:
    log.sent("session.update", session={"instructions": "Be verbose", "voice": "ash"})
    log.sent("session.update", session={"instructions": "Be brief", "voice": "ash"})
    log.sent("response.create")
    sends(expectations, "session.update", session={"instructions": "Be brief", "voice": "cedar"})
    with pytest.raises(ExpectationFailed) as failure:
        expectations.assert_complete(0)
    text = str(failure.value)
    assert "1 unmet and 3 unexpected" in text
    assert "nearest miss: #1 " in text
    assert "  session.voice: expected 'cedar', got 'ash'" in text
    assert "session.instructions: expected" not in text


def test_failure_names_the_most_similar_type(expectations: Expectations, said: Any) -> None:
    said("response.create", "session.update")
    with pytest.raises(ExpectationFailed, match=r"expected 'session.updat', got 'session.update'"):
        sends(expectations, "session.updat").wait(0)


def test_failure_says_what_came_too_early(expectations: Expectations, said: Any) -> None:
    said("b", "a")
    sends(expectations, "a")
    with pytest.raises(
        ExpectationFailed, match=r"it came too early: #0 .*\n(.*\n)+.*expected, no. 1"
    ):
        sends(expectations, "b").wait(0)


def test_failure_shows_no_keys_and_not_everything(expectations: Expectations, log: Any) -> None:
    for _ in range(100):
        log.sent("a", key="ek_0123456789")
    with pytest.raises(ExpectationFailed, match=r"… 60 more …") as failure:
        sends(expectations, "b").wait(0)
    assert "ek_0123456789" not in str(failure.value)


def test_waiting_on_a_thread(expectations: Expectations, log: Any) -> None:
    timer = threading.Timer(0.05, log.sent, ["a"])
    timer.start()
    assert sends(expectations, "a").wait(5).data == {"type": "a"}
    timer.join()


async def test_waiting_in_a_coroutine(expectations: Expectations, log: Any) -> None:
    waiting = asyncio.ensure_future(sends(expectations, "a").wait_async(5))
    await asyncio.sleep(0)
    await asyncio.to_thread(log.sent, "a")
    assert (await waiting).data == {"type": "a"}
    assert (await sends(Expectations(log.evidence), "a")).data == {"type": "a"}
    with pytest.raises(ExpectationFailed, match="the application sends b"):
        await sends(expectations, "b").wait_async(0.01)


async def test_waiting_may_be_cancelled(expectations: Expectations, log: Any) -> None:
    waiting = asyncio.ensure_future(sends(expectations, "a").wait_async(5))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    log.sent("a")
