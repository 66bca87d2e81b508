from __future__ import annotations

from typing import Any

import pytest

from realtime_harness.cost import LIKELY_USD
from realtime_harness.evidence import Direction, Kind, Lane
from realtime_harness.load.purse import Account, Bill, Purse
from realtime_harness.load.recent import RecentRecorder
from realtime_harness.targets.target import Target

TARGET = Target(name="t", base_url="http://127.0.0.1:1/v1", api_key="sk-t", model="gpt-realtime-2")
USD = 0.024
"""What a thousand tokens of text cost that it says."""


def done(number: int) -> dict[str, Any]:
    usage = {"output_tokens": 1000, "output_token_details": {"text_tokens": 1000}}
    return {"type": "response.done", "response": {"id": f"resp_{number}", "usage": usage}}


@pytest.mark.parametrize(
    ("allowance_usd", "begun"),
    [(None, 5), (0.0, 0), (LIKELY_USD / 2, 0), (2.5 * LIKELY_USD, 2)],
)
def test_before_anything_is_known_a_response_is_taken_for_a_likely_one(
    allowance_usd: float | None, begun: int
) -> None:
    purse = Purse(TARGET, allowance_usd)
    assert [purse.begin() for _ in range(5)] == [True] * begun + [False] * (5 - begun)
    assert purse.take().is_exhausted is (begun < 5)


def test_what_is_under_way_is_taken_into_account() -> None:
    purse = Purse(TARGET, 10 * USD)
    assert purse.begin()
    purse.pay(2 * USD)
    purse.end(2 * USD)
    # Each may cost as much as the first one: four of them would come to ten.
    assert [purse.begin() for _ in range(4)] == [True] * 4
    assert not purse.begin()
    purse.pay(0.5 * USD)
    purse.end(0.5 * USD)
    assert not purse.begin()
    for _ in range(2):
        purse.end(0.0)
    assert purse.begin()


def test_a_bill_is_told_once_and_adds_up() -> None:
    purse = Purse(TARGET, 1.0)
    whole = Bill()
    for _ in range(2):
        purse.pay(USD)
        whole.merge(Bill(*purse.take().to_json()))
        whole.merge(purse.take())
    assert whole.usd == pytest.approx(2 * USD)
    assert whole.charges == 2
    assert not whole.is_exhausted


def test_a_session_is_charged_for_what_its_evidence_says() -> None:
    recorder, purse = RecentRecorder(), Purse(TARGET)
    account = recorder.account = Account(purse)
    for connection in ("client", "sideband"):
        for number in range(3):
            recorder.record(
                Lane.WEBSOCKET, connection, Direction.RECEIVED, Kind.EVENT, done(number)
            )
    recorder.record(
        Lane.WEBSOCKET, "client", Direction.RECEIVED, Kind.EVENT, {"type": "response.created"}
    )
    assert account.usd == pytest.approx(3 * USD)
    bill = purse.take()
    assert bill.usd == pytest.approx(3 * USD)
    assert bill.charges == 3
