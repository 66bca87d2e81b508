from __future__ import annotations

import pytest

from realtime_harness.contract.pattern import pattern, shapes
from realtime_harness.contract.schemas import server_event_paths


def test_pattern() -> None:
    event = {"a": 1, "b": None, "c": [{"d": "x"}, None], "e": True}
    assert pattern(event) == {"a": "int", "b": None, "c": [{"d": "str"}, None], "e": "bool"}


def test_shapes() -> None:
    events = [
        {"type": "t", "item": {"status": "completed", "n": [1.5]}},
        {"type": "t", "item": None},
        {"type": "u", "ok": True},
    ]
    found = shapes(events)
    assert list(found) == ["t", "u"]
    assert found["t"].count == 2
    assert found["t"].kinds == {
        "type": {"string"},
        "item": {"object", "null"},
        "item.status": {"string"},
        "item.n": {"array"},
        "item.n[]": {"number"},
    }
    assert found["t"].values == {"type": {"t"}, "item.status": {"completed"}}
    assert found["u"].kinds["ok"] == {"boolean"}


@pytest.mark.parametrize(
    ("event", "path"),
    [
        ("response.done", "response.output[].content[].transcript"),
        ("response.done", "response.usage.input_token_details.cached_tokens_details.text_tokens"),
        ("session.created", "session.audio.input.turn_detection.threshold"),
        ("session.created", "session.tools[].parameters.*"),
    ],
)
def test_paths_of_the_contract(event: str, path: str) -> None:
    assert path in server_event_paths(event)
