from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from realtime_harness.targets.retry import NEVER, Retry


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    retry = Retry(attempts=3, first_pause_s=1, longest_pause_s=1.5)
    first, second = retry.pause_s(1, status), retry.pause_s(2, status)
    assert first is not None
    assert second is not None
    assert 0.5 <= first <= 1
    assert 0.75 <= second <= 1.5
    assert retry.pause_s(3, status) is None
    assert NEVER.pause_s(1, status) is None


@pytest.mark.parametrize("status", [None, 101, 200, 201, 400, 401, 403, 404, 501])
def test_what_stays_is_not(status: int | None) -> None:
    assert Retry().pause_s(1, status) is None


@pytest.mark.parametrize(
    ("asked", "pause"),
    [("0", 0), ("3", 3), (" 4", 4), ("9", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)],
    ids=["now", "seconds", "spaced", "longer-than-we-wait", "past"],
)
def test_retry_after(asked: str, pause: float | None) -> None:
    assert Retry(longest_pause_s=8).pause_s(1, 503, asked) == pause


def test_retry_after_as_a_date() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=5), usegmt=True)
    pause = Retry().pause_s(1, 429, until)
    assert pause is not None
    assert 3 < pause <= 5


def test_retry_after_that_says_nothing() -> None:
    assert Retry(first_pause_s=1).pause_s(1, 429, "soon") == pytest.approx(0.75, abs=0.25)
