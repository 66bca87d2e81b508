from __future__ import annotations

from typing import Any

import pytest

from realtime_fakes.client_events import EVENTS, EVENTS_OF_CALLS, NAMES, parse
from realtime_fakes.errors import ApiError
from realtime_fakes.shapes import check

CLEAR = {"type": "output_audio_buffer.clear"}


def test_a_frame_holds_an_event() -> None:
    assert parse('{"type":"response.cancel"}') == {"type": "response.cancel"}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        pytest.param(b"{}", "invalid_event", id="binary"),
        pytest.param("", "invalid_json", id="empty"),
        pytest.param("[" * 2000, "invalid_json", id="too-deep"),
        pytest.param('{"type":"\\ud800"}', "invalid_json", id="half-a-character"),
        pytest.param("null", "invalid_event", id="null"),
        pytest.param('[{"type":"response.cancel"}]', "invalid_event", id="list"),
    ],
)
def test_what_is_no_event_is_refused(frame: str | bytes, code: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse(frame)
    assert caught.value.code == code


def test_only_a_call_has_an_output_buffer() -> None:
    assert check(EVENTS_OF_CALLS, CLEAR) == CLEAR
    with pytest.raises(ApiError) as caught:
        check(EVENTS, CLEAR)
    assert caught.value.param == "type"


@pytest.mark.parametrize("name", NAMES)
def test_every_event_is_known_and_takes_no_field_of_others(name: str) -> None:
    event: dict[str, Any] = {"type": name, "bogus": 1}
    with pytest.raises(ApiError) as caught:
        check(EVENTS, event)
    known = caught.value.code in ("unknown_parameter", "missing_required_parameter")
    assert known or "not supported in a session" in caught.value.message
