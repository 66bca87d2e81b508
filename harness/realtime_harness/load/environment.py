"""What a run was made on: what figures depend on, and nothing that tells whose machine it is."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from realtime_harness import __version__

__all__ = ["environment"]

_PACKAGES = ("aiortc", "locust", "orjson", "uvloop", "websockets")
"""What makes load, or makes it fast."""


def environment() -> dict[str, Any]:
    """Return it as plain values. There is neither a host's name nor a path in it."""
    return {
        "realtime-harness": __version__,
        "python": platform.python_version(),
        # Not platform.node(), which is the name of the machine.
        "machine": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": _memory_gb(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def _cpu() -> str:
    """Return the model of the processor; empty where that is not known."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


def _memory_gb() -> float | None:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None
    return round(size / 1e9, 1)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
