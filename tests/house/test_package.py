"""What is shipped: the four packages, whole, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

PACKAGES = {
    "realtime_harness": "harness",
    "realtime_fakes": "fakes",
    "realtime_scenarios": "scenarios",
    "realtime_reports": "reports",
}


def build(source: Path, target: Path, kind: str) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", target],
        cwd=source,
        check=True,
        timeout=60,
        stdout=subprocess.DEVNULL,
    )
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="module")
def sdist(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source distribution."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build(project, folder / "dist", "sdist")) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = folder.glob("realtime_harness-*")
    return unpacked


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a wheel that was built from the source distribution."""
    with ZipFile(build(sdist, tmp_path_factory.mktemp("wheel"), "wheel")) as archive:
        return archive.namelist()


def test_wheel_installs_four_names(wheel: list[str]) -> None:
    names = {name.partition("/")[0] for name in wheel}
    assert {name for name in names if not name.endswith(".dist-info")} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_whole(package: str, project: Path, wheel: list[str]) -> None:
    root = project / PACKAGES[package]
    files = {
        str(path.relative_to(root))
        for path in (root / package).rglob("*")
        # What tools leave behind is hidden or a cache, and git knows none of it.
        if path.is_file() and not any(p.startswith((".", "__pycache__")) for p in path.parts)
    }
    assert f"{package}/py.typed" in files
    assert files == {name for name in wheel if name.startswith(f"{package}/")}


@pytest.mark.parametrize("name", ["toxw", "tox.ini", "tests/house/test_package.py", "LICENSE"])
def test_source_distribution_can_test_itself(name: str, sdist: Path) -> None:
    assert (sdist / name).is_file()
