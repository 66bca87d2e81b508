from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import orjson
import pytest

from realtime_harness.errors import UsageError
from realtime_harness.load.operation import Operation, Series, Tally
from realtime_harness.load.slo import Objective, State, judge, look, parse, read

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
        ('[[objective]]\nthat = "p95(a) < 1"\nwarn = 3', "warn: 3 is no stricter than"),
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


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"warn": 300.0},
        {"waived": "known", "until": date(2026, 12, 31)},
        {"abort_after_s": 10.0},
    ],
    ids=["plain", "warn", "waived", "abort"],
)
def test_an_objective_survives_the_wire(changes: dict) -> None:
    before = replace(parse("p95(ttft_ms{position=1, clock=service}) <= 400.5"), **changes)
    assert Objective.from_json(orjson.loads(orjson.dumps(before.to_json()))) == before


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("p95(ttft_ms) < 400", "ms"),
        ("p95(loss_percent) < 1", "%"),
        ("mean(rtf) < 1", "x"),
        ("p95(mine_ms) < 1", "ms"),
        ("rate(ok) > 99%", "share"),
        ("per_s(turn) > 1", "/s"),
        ("count(turn) > 1", ""),
    ],
)
def test_units(text: str, unit: str) -> None:
    assert parse(text).unit == unit


def test_a_verdict_says_all_there_is_to_it(tally: Tally) -> None:
    objective = replace(
        parse("p95(ttft_ms{clock=service}) < 80"),
        warn=70.0,
        waived="the gateway is replaced",
        until=TODAY,
    )
    (outcome,) = judge([objective], tally, seconds=10, today=TODAY)
    assert outcome.to_json() == {
        "objective": "p95(ttft_ms{clock=service}) < 80",
        "state": "waived",
        "value": pytest.approx(95, rel=0.001),
        "unit": "ms",
        "limit": 80.0,
        "warn": 70.0,
        "count": 100,
        "tags": {"clock": "service"},
        "reason": "the gateway is replaced (until 2026-11-21)",
        "waived": "the gateway is replaced",
        "until": "2026-11-21",
    }


def test_what_has_another_unit_is_compared_in_it() -> None:
    tally = Tally()
    for millionths in (800_000, 1_200_000):
        tally.record(Series("rtf", "service", 1), millionths)
    texts = ["max(rtf) < 1.25", "max(rtf) < 1.15", "p50(rtf) <= 0.801"]
    outcomes = judge(map(parse, texts), tally, seconds=1, today=TODAY)
    assert [outcome.state for outcome in outcomes] == [State.PASS, State.FAIL, State.PASS]
    assert outcomes[0].value == pytest.approx(1.2, rel=0.001)


@pytest.mark.parametrize(
    ("text", "value", "count"),
    [
        ("rate(good) > 0", 90 / 110, 110),
        ("rate(good{operation=turn}) > 0", 90 / 110, 110),
        ("rate(good{operation=connect}) > 0", 4 / 5, 5),
        ("rate(good_sessions) > 0", 2 / 5, 5),
        ("per_s(good) > 0", 9, 110),
        ("count(good) > 0", 90, 110),
    ],
)
def test_what_is_good(tally: Tally, text: str, value: float, count: int) -> None:
    tally.outcomes["connect", "ok"] = 5
    tally.good.update(turn=90, connect=4)
    tally.ended.update(all=5, good=2)
    (outcome,) = judge([parse(text)], tally, seconds=10, today=TODAY)
    assert outcome.value == pytest.approx(value)
    assert outcome.count == count


def test_what_was_measured_is_said_when_something_was_not(tally: Tally) -> None:
    (outcome,) = judge([parse("p95(mine_ms{position=2}) < 1")], tally, seconds=1, today=TODAY)
    assert outcome.reason == (
        "nothing was measured of mine_ms{position=2}; measured were ttft_ms, turn_ms"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p95(tfft_ms) < 1", "no metric tfft_ms; there are connect_ms, "),
        ("rate(okay) > 1", "no outcome okay; there are ok, failed, good, "),
        ("per_s(tool) > 1", "no operation tool; there are connect, turn, good"),
        ("rate(ok{operation=tool}) > 1", "no operation tool; there are connect, turn"),
        ("p95(ttft_ms{clock=wall}) < 1", "no clock wall; there are generator, response, service"),
        ("p95(ttft_ms{position=7}) < 1", r"no position 7; there are 1, 2, 3, 4, 5\+"),
    ],
)
def test_what_is_not_there_is_said(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        look([parse(text)], operation="turn")


@pytest.mark.parametrize(
    "text",
    [
        "p95(ttft_ms{position=5+}) < 1",
        "p99(lateness_ms) < 1",
        "max(loss_percent) < 1",
        "rate(refused-503) < 1%",
        "rate(error-rate_limit_exceeded) < 1%",
        "rate(lost-1006{operation=connect}) < 1%",
        "per_s(good) > 1",
        "rate(good_sessions) > 1",
    ],
)
def test_what_is_there_may_be_named(text: str) -> None:
    look([parse(text)], operation="turn")


def test_what_others_measure_may_be_named() -> None:
    look([parse("p95(mine_ms) < 1"), parse("per_s(deed) > 1")], operation="deed", is_ours=False)
