from __future__ import annotations

from collections.abc import Callable

import pytest

from realtime_harness.load.search import Search


def tried(search: Search, holds: Callable[[int], bool]) -> list[int]:
    """Carry a search out; return what it tried."""
    numbers: list[int] = []
    while (sessions := search.next()) is not None:
        numbers.append(sessions)
        search.tell(sessions, held=holds(sessions))
        assert len(numbers) < 60
    return numbers


@pytest.mark.parametrize(
    ("first", "most", "edge", "numbers"),
    [
        (1, 100, 5, [1, 2, 4, 8, 6, 5, 5, 6]),
        (10, 100, 4, [10, 5, 2, 3, 4, 4, 5]),
        (10, 100, 0, [10, 5, 2, 1, 1]),
        (10, 100, 1, [10, 5, 2, 1, 1, 2]),
        (4, 16, 1000, [4, 8, 16, 16]),
        (4, 10, 1000, [4, 8, 10, 10]),
        (1, 1, 1, [1, 1]),
    ],
    ids=["up", "down", "none", "one", "all", "all-of-an-odd-number", "no-choice"],
)
def test_what_is_tried(first: int, most: int, edge: int, numbers: list[int]) -> None:
    search = Search(first, most)
    assert tried(search, lambda sessions: sessions <= edge) == numbers
    assert search.held == (min(edge, most) or None)


@pytest.mark.parametrize("edge", range(1, 61))
def test_the_edge_is_found_exactly(edge: int) -> None:
    search = Search(10, 1000)
    tried(search, lambda sessions: sessions <= edge)
    assert (search.held, search.missed) == (edge, edge + 1)
    assert search.tries(edge) == (2, 2)
    assert search.tries(edge + 1) == (0, 2)


@pytest.mark.parametrize("edge", [777, 4_321, 9_999])
def test_large_numbers_are_found_up_to_a_fiftieth(edge: int) -> None:
    search = Search(10, 10_000)
    assert len(tried(search, lambda sessions: sessions <= edge)) < 25
    assert search.held is not None
    assert edge * 0.97 <= search.held <= edge


@pytest.mark.parametrize(
    ("unlucky", "lucky"),
    [({8: 1}, {}), ({10: 1}, {}), ({20: 1}, {}), ({}, {21: 1}), ({}, {40: 1})],
    ids=["miss-on-the-way", "miss-at-first", "miss-at-the-edge", "luck-beyond-it", "luck-far-off"],
)
def test_one_step_that_lies_changes_nothing(unlucky: dict[int, int], lucky: dict[int, int]) -> None:
    """Of a service for twenty sessions, at which one step goes wrong, or unexpectedly well."""
    search = Search(10, 1000)

    def holds(sessions: int) -> bool:
        for lies, truth in ((unlucky, True), (lucky, False)):
            if lies.get(sessions, 0) and (sessions <= 20) is truth:
                lies[sessions] -= 1
                return not truth
        return sessions <= 20

    tried(search, holds)
    assert (search.held, search.missed) == (20, 21)


def test_nothing_is_known_before_anything_was_tried() -> None:
    search = Search(7, 100)
    assert (search.held, search.missed, search.next()) == (None, None, 7)
    assert search.tries(None) == (0, 0)
