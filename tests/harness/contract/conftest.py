from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane

RECORDINGS = Path(__file__).parents[4] / "shared" / "recordings"


class Recordings:
    """Recorded traffic of real endpoints, where it is at hand."""

    def events(self, name: str) -> list[tuple[Direction, dict[str, Any]]]:
        """Return the events of a recording in wire order; skip the test where it is absent."""
        path = RECORDINGS / f"{name}.yaml"
        if not path.exists():
            pytest.skip(f"no recording at {path}")
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return [
            (Direction(interaction["direction"]), interaction["data"])
            for interaction in document["interactions"]
            if interaction["kind"] == "message"
        ]

    def evidence(self, name: str) -> list[Entry]:
        """Return a recording as evidence."""
        lane = Lane.SIDEBAND if "sideband" in name else Lane.WEBSOCKET
        return [
            Entry(
                seq=seq,
                t_ns=seq,
                lane=lane,
                connection="client",
                direction=direction,
                kind=Kind.EVENT,
                data=data,
            )
            for seq, (direction, data) in enumerate(self.events(name))
        ]


@pytest.fixture(scope="session")
def recordings() -> Recordings:
    return Recordings()
