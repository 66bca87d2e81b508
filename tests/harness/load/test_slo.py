from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from realtime_harness.errors import UsageError
from realtime_harness.load.operation import Operation, Series, Tally
from realtime_harness.load.slo import State, judge, parse, read

TODAY = date(2026, 11, 21)


@pytest.fixture
def tally() -> Tally:
    """A hundred turns of 1 to 100 ms, each sent 100 ms late; ten that failed."""
    tally = Tally()
    for ms in range(1, 101):
        tally.add(
            Operation(
                name="turn",
                intended_ns=0,
                due_ns=0,
                sent_ns=100_000_000,
                first_ns=100_000_000 + ms * 1_000_000,
                done_ns=300_000_000,
                position=1 if ms <= 50 else 2,
            )
        )
    for _ in range(8):
        tally.fail("turn", "timeout")
    for _ in range(2):
        tally.fail("turn", "rate-limited")
    tally.fail("turn", "unfinished")
    return tally


@pytest.mark.parametrize(
    ("text", "value", "count"),
    [
        ("p50(ttft_ms) < 400", 150, 100),
        ("p95(ttft_ms) < 400", 195, 100),
        ("p99.5(ttft_ms) <= 200.5", 200, 100),
        ("p95(ttft_ms{clock=service}) < 400", 95, 100),
        ("p50(ttft_ms{clock=service, position=2}) < 400", 75, 50),
        ("max(ttft_ms{position:1,clock:service}) < 51", 50, 50),
        ("min(ttft_ms) > 100", 101, 100),
        ("mean(ttft_ms) < 151", 150.5, 100),
        ("rate(ok) > 0.9", 100 / 110, 110),
        ("rate(failed) < 10%", 10 / 110, 110),
        ("rate(rate-limited{operation=turn}) < 2%", 2 / 110, 110),
        ("rate(timeout{operation=turn}) < 8%", 8 / 110, 110),
        ("per_s(turn) >= 10", 10, 100),
        ("count(turn) >= 100", 100, 100),
    ],
)
def test_figures(tally: Tally, text: str, value: float, count: int) -> None:
    (outcome,) = judge([parse(text)], tally, seconds=10, today=TODAY)
    assert outcome.value == pytest.approx(value, rel=0.001)
    assert outcome.count == count
    assert outcome.state is State.PASS


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("p95(ttft_ms) < 194", State.FAIL),
        ("p95(ttft_ms) > 196", State.FAIL),
        ("rate(ok) >= 99%", State.FAIL),
        ("p95(nothing_ms) < 400", State.FAIL),
        ("p95(ttft_ms{position=4}) < 400", State.FAIL),
    ],
)
def test_what_is_missed_or_not_measured_fails(tally: Tally, text: str, state: State) -> None:
    (outcome,) = judge([parse(text)], tally, seconds=10, today=TODAY)
    assert outcome.state is state


def test_a_series_of_the_generator_needs_no_clock() -> None:
    tally = Tally()
    tally.record(Series("lateness_ms", "generator"), 1_000_000)
    (outcome,) = judge([parse("p99(lateness_ms) < 2")], tally, seconds=1, today=TODAY)
    assert outcome.value == pytest.approx(1, rel=0.001)


@pytest.mark.parametrize(
    ("until", "limit", "state"),
    [
        (TODAY, 100, State.WAIVED),
        (date(2026, 11, 20), 100, State.FAIL),
        (TODAY, 400, State.PASS),
    ],
    ids=["in-time", "over", "not-needed"],
)
def test_waivers(tally: Tally, until: date, limit: float, state: State) -> None:
    objective = replace(
        parse(f"p95(ttft_ms) < {limit}"), waived="the gateway is replaced", until=until
    )
    (outcome,) = judge([objective], tally, seconds=10, today=TODAY)
    assert outcome.state is state
    assert ("the gateway is replaced" in outcome.reason) is (state is not State.PASS)


def test_a_stricter_limit_warns(tally: Tally) -> None:
    objective = replace(parse("p95(ttft_ms) < 400"), warn=150.0)
    (outcome,) = judge([objective], tally, seconds=10, today=TODAY)
    assert (outcome.state, outcome.reason) == (State.WARN, "not < 150")


def test_nothing_is_met_or_missed_when_void(tally: Tally) -> None:
    objectives = [parse("p95(ttft_ms) < 1"), parse("p95(ttft_ms) < 1000")]
    outcomes = judge(objectives, tally, seconds=10, today=TODAY, void="sent late")
    assert {outcome.state for outcome in outcomes} == {State.VOID}
    assert outcomes[0].to_json()["reason"] == "sent late"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ttft_ms < 400",
        "p95(ttft_ms)",
        "p95(ttft_ms) = 400",
        "p101(ttft_ms) < 400",
        "p95(ttft_ms{colour=red}) < 400",
        "p95(ttft_ms{position}) < 400",
        "p95(ttft_ms) < fast",
    ],
)
def test_what_is_no_objective_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="objective"):
        parse(text)


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "slo.toml"
    file.write_text(
        """
        [[objective]]
        that = "p95(ttft_ms) < 400"
        warn = 300
        abort_after_s = 10

        [[objective]]
        that = "rate(ok) >= 99.9%"
        waived = "until the gateway is replaced"
        until = 2026-12-31
        """
    )
    first, second = read(file)
    assert (first.limit, first.warn, first.abort_after_s) == (400, 300, 10)
    assert second.limit == pytest.approx(0.999)
    assert (second.waived, second.until) == ("until the gateway is replaced", date(2026, 12, 31))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("objective = 1", "objective: has to be tables"),
        ("[[objectives]]", "objectives: unknown"),
        ("[[objective]]\nwarn = 3", "objective 1: that: is missing"),
        ("[[objective]]\nthat = 3", "objective 1: that: has to be a string"),
        ('[[objective]]\nthat = "p95(a) < 1"\nwarned = 3', "warned: unknown; known are that"),
        ('[[objective]]\nthat = "p95(a) < 1"\nwaived = "so"', "waived: needs a reason, and until"),
        ('[[objective]]\nthat = "p95(a) < 1"\nuntil = 2026-01-01', "needs a reason"),
        ('[[objective]]\nthat = "p95(a) < 1"\nwaived = ""\nuntil = 2026-01-01', "needs a reason"),
        ('[[objective]]\nthat = "quick"', "objective 'quick'"),
        ("[[objective", "is not TOML"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "slo.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=said):
        read(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"slo\.toml does not exist"):
        read(tmp_path / "slo.toml")
