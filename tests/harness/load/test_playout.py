from __future__ import annotations

import pytest

from realtime_harness.load.playout import Piece, play_out

MS = 1_000_000


def piece(came: float, length: float, audible: float | None = None) -> Piece:
    return Piece(
        round(came * MS), round(length * MS), None if audible is None else round(audible * MS)
    )


@pytest.mark.parametrize(
    ("pieces", "audible_ms", "underruns", "stalled_ms", "gap_ms"),
    [
        ([], None, 0, 0, 0),
        ([piece(10, 200, 0)], 10, 0, 0, 0),
        ([piece(10, 200, 40)], 50, 0, 0, 0),
        ([piece(0, 200), piece(150, 200, 20)], 220, 0, 0, 150),
        ([piece(0, 200), piece(250, 200, 0)], 250, 1, 50, 250),
        ([piece(0, 100), piece(1, 100), piece(2, 100)], None, 0, 0, 1),
        ([piece(0, 100), piece(150, 100), piece(240, 100), piece(400, 100)], None, 2, 100, 160),
    ],
    ids=["nothing", "at-once", "silence-first", "buffered", "late", "burst", "twice-late"],
)
def test_playing_out(
    pieces: list[Piece],
    audible_ms: float | None,
    underruns: int,
    stalled_ms: float,
    gap_ms: float,
) -> None:
    found = play_out(pieces)
    audible_ns = None if audible_ms is None else audible_ms * MS
    assert found.first_audible_ns == audible_ns
    assert (found.underruns, found.stalled_ns, found.longest_gap_ns) == (
        underruns,
        stalled_ms * MS,
        gap_ms * MS,
    )
    assert found.length_ns == sum(each.length_ns for each in pieces)
