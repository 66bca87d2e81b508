"""The base install works: what belongs to an extra is imported when it is used, not before."""

from __future__ import annotations

import subprocess
import sys

import pytest

# The modules of third parties that only an extra brings.
EXTRAS = ("aioice", "aiortc", "av", "gevent", "locust", "playwright")

BLOCKED = f"""
import importlib, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
importlib.import_module(sys.argv[1])
"""


def loaded_by(module: str) -> set[str]:
    """Return the names of all modules that importing one brings."""
    script = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "realtime_fakes.server",
        "realtime_harness.cli",
        "realtime_harness.pytest_plugin",
        "realtime_harness.runner",
        "realtime_reports",
    ],
)
def test_entrances_need_no_extra(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BLOCKED, module],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_server_is_lazy() -> None:
    """Most of a server's memory would be what only calls, sound and TLS need."""
    heavy = {"aiortc", "av", "cryptography", "numpy", "trustme"}
    assert not heavy & loaded_by("realtime_fakes.server")


def test_plugin_is_lazy() -> None:
    """Everybody's pytest loads it at start, so it must not load what only scenarios need."""
    heavy = {
        "aiohttp",
        "aiortc",
        "httpx2",
        "jinja2",
        "jsonschema_rs",
        "numpy",
        "rich",
        "websockets",
    }
    assert not heavy & loaded_by("realtime_harness.pytest_plugin")
