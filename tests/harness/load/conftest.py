from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from realtime_harness.lab import Lab
from realtime_harness.load.profile import Profile, find
from realtime_harness.targets.target import Target


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture(scope="session")
def fake(lab: Lab) -> Target:
    return lab.fake()


@pytest.fixture
def profile() -> Callable[..., Profile]:
    """A built-in profile with some values changed."""
    from dataclasses import replace

    def make(name: str = "text", **changes: object) -> Profile:
        return replace(find(name), **changes)

    return make


@pytest.fixture
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of which modules can be imported, here and by the processes that we start."""
    folder = tmp_path / "importable"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    inherited = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(folder), inherited))))
    return folder
