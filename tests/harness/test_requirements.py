from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from realtime_harness.errors import UsageError
from realtime_harness.requirements import requirement_set


@pytest.fixture
def package(tmp_path: Path) -> ModuleType:
    module = ModuleType("suites")
    module.__path__ = [str(tmp_path)]
    folder = tmp_path / "requirements"
    folder.mkdir()
    (folder / "x-2026-09.txt").write_text("rt.a.x\nrt.a.y\n")
    (folder / "x-2027-01.txt").write_text("rt.a.x\nrt.a.z\n")
    return module


def test_the_newest_is_the_default(package: ModuleType) -> None:
    newest = requirement_set(package, None)
    assert newest.name == "x-2027-01"
    assert "rt.a.z" in newest
    assert "rt.a.y" not in newest


def test_a_set_by_name(package: ModuleType) -> None:
    assert list(requirement_set(package, "x-2026-09")) == ["rt.a.x", "rt.a.y"]


def test_an_unknown_set_is_refused_with_the_known_ones(package: ModuleType) -> None:
    with pytest.raises(UsageError, match="'x-2025'; there are x-2026-09, x-2027-01"):
        requirement_set(package, "x-2025")


def test_no_sets_at_all(tmp_path: Path) -> None:
    module = ModuleType("suites")
    module.__path__ = [str(tmp_path)]
    assert requirement_set(module, None) is None
