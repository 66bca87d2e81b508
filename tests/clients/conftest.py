"""A fake service in a process of its own, for clients that nobody here wrote."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from realtime_harness.lab import Lab
from realtime_harness.targets.target import Target


@pytest.fixture(scope="session")
def fake() -> Iterator[Target]:
    with Lab() as lab:
        yield lab.fake()
