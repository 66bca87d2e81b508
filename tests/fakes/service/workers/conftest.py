"""A fake of two workers, and how to see what they do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from realtime_harness.lab import Lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture(scope="session")
def shared() -> Iterator[dict[str, Any]]:
    """Start a fake for all tests of this folder; return what it says when it is ready."""
    with Lab() as lab:
        yield lab.start(["fake", "--port=0", "--workers=2"]).ready


@pytest.fixture
async def client(shared: dict[str, Any], client_of: Callable[[dict[str, Any]], Any]) -> Any:
    """Return a client of the fake, in which nothing is left of earlier tests."""
    client = client_of(shared)
    for method, path in (("POST", "/reset"), ("PUT", "/switches"), ("PUT", "/script")):
        assert (await client.control(method, path)).status_code == 200
    return client


@pytest.fixture
def until_gone() -> Callable[..., None]:
    """Return a function that waits until processes are gone, by their ids."""

    def is_gone(pid: int) -> bool:
        try:
            os.kill(pid, 0)
            # Nobody may be there to take note of the end of an orphan.
            return ") Z " in Path(f"/proc/{pid}/stat").read_text()
        except (ProcessLookupError, FileNotFoundError):
            return True

    def until_gone(*pids: int, timeout_s: float = 8.0) -> None:
        deadline = time.monotonic() + timeout_s
        while left := [pid for pid in pids if not is_gone(pid)]:
            assert time.monotonic() < deadline, f"still there: {left}"
            time.sleep(0.02)

    return until_gone
