"""What is installed, what each extra would add, and whether a fake starts here."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from realtime_harness.errors import HarnessError
from realtime_harness.lab import Lab

__all__ = ["Finding", "examine", "find_chromium"]

_BASE = ("aiohttp", "httpx2", "jsonschema-rs", "numpy", "orjson", "pytest", "uvloop", "websockets")
_EXTRAS = {
    "webrtc": ("aiortc", "calls, in the fake and in the suites"),
    "browser": ("playwright", "calls made by a real Chromium"),
    "load": ("locust", "plans and distributes load"),
}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Finding(NamedTuple):
    """One line of the examination."""

    what: str
    ok: bool | None
    """``None`` for something optional that is not there."""
    detail: str


def examine() -> Iterator[Finding]:
    """Yield what is found, one thing after the other; the last one starts a fake."""
    yield Finding("python", sys.version_info >= (3, 11), platform.python_version())
    for package in _BASE:
        found = _version(package)
        optional = package == "uvloop"
        ok = True if found else (None if optional else False)
        yield Finding(package, ok, found or "not installed")
    for extra, (package, use) in _EXTRAS.items():
        found = _version(package)
        detail = f"{package} {found}" if found else f"install realtime-harness[{extra}] for {use}"
        yield Finding(f"extra {extra}", True if found else None, detail)
    browser = find_chromium()
    yield Finding(
        "chromium",
        True if browser else None,
        browser or "none on the PATH; RT_CHROMIUM may name one",
    )
    yield _fake()


def find_chromium() -> str | None:
    """Return the path of a Chromium: the one ``RT_CHROMIUM`` names, or the first on the PATH."""
    named = os.environ.get("RT_CHROMIUM")
    return named or next(filter(None, map(shutil.which, _BROWSERS)), None)


def _fake() -> Finding:
    started = time.perf_counter()
    try:
        with Lab() as lab:
            target = lab.fake()
            elapsed = time.perf_counter() - started
    except HarnessError as error:
        return Finding("fake", False, str(error))
    return Finding("fake", True, f"accepts connections at {target.base_url} after {elapsed:.1f} s")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
