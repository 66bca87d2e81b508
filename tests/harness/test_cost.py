from __future__ import annotations

from typing import Any

import pytest

from realtime_harness.cost import PriceList, charge, price_list
from realtime_harness.evidence import Direction, Entry, Kind, Lane

PRICES = PriceList(
    date="2026-09",
    source="a test",
    tokens={
        "small": {"text_in": 1, "text_cached": 0.1, "text_out": 2, "audio_in": 10, "audio_out": 20},
        "large": {"text_in": 4, "text_out": 16, "audio_in": 32, "audio_out": 64},
    },
    minutes={"scribe": 0.006, "gpt-realtime-translate": 0.06},
)


def entry(data: dict[str, Any], direction: Direction = Direction.RECEIVED) -> Entry:
    return Entry(
        seq=0,
        t_ns=0,
        lane=Lane.WEBSOCKET,
        connection="client",
        direction=direction,
        kind=Kind.EVENT,
        data=data,
    )


def done(usage: object, response_id: str = "resp_1") -> dict[str, Any]:
    return {"type": "response.done", "response": {"id": response_id, "usage": usage}}


def usd(data: dict[str, Any], model: str = "small", direction: Direction = Direction.RECEIVED):
    found = charge(entry(data, direction), model=model, transcription_model="scribe", prices=PRICES)
    return None if found is None else pytest.approx(found.usd * 1e6)


IN = {"input_token_details": {"text_tokens": 100, "audio_tokens": 10}}


@pytest.mark.parametrize(
    ("usage", "micro_usd"),
    [
        pytest.param(IN, 200, id="text-and-sound"),
        pytest.param(
            {"output_token_details": {"text_tokens": 5, "audio_tokens": 5}}, 110, id="out"
        ),
        pytest.param(
            {
                "input_token_details": {
                    "text_tokens": 100,
                    "cached_tokens": 64,
                    "cached_tokens_details": {"text_tokens": 64},
                }
            },
            42.4,
            id="cached-are-a-part",
        ),
        pytest.param({"input_tokens": 3, "output_tokens": 2}, 70, id="no-details-are-sound"),
        pytest.param(
            {"input_tokens": 110, "input_token_details": IN["input_token_details"]}, 200, id="sums"
        ),
        pytest.param(None, 0, id="none"),
        pytest.param("free", 0, id="no-object"),
        pytest.param({"input_token_details": {"text_tokens": "9"}}, 0, id="no-number"),
        pytest.param({"input_tokens": -5}, 0, id="negative"),
    ],
)
def test_response(usage: object, micro_usd: float) -> None:
    assert usd(done(usage)) == micro_usd


def test_usage_beside_the_response() -> None:
    assert usd({**done(None), "usage": IN}) == 200


def test_unknown_model_costs_the_most() -> None:
    assert usd(done(IN), model="ours") == 100 * 4 + 10 * 32
    assert usd(done(IN), model="small-2025-08-28") == 200
    assert usd(done(IN), model="small-3") == 100 * 4 + 10 * 32


def test_transcription_by_the_minute() -> None:
    event = {
        "type": "conversation.item.input_audio_transcription.completed",
        "item_id": "item_1",
        "usage": {"type": "duration", "seconds": 10},
    }
    assert usd(event) == 1000


def test_sound_that_is_to_be_translated() -> None:
    event = {"type": "session.input_audio_buffer.append", "audio": "A" * (4 * 16_000)}
    assert usd(event, direction=Direction.SENT) == 1000
    assert usd(event) is None


def test_all_else_is_free() -> None:
    assert usd({"type": "response.created"}) is None
    assert usd(done(IN), direction=Direction.SENT) is None


def test_price_list_that_we_deliver() -> None:
    prices = price_list()
    assert prices.knows("gpt-realtime-1.5-2026-02-23")
    assert not prices.knows("name-of-a-deployment")
    assert prices.of_tokens("gpt-realtime-1.5")["text_out"] == 16
    assert prices.of_tokens("nobody-knows")["text_out"] == 24
    assert prices.source.startswith("https://")
