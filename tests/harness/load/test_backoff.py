from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from realtime_harness.clients.signaling import HttpAnswer
from realtime_harness.errors import ConnectionRefused, TargetViolation
from realtime_harness.evidence import Direction, Entry, Kind, Lane
from realtime_harness.load.backoff import LONGEST_S, USUAL_S, stay_away_s


def refused(body: str = "", **headers: str) -> ConnectionRefused:
    answer = HttpAnswer(
        status=429,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body.encode(),
        seq=0,
        elapsed_ms=1.0,
    )
    return ConnectionRefused(lane="client", status=429, detail="", answer=answer)


def seen(*events: dict) -> list[Entry]:
    return [
        Entry(
            seq=seq,
            t_ns=seq,
            lane=Lane.WEBSOCKET,
            connection="client",
            direction=Direction.RECEIVED,
            kind=Kind.EVENT,
            data=event,
        )
        for seq, event in enumerate(events)
    ]


def error(message: object) -> dict:
    return {"type": "error", "error": {"code": "rate_limit_exceeded", "message": message}}


def done(message: object) -> dict:
    details = {"type": "failed", "error": {"code": "rate_limit_exceeded", "message": message}}
    return {"type": "response.done", "response": {"status": "failed", "status_details": details}}


def limits(**resets: float) -> dict:
    told = [
        {"name": name, "limit": 9, "remaining": 0, "reset_seconds": reset}
        for name, reset in resets.items()
    ]
    more = {"name": "more", "limit": 9, "remaining": 5, "reset_seconds": 50.0}
    return {"type": "rate_limits.updated", "rate_limits": [*told, more]}


@pytest.mark.parametrize(
    ("refusal", "seconds"),
    [
        (refused(retry_after="7"), 7.0),
        (refused(retry_after_ms="250", retry_after="7"), 0.25),
        (refused(retry_after="soon"), USUAL_S),
        (refused(retry_after="86400"), LONGEST_S),
        (refused('{"error":{"message":"Please try again in 1.4s."}}'), 1.4),
        (refused(), USUAL_S),
    ],
    ids=["seconds", "milliseconds", "no-time", "too-long", "in-its-text", "nothing"],
)
def test_what_a_refusal_says(refusal: ConnectionRefused, seconds: float) -> None:
    assert stay_away_s(refusal, []) == seconds


def test_a_date() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < stay_away_s(refused(retry_after=at), []) <= 30


@pytest.mark.parametrize(
    ("events", "seconds"),
    [
        ([error("Limit 1, Used 1. Please try again in 1.4s.")], 1.4),
        ([error("Please try again in 300ms.")], 0.3),
        ([error("Please try again in 20 seconds.")], 20.0),
        ([error("Please try again in 1m26s.")], LONGEST_S),
        ([error("Please try again in 6m0s.")], LONGEST_S),
        ([error("Please try again later.")], USUAL_S),
        ([error(None)], USUAL_S),
        ([done("Please try again in 2s.")], 2.0),
        ([{"type": "response.done", "response": "odd"}], USUAL_S),
        ([limits(tokens=3.0, requests=4.5)], 4.5),
        ([limits()], USUAL_S),
        ([{"type": "rate_limits.updated", "rate_limits": "odd"}], USUAL_S),
        ([error("Please try again in 5s."), error("Please try again in 4s.")], 4.0),
        ([error("Please try again in 5s."), {"type": "response.created"}], 5.0),
        ([], USUAL_S),
    ],
)
def test_what_events_say(events: list[dict], seconds: float) -> None:
    assert stay_away_s(TargetViolation("refused"), seen(*events)) == seconds


def test_not_all_come_back_at_once() -> None:
    asked = refused(retry_after="10")
    assert [stay_away_s(asked, [], place=place) for place in (0.0, 0.5)] == [10.0, 10.5]
