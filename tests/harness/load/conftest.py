from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from realtime_harness.lab import Lab
from realtime_harness.load.profile import Profile, find
from realtime_harness.targets.target import Target

_AT_ONCE = 4
_LONGEST_S = 60.0


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture(scope="session")
def fake(lab: Lab) -> Target:
    return lab.fake()


AtOnce = Callable[[Mapping[str, Callable[[], Awaitable[Any]]]], dict[str, Any]]


@pytest.fixture(scope="session")
def at_once() -> AtOnce:
    """Carries coroutines out at the same time, as each of them mostly waits.

    What one of them raises takes the place of its result.
    """

    async def all_of(jobs: Mapping[str, Callable[[], Awaitable[Any]]]) -> dict[str, Any]:
        room = asyncio.Semaphore(_AT_ONCE)

        async def one(job: Callable[[], Awaitable[Any]]) -> Any:
            async with room:
                return await asyncio.wait_for(job(), _LONGEST_S)

        found = await asyncio.gather(*map(one, jobs.values()), return_exceptions=True)
        return dict(zip(jobs, found, strict=True))

    return lambda jobs: asyncio.run(all_of(jobs))


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
