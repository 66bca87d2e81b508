"""Open files: each session needs some, and a process may have only so many."""

from __future__ import annotations

from contextlib import suppress

__all__ = ["allow_most", "room_for"]

_OTHERS = 100
"""Files that an engine has open besides those of its sessions."""


def allow_most() -> None:
    """Let this process open as many files as the system lets it: shells allow 1,024 at first."""
    with suppress(ImportError, OSError, ValueError):  # There is no such limit on Windows.
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def room_for(files: int) -> int | None:
    """Return for how many sessions of an engine there are files; ``None`` if for any number.

    Args:
        files: that a session has open.

    """
    try:
        import resource
    except ImportError:
        return None
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if hard == resource.RLIM_INFINITY else max(0, hard - _OTHERS) // files
