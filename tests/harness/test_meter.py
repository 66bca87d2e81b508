from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realtime_harness.evidence import Direction, Entry, Kind, Lane
from realtime_harness.meter import Meter
from realtime_harness.targets.target import Target

TARGET = Target(name="x", base_url="https://host/v1", api_key="abcd", model="gpt-realtime")


def done(response_id: str, audio_tokens: int) -> Entry:
    usage = {"output_token_details": {"audio_tokens": audio_tokens}}
    data: dict[str, Any] = {
        "type": "response.done",
        "response": {"id": response_id, "usage": usage},
    }
    return Entry(
        seq=0,
        t_ns=0,
        lane=Lane.WEBSOCKET,
        connection="client",
        direction=Direction.RECEIVED,
        kind=Kind.EVENT,
        data=data,
    )


def test_without_a_limit_it_only_counts(tmp_path: Path) -> None:
    meter = Meter(tmp_path, TARGET)
    meter.add(done("a", 1_000_000))
    assert meter.obstacle() == ""
    bill = meter.bill()
    meter.close()
    assert (bill["usd"], bill["charges"], bill["limit_usd"]) == (64, 1, None)
    assert "gpt-realtime is not in it" in bill["prices"]


def test_what_two_connections_saw_counts_once(tmp_path: Path) -> None:
    meter = Meter(tmp_path, TARGET)
    meter.add(done("a", 1000))
    meter.add(done("a", 1000))
    meter.close()
    assert meter.bill()["usd"] == 0.064


def test_it_says_stop_before_the_limit_is_passed(tmp_path: Path) -> None:
    meter = Meter(tmp_path, TARGET, limit_usd=0.2)
    for name in "ab":
        assert not meter.obstacle()
        meter.add(done(name, 1000))
    # $0.128 is spent, and a third one would make it $0.192.
    assert not meter.obstacle()
    meter.add(done("c", 1000))
    meter.close()
    assert "below --max-cost 0.2: about $0.1920 is spent" in meter.obstacle()


def test_limit_below_what_a_response_is_likely_to_cost(tmp_path: Path) -> None:
    meter = Meter(tmp_path, TARGET, limit_usd=0.001)
    meter.close()
    assert meter.obstacle()


def test_processes_of_a_run_spend_from_one_purse(tmp_path: Path) -> None:
    meters = [Meter(tmp_path, TARGET, limit_usd=0.3, workers=2) for _ in range(2)]
    meters[0].add(done("a", 1000))
    meters[1].add(done("b", 1000))
    assert not meters[0].obstacle()
    meters[1].add(done("c", 1000))
    for meter in meters:
        assert "what may come next costs up to $0.1280" in meter.obstacle()
        assert meter.bill()["usd"] == pytest.approx(0.192)
        meter.close()


def test_torn_line_of_another_process_is_left_for_later(tmp_path: Path) -> None:
    meter = Meter(tmp_path, TARGET)
    with (tmp_path / "costs.jsonl").open("a") as file:
        file.write('{"usd": 1, "id": "a"}\n{"us')
        file.flush()
        assert meter.bill()["usd"] == 1
        file.write('d": 2, "id": "b"}\n')
        file.flush()
        assert meter.bill()["usd"] == 3
    meter.close()


def test_model_without_a_price_is_said_so(tmp_path: Path) -> None:
    target = Target(name="x", base_url="https://host/v1", api_key="abcd", model="ours")
    meter = Meter(tmp_path, target)
    meter.close()
    assert "as ours is not in it" in meter.bill()["prices"]
