"""The journal as a data structure: order, names, bounds."""

from __future__ import annotations

import tracemalloc

import orjson
import pytest

from realtime_fakes.audience import Attachment, Role
from realtime_fakes.journal import OVERHEAD, Journal

WEBSOCKET = Attachment(Role.WEBSOCKET, "client")


def brief(journal, **query):
    return [
        (e["seq"], e["connection"], e["direction"], e["kind"]) for e in journal.entries(**query)
    ]


@pytest.mark.parametrize(
    ("role", "lane"),
    [(Role.WEBSOCKET, "ws"), (Role.DATA_CHANNEL, "data-channel"), (Role.SIDEBAND, "sideband")],
    ids=lambda value: getattr(value, "value", value),
)
def test_roles_are_lanes(role, lane):
    journal = Journal()
    track = journal.open("sess_1", Attachment(role, "client"))
    journal.sent(track, '{"type": "a"}')
    assert [entry["lane"] for entry in journal.entries()] == ["transport", lane]


def test_entries_are_numbered_through_batches():
    journal = Journal()
    track = journal.open("sess_1", WEBSOCKET)
    journal.sent(track, '{"type": "a"}')
    journal.received(track, [b'{"type": "b"}', b'{"type": "c"}'])
    journal.close(track, "client")
    assert brief(journal) == [
        (0, "client", "note", "state"),
        (1, "client", "sent", "event"),
        (2, "client", "received", "event"),
        (3, "client", "received", "event"),
        (4, "client", "note", "state"),
    ]
    assert brief(journal, after=2) == brief(journal)[3:]
    assert journal.entries()[3]["data"] == {"type": "c"}


def test_connections_have_names_of_their_own():
    journal = Journal()
    tracks = [journal.open(f"sess_{number}", WEBSOCKET) for number in range(3)]
    assert [track.connection for track in tracks] == ["client", "client-2", "client-3"]
    assert len(journal.entries(session_id="sess_1")) == 1


@pytest.mark.parametrize(
    ("frame", "data"),
    [
        ("{", {"text": "{"}),
        ("[]", {"text": "[]"}),
        (b"\xff", {"bytes": 1, "why": "not a JSON object"}),
    ],
    ids=["torn", "array", "binary"],
)
def test_what_is_no_event_is_kept_raw(frame, data):
    journal = Journal()
    journal.sent(journal.open("sess_1", WEBSOCKET), frame)
    assert journal.entries()[-1]["kind"] == "raw"
    assert journal.entries()[-1]["data"] == data


def test_frames_are_kept_without_the_buffers_that_they_were_encoded_in():
    journal = Journal()
    track = journal.open("sess_1", WEBSOCKET)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(100):
            journal.received(track, [orjson.dumps({"type": "a", "text": f"{number:100}"})])
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / 100 < 130 + OVERHEAD


def test_headers_that_are_no_text_can_be_written_down():
    journal = Journal()
    journal.request({"headers": {"user-agent": "\udcff"}})
    assert journal.entries()[0]["data"] == {"headers": {"user-agent": "\udcff"}}


def test_the_oldest_go_first():
    journal = Journal(limit_bytes=1000)
    track = journal.open("sess_1", WEBSOCKET)
    for _ in range(10):
        journal.sent(track, "")
    assert journal.dropped > 0
    kept = journal.entries()
    assert [entry["seq"] for entry in kept] == list(range(journal.dropped, 11))
    assert len(kept) < 4


def test_listeners_hear_each_record():
    journal, heard = Journal(), []
    journal.listen(heard.append)
    journal.received(journal.open("sess_1", WEBSOCKET), [b"{}", b"{}"])
    assert [record.number for record in heard] == [1, 2]


def test_clearing_forgets_what_was_said():
    journal = Journal()
    track = journal.open("sess_1", WEBSOCKET)
    journal.clear()
    journal.sent(track, "{}")
    assert brief(journal) == [(1, "client", "sent", "event")]
