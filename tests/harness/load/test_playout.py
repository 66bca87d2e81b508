from __future__ import annotations

import pytest

from realtime_harness.load.playout import Piece, RtpPlayout, play_out

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


@pytest.mark.parametrize(
    ("pieces", "rtf"),
    [
        ([], None),
        ([piece(0, 200)], None),
        ([piece(0, 200), piece(0, 200), piece(0, 200)], 0.0),
        ([piece(0, 200), piece(100, 200), piece(200, 200)], 0.5),
        ([piece(0, 200), piece(300, 200), piece(600, 200)], 1.5),
    ],
    ids=["nothing", "one", "at-once", "twice-as-fast", "too-slow"],
)
def test_real_time_factor(pieces: list[Piece], rtf: float | None) -> None:
    figures = play_out(pieces).figures()
    assert figures.get("rtf") == (None if rtf is None else rtf * 1_000_000)


@pytest.mark.parametrize(
    ("packets", "underruns", "stalled_ms", "heard_ms"),
    [
        ([(0, 0), (20, 20), (40, 40)], 0, 0, 60),
        ([(0, 0), (20, 70), (40, 75), (60, 80)], 0, 0, 80),
        ([(0, 0), (20, 90), (40, 110)], 1, 10, 60),
        ([(0, 0), (40, 40)], 0, 0, 60),
        ([(0, 0), (500, 500)], 0, 0, 520),
        ([(0, 0), (40, 40), (20, 41)], 0, 0, 60),
        ([(0, 0), (0, 1)], 0, 0, 20),
    ],
    ids=["steady", "late", "too-late", "one-lost", "a-pause", "out-of-order", "twice"],
)
def test_rtp_is_played_out_behind_a_jitter_buffer(
    packets: list[tuple[int, int]], underruns: int, stalled_ms: int, heard_ms: int
) -> None:
    now_ms = 0
    rtp = RtpPlayout(48_000, lambda: now_ms * MS)
    for sent_ms, came_ms in packets:
        now_ms = came_ms
        # Where timestamps begin anew.
        rtp.packet((sent_ms * 48 - 960) % (1 << 32), b"")
    figures = rtp.playout.figures()
    assert figures["underruns"] == underruns * 1_000_000
    assert figures["stalled_ms"] == stalled_ms * MS
    assert rtp.playout.length_ns == heard_ms * MS
