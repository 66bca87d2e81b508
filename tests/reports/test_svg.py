from __future__ import annotations

import pytest

from realtime_reports.svg import Linear, Log, apart, path, spans, staircase, time_ticks, written


@pytest.mark.parametrize(
    ("low", "high", "about", "ticks"),
    [
        pytest.param(0, 10, 5, [0, 2, 4, 6, 8, 10], id="to ten"),
        pytest.param(0, 1, 4, [0, 0.5, 1], id="to one"),
        pytest.param(0, 97, 4, [0, 50], id="inside"),
        pytest.param(-1, 1, 4, [-1, -0.5, 0, 0.5, 1], id="below zero"),
        pytest.param(0, 0, 4, [0], id="nothing"),
        pytest.param(0, 1e-7, 2, [0, 5e-8, 1e-7], id="tiny"),
        pytest.param(0, float("inf"), 2, [0], id="endless"),
    ],
)
def test_linear_ticks_are_round(low: float, high: float, about: int, ticks: list[float]) -> None:
    assert Linear(low, high, 0, 100).ticks(about) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        pytest.param(1, 1000, [1, 3, 10, 30, 100, 300, 1000], id="decades"),
        pytest.param(0.9, 11, [1, 2, 5, 10], id="one decade"),
        pytest.param(1e-3, 1e9, [1e-3, 1e-1, 1e1, 1e3, 1e5, 1e7, 1e9], id="many"),
    ],
)
def test_logarithmic_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert Log(low, high, 0, 100).ticks(5) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("scale", "value", "place"),
    [
        (Linear(0, 10, 100, 0), 5, 50),
        (Linear(0, 10, 0, 100), 20, 100),
        (Linear(3, 3, 0, 100), 3, 0),
        (Log(1, 100, 0, 100), 10, 50),
        (Log(1, 100, 0, 100), 0, 0),
        (Log(1, 100, 0, 100), 1e9, 100),
    ],
)
def test_values_have_a_place(scale: Linear | Log, value: float, place: float) -> None:
    assert scale(value) == pytest.approx(place)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (8, ["0", "2", "4", "6", "8 s"]),
        (60, ["0", "10", "20", "30", "40", "50", "60 s"]),
        (600, ["0", "2", "4", "6", "8", "10 min"]),
        (86400, ["0", "4", "8", "12", "16", "20", "24 h"]),
        (20 * 86400, ["0", "96", "192", "288", "384", "480 h"]),
        (0.5, ["0 s"]),
    ],
)
def test_times_are_in_the_unit_that_fits(seconds: float, said: list[str]) -> None:
    assert [text for _, text in time_ticks(seconds)] == said


@pytest.mark.parametrize(
    ("points", "d"),
    [
        pytest.param([(0, 1), (2, 3)], "M0 1L2 3", id="line"),
        pytest.param([(0, 1), (1, None), (2, 3), (3, 4)], "M0 1h0M2 3L3 4", id="gap"),
        pytest.param([(0, None), (1, 2.04)], "M1 2h0", id="alone"),
        pytest.param([], "", id="nothing"),
    ],
)
def test_paths_begin_anew_behind_a_gap(points: list[tuple[float, float | None]], d: str) -> None:
    assert path(points) == d


def test_values_that_hold_make_stairs() -> None:
    stretches = [(0, 1, 5.0), (1, 2, 5.0), (2, 3, 7.0), (3, 4, None), (4, 5, 1.0)]
    assert staircase(stretches) == "M0 5H1H2V7H3M4 1H5"


def test_cells_are_one_path() -> None:
    assert spans([(0, 0, 2, 1), (3, 0, 1.26, 1)]) == "M0 0h2v1h-2zM3 0h1.3v1h-1.3z"


@pytest.mark.parametrize(
    ("places", "moved"),
    [
        pytest.param([10, 50], [10, 50], id="apart"),
        pytest.param([50, 50, 50], [40, 50, 60], id="together"),
        pytest.param([100, 99], [100, 90], id="at the end"),
        pytest.param([], [], id="none"),
    ],
)
def test_labels_move_apart(places: list[float], moved: list[float]) -> None:
    found = apart(places, 10, 0, 100)
    assert sorted(b - a for a, b in zip(sorted(found), sorted(found)[1:], strict=False)) == sorted(
        b - a for a, b in zip(sorted(moved), sorted(moved)[1:], strict=False)
    )
    assert all(0 <= each <= 100 for each in found)


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (1.25, "1.2"), (-0.01, "0"), (10.96, "11")]
)
def test_coordinates_are_short(value: float, text: str) -> None:
    assert written(value) == text
