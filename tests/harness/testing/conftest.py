from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from realtime_harness.testing.evidence import Evidence


@dataclass
class Log:
    """Writes into evidence as the fake's journal does."""

    evidence: Evidence = field(default_factory=Evidence)
    count: int = 0

    def add(self, direction: str, kind: str, data: dict[str, Any], on: str = "client") -> None:
        entry = {
            "seq": self.count,
            "t_ns": self.count,
            "lane": "http" if kind in {"request", "response"} else "ws",
            "connection": on,
            "session_id": None,
            "direction": direction,
            "kind": kind,
            "data": data,
        }
        self.count += 1

        class Record:
            def entries(self, seq: int, start_ns: int) -> Iterator[dict[str, Any]]:
                yield entry

        self.evidence.add(Record())

    def sent(self, type: str, on: str = "client", **data: Any) -> None:
        self.add("sent", "event", {"type": type, **data}, on)

    def received(self, type: str, **data: Any) -> None:
        self.add("received", "event", {"type": type, **data})

    def request(self, method: str, path: str, body: Any = None) -> None:
        self.add("sent", "request", {"method": method, "path": path, "body": body}, "http")


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def said(log: Log) -> Callable[..., Log]:
    """Writes events that were sent, by their types."""

    def write(*types: str) -> Log:
        for type in types:
            log.sent(type)
        return log

    return write
