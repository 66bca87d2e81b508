from __future__ import annotations

from pathlib import Path

import pytest

from realtime_harness.errors import UsageError
from realtime_harness.requirements import RequirementSet, requirement_set, requirement_sets


@pytest.fixture
def sets(tmp_path: Path) -> list[RequirementSet]:
    (tmp_path / "x-2026-09.txt").write_text("rt.a.x\nrt.a.y\n")
    (tmp_path / "x-2027-01.txt").write_text("rt.a.x\nrt.a.z\n")
    return requirement_sets(tmp_path)


def test_the_newest_is_the_default(sets: list[RequirementSet]) -> None:
    newest = requirement_set(None, sets)
    assert newest is not None
    assert newest.name == "x-2027-01"
    assert "rt.a.z" in newest
    assert "rt.a.y" not in newest


def test_a_set_by_name(sets: list[RequirementSet]) -> None:
    assert list(requirement_set("x-2026-09", sets)) == ["rt.a.x", "rt.a.y"]


def test_an_unknown_set_is_refused_with_the_known_ones(sets: list[RequirementSet]) -> None:
    with pytest.raises(UsageError, match="'x-2025'; there are x-2026-09, x-2027-01"):
        requirement_set("x-2025", sets)


def test_no_sets_at_all() -> None:
    assert requirement_set(None, []) is None
