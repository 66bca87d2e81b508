"""A project like any other, in the environment that holds us with all extras and its own needs.

The environment of the tests is that environment: the wheel with everything it may bring, the
``openai`` SDK, Locust and pytest-asyncio, put together by one resolver.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

NEIGHBOURS = ("aiortc", "locust", "openai", "playwright", "pytest-asyncio", "realtime-harness")

FILES = {
    "reports/__init__.py": "OURS = 'reports'\n",
    "fakes/__init__.py": "OURS = 'fakes'\n",
    "scenarios.py": "OURS = 'scenarios'\n",
    "harness.py": "OURS = 'harness'\n",
    "pyproject.toml": """\
[tool.pytest]
strict = true
pythonpath = ["."]
filterwarnings = ["error"]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
""",
    "conftest.py": """\
import pytest


def pytest_addoption(parser):
    parser.addoption("--target")
    parser.addoption("--suite")


@pytest.fixture
def target():
    return "ours"


@pytest.fixture
def run():
    return "ours"
""",
    "test_shop.py": """\
import asyncio

import fakes
import harness
import openai
import reports
import scenarios


def test_names_are_ours(target, run):
    assert [fakes.OURS, harness.OURS, reports.OURS, scenarios.OURS] == [
        "fakes", "harness", "reports", "scenarios"
    ]
    assert target == run == "ours"


async def test_own_loop():
    await asyncio.sleep(0)


async def test_sdk():
    async with openai.AsyncOpenAI(api_key="none", base_url="http://127.0.0.1:1/v1") as client:
        assert client.realtime is not None
""",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_is_installed(neighbour: str) -> None:
    assert distribution(neighbour).version


@pytest.mark.parametrize("arguments", [[], ["-n", "1"]], ids=["plain", "xdist"])
def test_a_projects_own_tests_run(shop: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=shop,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
