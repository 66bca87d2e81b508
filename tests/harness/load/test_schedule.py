from __future__ import annotations

import pytest

from realtime_harness.load.schedule import SHAPES, arrivals, sessions_at

EVERY = pytest.mark.parametrize("name", SHAPES)


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("baseline", [1, 1, 1, 1, 1]),
        ("ramp", [0, 0.25, 0.5, 0.75, 1]),
        ("stress", [0.5, 1, 1.5, 2, 2]),
        ("spike", [0.1, 0.1, 1, 0.1, 0.1]),
        ("soak", [1, 1, 1, 1, 1]),
        ("past-the-cap", [1, 1, 1.5, 1, 1]),
        ("reconnect-storm", [1, 1, 1, 1, 1]),
        ("recovery", [1, 1, 2, 1, 1]),
    ],
)
def test_levels(name: str, levels: list[float]) -> None:
    shape = SHAPES[name]
    found = [shape.level(share) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert found == pytest.approx(levels)


def test_only_a_storm_cuts() -> None:
    assert [name for name, shape in SHAPES.items() if shape.cuts] == ["reconnect-storm"]


@EVERY
def test_levels_stay_below_the_peak(name: str) -> None:
    shape = SHAPES[name]
    levels = [shape.level(share / 100) for share in range(101)]
    assert max(levels) <= shape.peak
    assert min(levels) >= 0


@pytest.mark.parametrize(
    ("t_s", "count"), [(0, 1), (0.1, 2), (1, 11), (9.9, 100), (10, 100), (60, 100)]
)
def test_sessions_are_started_no_faster_than_wanted(t_s: float, count: int) -> None:
    found = sessions_at(SHAPES["baseline"], 100, t_s, duration_s=60, spawn_rate=10)
    assert found == count


def test_sessions_follow_the_shape() -> None:
    found = [
        sessions_at(SHAPES["spike"], 30, t_s, duration_s=10, spawn_rate=1000)
        for t_s in (1, 3.9, 4.5, 7)
    ]
    assert found == [3, 3, 30, 3]


def test_a_level_rate_is_regular() -> None:
    found = list(arrivals(SHAPES["baseline"], 10, duration_s=1))
    assert [number for number, _ in found] == list(range(10))
    assert [at for _, at in found] == pytest.approx([n / 10 for n in range(10)])


@EVERY
def test_there_are_as_many_arrivals_as_the_shape_has_area(name: str) -> None:
    shape = SHAPES[name]
    times = [at for _, at in arrivals(shape, 50, duration_s=20)]
    area = sum(shape.level((n + 0.5) / 10_000) for n in range(10_000)) / 10_000
    assert len(times) == pytest.approx(50 * 20 * area, abs=3)
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] < 20


def test_a_ramp_is_denser_towards_its_end() -> None:
    times = [at for _, at in arrivals(SHAPES["ramp"], 10, duration_s=20)]
    # A half of the area lies before 1/sqrt(2) of the time.
    assert sum(at < 20 / 2**0.5 for at in times) == pytest.approx(len(times) / 2, abs=1)


@EVERY
@pytest.mark.parametrize("shares", [1, 3, 7])
def test_shares_are_dealt_out_without_loss(name: str, shares: int) -> None:
    shape = SHAPES[name]
    dealt = [
        each
        for share in range(shares)
        for each in arrivals(shape, 9, duration_s=10, share=share, shares=shares)
    ]
    assert sorted(dealt) == list(arrivals(shape, 9, duration_s=10))
