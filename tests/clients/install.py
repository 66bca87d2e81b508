"""Installs the stock clients in environments of their own: ``python install.py FOLDER``.

What is there already and current stays. Without npm the JavaScript clients are left out, and their
tests skipped.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent


def install_node(folder: Path) -> None:
    """Install what the lock file names, below ``folder/node_modules``."""
    npm = shutil.which("npm")
    if npm is None:
        sys.stderr.write("no npm: the JavaScript clients are left out (Debian: apt install npm)\n")
        return
    files = [HERE / "node" / name for name in ("package.json", "package-lock.json", ".npmrc")]
    if is_current(folder, files):
        return
    for file in files:
        shutil.copy(file, folder)
    subprocess.run([npm, "ci"], cwd=folder, check=True)
    mark_current(folder, files)


def install_python(folder: Path) -> None:
    """Install what the requirements name, into a virtual environment at ``folder``."""
    requirements = HERE / "python" / "requirements.txt"
    if is_current(folder, [requirements]):
        return
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
    mark_current(folder, [requirements])


def is_current(folder: Path, sources: list[Path]) -> bool:
    """Whether these have been installed there; if not, leave an empty folder."""
    stamp = folder / "installed"
    if stamp.is_file() and stamp.read_text() == digest(sources):
        return True
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return False


def mark_current(folder: Path, sources: list[Path]) -> None:
    (folder / "installed").write_text(digest(sources))


def digest(sources: list[Path]) -> str:
    """What tells this installation from another: the sources and the Python that runs us."""
    content = [sys.version.encode(), *(source.read_bytes() for source in sources)]
    return hashlib.sha256(b"\0".join(content)).hexdigest()


if __name__ == "__main__":
    target = Path(sys.argv[1])
    install_node(target / "node")
    install_python(target / "agents")
