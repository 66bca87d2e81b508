from __future__ import annotations

from typing import Any

from realtime_harness.contract.rules import STREAM_RULES
from realtime_harness.contract.stream import SplitEvidence, streams
from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane


def entry(
    seq: int,
    data: dict[str, Any],
    *,
    lane: Lane = Lane.WEBSOCKET,
    connection: str = "client",
    direction: Direction = Direction.RECEIVED,
    kind: Kind = Kind.EVENT,
) -> Entry:
    return Entry(
        seq=seq,
        t_ns=seq,
        lane=lane,
        connection=connection,
        direction=direction,
        kind=kind,
        data=data,
    )


def test_what_came_is_split_by_connection() -> None:
    item = {"type": "conversation.item.create", "item": {"id": "item_1"}}
    evidence = [
        entry(0, {"type": "session.created"}),
        entry(1, {"type": "session.created"}, lane=Lane.SIDEBAND, connection="sideband"),
        entry(2, item, direction=Direction.SENT),
        entry(3, item, direction=Direction.SENT),
        entry(4, {"text": "no event"}, kind=Kind.RAW),
        entry(5, {"status": 200}, lane=Lane.HTTP, kind=Kind.RESPONSE),
    ]
    client, sideband = streams(evidence)
    assert [each.seq for each in client.frames] == [0, 4]
    assert [each.seq for each in client.events] == [0]
    assert client.repeated == {"item_1"}
    assert not client.joins_late
    assert [each.seq for each in sideband.events] == [1]
    assert sideband.joins_late


def test_the_events_of_a_response_are_together() -> None:
    (stream,) = streams(
        [
            entry(0, {"type": "response.output_text.delta", "response_id": "resp_2"}),
            entry(1, {"type": "response.created", "response": {"id": "resp_1"}}),
            entry(2, {"type": "response.done", "response": {"id": "resp_2"}}),
            entry(
                3, {"type": "response.done", "response": {"id": "resp_1", "status": "completed"}}
            ),
            entry(4, {"type": "response.done", "response": {"id": "resp_1", "status": "failed"}}),
            entry(5, {"type": "rate_limits.updated"}),
        ]
    )
    second, first = stream.responses
    assert (second.id, second.created, second.done.seq) == ("resp_2", None, 2)
    assert [each.seq for each in first.entries] == [1, 3, 4]
    assert (first.created.seq, first.done.seq, first.completed) == (1, 3, True)


def test_evidence_is_taken_apart_once_for_all_rules(recordings: Any) -> None:
    plain = recordings.evidence("xai_audio_out_turn")
    evidence = SplitEvidence(plain)
    before = [(stream, stream.events, stream.responses) for stream in streams(evidence)]
    assert [rule.judge(evidence) for rule in STREAM_RULES] == [
        rule.judge(plain) for rule in STREAM_RULES
    ]
    for (stream, events, responses), again in zip(before, streams(evidence), strict=True):
        assert again is stream
        assert again.events is events
        assert again.responses is responses


def test_a_session_that_translates_is_judged_by_its_own_contract() -> None:
    session = {
        "type": "translation",
        "id": "sess_1",
        "model": "gpt-realtime-translate",
        "expires_at": 1,
        "audio": {},
    }
    created = {"type": "session.created", "event_id": "event_1", "session": session}
    sound = {"type": "session.output_audio.delta", "event_id": "event_2", "delta": 3}
    spoken = {"type": "session.input_audio_buffer.append", "audio": "AAAA"}
    evidence = [
        entry(0, created),
        entry(1, spoken, direction=Direction.SENT),
        entry(2, sound),
        entry(3, {"type": "response.created", "event_id": "event_3"}),
    ]
    found = {rule.check.id: [f.seq for f in rule.judge(evidence)] for rule in STREAM_RULES}
    assert {check: seqs for check, seqs in found.items() if seqs} == {
        "rt.wire.event-schema": [2],
        "rt.wire.event-types-known": [3],
    }
