"""The wrapper, without the network: what it says and leaves behind when it cannot go on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell script")

TOOLS = ("cksum", "cut", "dirname", "grep", "mkdir", "mktemp", "rm", "sh", "sleep")


@pytest.fixture
def checkout(tmp_path: Path, project: Path) -> Path:
    """A folder with a space in its name, with the wrapper in it."""
    folder = tmp_path / "a check out"
    folder.mkdir()
    shutil.copy(project / "toxw", folder)
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder to be all of PATH: the tools of the shell and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (folder / tool).symlink_to(found)
    return folder


def command(path: Path, name: str, script: str) -> Path:
    """Put a shell script into the folder that is PATH."""
    file = path / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def run(checkout: Path, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "toxw", "list"],
        cwd=path,
        env={"PATH": str(path), **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_is_posix_shell(project: Path) -> None:
    subprocess.run(["sh", "-n", project / "toxw"], check=True, timeout=10)


def test_says_that_python_is_missing(checkout: Path, path: Path) -> None:
    done = run(checkout, path)
    assert done.returncode == 1
    assert "no Python >= 3.11 on PATH" in done.stderr
    assert "TOXW_PYTHON=" in done.stderr
    assert not (checkout / ".toxw").exists()


def test_passes_over_a_python_that_is_too_old(checkout: Path, path: Path) -> None:
    command(path, "python3", "exit 1")
    assert "no Python >= 3.11 on PATH" in run(checkout, path).stderr


def test_refuses_a_chosen_python_that_is_none(checkout: Path, path: Path) -> None:
    done = run(checkout, path, TOXW_PYTHON="/bin/false")
    assert done.returncode == 1
    assert "TOXW_PYTHON=/bin/false is not a Python >= 3.11" in done.stderr


def test_says_that_venv_is_missing(checkout: Path, path: Path) -> None:
    command(path, "python3", 'case "$2" in *ensurepip*) exit 1 ;; esac')
    done = run(checkout, path)
    assert done.returncode == 1
    assert "python3-venv" in done.stderr


def test_interrupted_leaves_nothing(checkout: Path, path: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    command(path, "python3", f'[ "$1" = -c ] || {{ echo venv >"{started}"; sleep 20; }}')
    with subprocess.Popen(
        [checkout / "toxw", "list"],
        env={"PATH": str(path)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as wrapper:
        assert started.read_text() == "venv\n"
        assert list((checkout / ".toxw").iterdir())
        os.killpg(wrapper.pid, signal.SIGTERM)
        assert wrapper.wait(timeout=10) == 143
    assert not list((checkout / ".toxw").iterdir())


def test_uses_what_is_there(checkout: Path, path: Path) -> None:
    """An environment that another start has finished is taken as it is, with all arguments."""
    command(path, "python3", "exit 0")
    environment = checkout / ".toxw" / _key(checkout, path)
    (environment / "bin").mkdir(parents=True)
    python = environment / "bin" / "python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ] || echo "$PWD:" "$@"\n')
    python.chmod(0o755)
    done = run(checkout, path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{checkout.resolve()}: -m tox list\n"


def _key(checkout: Path, path: Path) -> str:
    """Return the name that the wrapper gives its environment, from what it says."""
    command(path, "python3", 'case "$2" in *ensurepip*) exit 1 ;; esac')
    said = run(checkout, path).stderr
    return said.partition(".toxw/")[2].partition(" ")[0]
