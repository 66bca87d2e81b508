from __future__ import annotations

from typing import Any

from realtime_harness.evidence import Kind
from realtime_harness.testing.evidence import line, name_of


def test_it_is_a_sequence_that_grows(log: Any) -> None:
    evidence = log.evidence
    assert list(evidence) == []
    log.sent("a")
    log.received("b")
    assert len(evidence) == 2
    assert [entry.kind for entry in evidence] == [Kind.EVENT] * 2
    assert name_of(evidence[-1]) == "b"
    assert [name_of(entry) for entry in evidence[:1]] == ["a"]


def test_what_was_said(log: Any) -> None:
    log.sent("a", x=1)
    log.sent("a", x=2)
    log.received("a", x=3)
    log.request("POST", "/realtime/calls", "v=0")
    log.add("received", "response", {"status": 201}, "http")
    assert [event["x"] for event in log.evidence.sent("a")] == [1, 2]
    assert [event["x"] for event in log.evidence.received("a")] == [3]
    assert log.evidence.sent("POST /realtime/calls")[0]["body"] == "v=0"
    assert len(log.evidence.sent()) == 3
    assert log.evidence.received("201") == [{"status": 201}]


def test_lines(log: Any) -> None:
    log.sent("a", event_id="event_1", text="x" * 1000)
    (entry,) = log.evidence
    assert line(entry).startswith("#0    client     -> a {'text': 'xxx")
    assert len(line(entry)) < 250
    assert repr(log.evidence) == line(entry)
    log.sent("b", key="ek_0123456789")
    assert "ek_0123456789" not in repr(log.evidence)
