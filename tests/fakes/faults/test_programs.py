from __future__ import annotations

from random import Random

import pytest

from realtime_fakes.faults.programs import Freeze, Modes, Ramp, delay

S = 1_000_000_000


def test_shares_are_kept():
    modes = Modes(((0.05, 0.9), (0.4, 0.1)))
    random = Random(1)
    drawn = [modes.draw(random, 0.5) for _ in range(10_000)]
    assert set(drawn) == {0.05, 0.4}
    assert abs(drawn.count(0.4) - 1000) < 150  # Five standard deviations.


def test_one_delay_alone_draws_nothing():
    random = Random(1)
    before = random.getstate()
    assert delay("1.5s").draw(random, 0) == 1.5
    assert random.getstate() == before


@pytest.mark.parametrize(("elapsed", "seconds"), [(0, 0.05), (0.25, 0.1), (1, 0.25)])
def test_a_ramp_is_straight(elapsed, seconds):
    assert Ramp(0.05, 0.25).draw(Random(1), elapsed) == pytest.approx(seconds)
    assert Ramp(0.25, 0.05).draw(Random(1), elapsed) == pytest.approx(0.3 - seconds)


@pytest.mark.parametrize(
    ("now_s", "every_s", "goes_on_s"),
    [
        (0.5, None, 0.5),
        (1, None, 3),
        (2.25, None, 3),
        (3, None, 3),
        (12, None, 12),
        (12, 10, 13),
        (13, 10, 13),
        (31.5, 10, 33),
    ],
)
def test_when_it_goes_on(now_s, every_s, goes_on_s):
    every_ns = None if every_s is None else every_s * S
    freeze = Freeze(1 * S, 2 * S, every_ns)
    assert freeze.thaw(round(now_s * S)) == goes_on_s * S
