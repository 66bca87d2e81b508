from __future__ import annotations

import pytest

from realtime_harness.load.goodput import Yardstick, goodput, limits_of, wants_goodput
from realtime_harness.load.operation import Operation, Tally
from realtime_harness.load.slo import parse

MS = 1_000_000


def turn(position: int = 1, **more: object) -> Operation:
    """Due at 0, sent at 10, first answered at 110, done at 210 ms."""
    values = {
        "name": "turn",
        "intended_ns": 0,
        "due_ns": 0,
        "sent_ns": 10 * MS,
        "first_ns": 110 * MS,
        "done_ns": 210 * MS,
        "more": {"gap_ms": 40 * MS, "rtf": 900_000},
    }
    return Operation(**{**values, "position": position, **more})


def is_good(operation: Operation, *texts: str) -> bool:
    return Yardstick(limits_of(map(parse, texts))).is_good(operation)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("p95(ttft_ms) < 111", True),
        ("p50(ttft_ms) < 110", False),
        ("max(ttft_ms) <= 110", True),
        ("mean(ttft_ms{clock=service}) <= 100", True),
        ("p95(ttft_ms{clock=service}) <= 99", False),
        ("p95(turn_ms{position=1}) < 1", False),
        ("p95(turn_ms{position=2}) < 1", True),
        ("p95(turn_ms{operation=turn}) < 1", False),
        ("p95(connect_ms) < 1", True),
        ("p95(first_audio_ms) < 1", True),
        ("p95(gap_ms) <= 40", True),
        ("p95(gap_ms) < 40", False),
        ("p95(rtf) < 1", True),
        ("p95(rtf) < 0.8", False),
        ("p95(stalled_ms) < 1", True),
    ],
)
def test_an_operation_is_good_if_it_exceeds_no_limit(text: str, good: bool) -> None:
    assert is_good(turn(), text) is good


@pytest.mark.parametrize(
    "text",
    [
        "p95(ttft_ms) > 1",
        "min(ttft_ms) < 1",
        "rate(failed) < 1%",
        "count(turn) < 1",
        "p99(lateness_ms) < 0.001",
    ],
)
def test_what_is_no_limit_on_one(text: str) -> None:
    assert limits_of([parse(text)]) == ()


def test_all_limits_have_to_be_met() -> None:
    assert is_good(turn(), "p95(ttft_ms) < 120", "p95(turn_ms) < 220")
    assert not is_good(turn(), "p95(ttft_ms) < 120", "p95(turn_ms) < 200")


def test_late_turns_of_a_session_are_of_one_kind() -> None:
    yardstick = Yardstick(limits_of([parse("p95(ttft_ms{position=5+}) < 1")]))
    assert [yardstick.is_good(turn(position)) for position in (4, 5, 6, 700)] == [
        True,
        False,
        False,
        False,
    ]
    assert len(yardstick._known) == 2


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        ((), False),
        (("rate(ok) > 99%", "p95(ttft_ms) > 0"), False),
        (("p95(ttft_ms) < 1",), True),
        (("rate(good) > 99%",), True),
        (("rate(good_sessions) > 99%",), True),
    ],
)
def test_it_is_counted_where_it_is_asked_for(texts: tuple[str, ...], wanted: bool) -> None:
    assert wants_goodput(map(parse, texts)) is wanted


def test_what_is_written_down() -> None:
    tally = Tally()
    tally.outcomes.update({("turn", "ok"): 8, ("turn", "timeout"): 2, ("connect", "ok"): 3})
    tally.good.update(turn=6, connect=3)
    tally.ended.update(all=3, good=1)
    objectives = [parse("p95(ttft_ms) < 400"), parse("rate(ok) > 99%")]
    assert goodput(tally, objectives, seconds=2.0) == {
        "limits": ["p95(ttft_ms) < 400"],
        "good": 6,
        "of": 10,
        "per_s": 3.0,
        "good_sessions": 1,
        "sessions": 3,
    }
    assert goodput(tally, objectives[1:], seconds=2.0) is None
