"""The target ``recording:FILE``: nobody is asked anything, what was kept is judged again."""

from __future__ import annotations

from pathlib import Path

__all__ = ["RECORDING", "recording_path"]

RECORDING = "recording:"
"""Start of the name of such a target; the path is behind it."""


def recording_path(name: str) -> Path | None:
    """Return the path in a target's name; ``None`` if it is the name of another target."""
    return Path(name.removeprefix(RECORDING)) if name.startswith(RECORDING) else None
