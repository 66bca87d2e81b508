from __future__ import annotations

import pytest

from realtime_fakes.errors import CATALOGUE, ApiError, api_error

NAMES = [
    "call_id",
    "current",
    "event",
    "expected",
    "found",
    "item_id",
    "limit",
    "minutes",
    "model",
    "prompt_id",
    "reason",
    "response_id",
    "supported",
    "version",
]


def test_a_refusal_is_a_body_and_an_event() -> None:
    error = api_error("unknown_parameter", param="session.bogus")
    said = {
        "message": "Unknown parameter: 'session.bogus'.",
        "type": "invalid_request_error",
        "param": "session.bogus",
        "code": "unknown_parameter",
    }
    assert error.status == 400
    assert error.body() == {"error": said}
    assert error.event("event_1", "mine") == {
        "type": "error",
        "event_id": "event_1",
        "error": {**said, "event_id": "mine"},
    }
    assert error.event("event_1")["error"]["event_id"] is None


def test_a_row_may_have_no_code() -> None:
    assert api_error("item_truncate_not_audio").code is None


def test_a_row_may_fix_its_param() -> None:
    assert api_error("item_truncate_too_late", found=1, limit=2).param == "audio_end_ms"


def test_what_is_quoted_is_cut_short() -> None:
    error = api_error("item_delete_invalid_item_id", item_id="x" * 100_000)
    assert len(error.message) < 2000


def test_it_reads_as_code_and_message() -> None:
    assert str(ApiError("no", code="nope")) == "nope: no"
    assert str(ApiError("no", code=None)) == "invalid_request_error: no"


@pytest.mark.parametrize("row", CATALOGUE)
def test_every_row_can_be_said(row: str) -> None:
    values: dict[str, object] = dict.fromkeys(NAMES, "x")
    if row == "input_audio_buffer_commit_empty":
        values |= {"limit": 100, "found": 0.0}
    error = api_error(row, param="p", **values)
    assert error.code == (row if CATALOGUE[row].code == "" else CATALOGUE[row].code)
    assert "{" not in error.message
