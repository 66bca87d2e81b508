from __future__ import annotations

import json
from pathlib import Path

import pytest

from realtime_harness.evidence import Journal, Recorder, read_entries


def test_lines_are_there_before_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "below" / "a.jsonl"
    with Journal(path) as journal:
        journal.append({"a": 1})
        journal.append({"ä": None})
        assert path.read_text(encoding="utf-8") == '{"a":1}\n{"ä":null}\n'


def test_two_writers_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with Journal(path) as one, Journal(path) as two:
        for number in range(3):
            one.append({"one": number})
            two.append({"two": number})
    assert len(path.read_text().splitlines()) == 6


def test_closed_journal_refuses(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.jsonl")
    journal.close()
    journal.close()
    with pytest.raises(ValueError, match="closed"):
        journal.append({})


def test_what_is_written_can_be_read_also_when_torn(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with Journal(path) as journal:
        recorder = Recorder(sink=lambda entry: journal.append(entry.to_json()))
        recorder.note("one")
        recorder.state("client", "ice", "new")
    whole = read_entries(path)
    assert whole.values == recorder.entries
    assert not whole.problems
    path.write_bytes(path.read_bytes()[:-5])
    torn = read_entries(path)
    assert torn.values == recorder.entries[:1]
    assert len(torn.problems) == 1


def test_bad_unicode_is_written_too(tmp_path: Path) -> None:
    with Journal(tmp_path / "a.jsonl") as journal:
        journal.append({"text": "\ud83d"})
        journal.append({"text": "ä"})
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["\ud83d", "ä"]
