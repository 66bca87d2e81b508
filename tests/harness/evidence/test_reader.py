from __future__ import annotations

import json
from pathlib import Path

import pytest

from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane
from realtime_harness.evidence.reader import read_entries, read_lines

ENTRY = Entry(
    seq=0,
    t_ns=12,
    lane=Lane.SIDEBAND,
    connection="sideband-2",
    direction=Direction.RECEIVED,
    kind=Kind.EVENT,
    data={"type": "error"},
)
LINE = json.dumps(ENTRY.to_json()).encode() + b"\n"


def test_entries_come_back_as_they_were_written(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_bytes(LINE * 2)
    assert read_entries(tmp_path / "one.jsonl") == ([ENTRY, ENTRY], [])


@pytest.mark.parametrize(
    ("content", "count", "problems"),
    [
        pytest.param(b"", 0, [], id="empty"),
        pytest.param(LINE + LINE[:20], 1, ["line 2 of x.jsonl is cut off"], id="torn"),
        pytest.param(LINE.rstrip(), 1, [], id="whole without its newline"),
        pytest.param(b"\n" + LINE + b"\n\n", 1, [], id="blank lines"),
        pytest.param(
            b"[]\n" + LINE,
            1,
            ["line 1 of x.jsonl cannot be used (TypeError('not an object'))"],
            id="no object",
        ),
        pytest.param(
            LINE.replace(b"sideband", b"attic", 1) + LINE,
            1,
            ["line 1 of x.jsonl cannot be used (ValueError(\"'attic' is not a valid Lane\"))"],
            id="unknown lane",
        ),
    ],
)
def test_what_cannot_be_used_is_said_and_passed_over(
    tmp_path: Path, content: bytes, count: int, problems: list[str]
) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    lines = read_entries(tmp_path / "x.jsonl")
    assert len(lines.values) == count
    assert lines.problems == problems


@pytest.mark.parametrize(
    ("line", "value"),
    [
        pytest.param(rb'{"text": "\ud83d"}', "\ud83d", id="lone surrogate"),
        pytest.param(b'{"text": "\xff"}', "\ufffd", id="no UTF-8"),
    ],
)
def test_bad_unicode_is_evidence_like_any_other(tmp_path: Path, line: bytes, value: str) -> None:
    (tmp_path / "x.jsonl").write_bytes(line + b"\n")
    assert read_lines(tmp_path / "x.jsonl", dict) == ([{"text": value}], [])


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    lines = read_entries(tmp_path / "x.jsonl")
    assert lines.values == []
    assert lines.problems == ["x.jsonl cannot be read: No such file or directory"]
