from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def project() -> Path:
    """The folder of the project: the checkout or the unpacked source distribution."""
    return Path(__file__).resolve().parents[2]
