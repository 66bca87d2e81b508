"""Where pages are, and how they are written: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import quote

__all__ = ["common_folder", "link_to_report", "write_whole"]


@contextmanager
def write_whole(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes the place of ``path`` at the end of the block.

    If the block raises, ``path`` stays what it was.

    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            yield file
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def common_folder(paths: Iterable[Path]) -> Path:
    """Return the innermost folder that all paths lie in."""
    return Path(os.path.commonpath([path.resolve().parent for path in paths]))


def link_to_report(run_dir: Path, page: Path) -> str:
    """Return a link from a page to the report of a run; empty if that has none."""
    report = run_dir / "report.html"
    if not report.exists():
        return ""
    return quote(os.path.relpath(report.resolve(), page.resolve().parent))
