"""The writing end of append-only files of one JSON object a line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

__all__ = ["Journal"]


class Journal:
    """Appends JSON lines to a file.

    Each line is one ``write`` to a descriptor opened for appending, without a buffer of ours in
    between: a process that is killed leaves all its lines, and several processes may append to the
    same file.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._fd: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def append(self, value: dict[str, Any]) -> None:
        """Write one line.

        Raises:
            ValueError: if the journal is closed.

        """
        if self._fd is None:
            raise ValueError(f"{self.path} is closed")
        try:
            written = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
        except TypeError:
            # orjson refuses lone surrogates; an endpoint may send them, and then they are evidence.
            written = json.dumps(value).encode("ascii") + b"\n"
        line = memoryview(written)
        while line:
            line = line[os.write(self._fd, line) :]

    def close(self) -> None:
        """Close the file. Idempotent."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
