"""Tells when aiortc or aioice have another inside than we know."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from realtime_harness.errors import HarnessError

__all__ = ["private", "require_attributes", "require_parameters"]


def require_attributes(what: str, owner: type, *names: str) -> None:
    """Require a class to have methods, or to mention attributes when an instance is made.

    Raises:
        HarnessError: if it does not; ``what`` says what it does in a way we do not know.

    """
    made: set[str] = set()
    for each in owner.__mro__:
        if inspect.isfunction(begin := each.__dict__.get("__init__")):
            made.update(begin.__code__.co_names)
    for name in names:
        name = private(owner, name)
        if not hasattr(owner, name) and name not in made:
            raise HarnessError(
                f"this version of {owner.__module__.partition('.')[0]} {what} in a way we do not"
                f" know: {owner.__name__}.{name} is missing"
            )


def require_parameters(what: str, function: Callable[..., Any] | None, *names: str) -> None:
    """Require a function to be there and to take these parameters.

    Raises:
        HarnessError: if it does not; ``what`` says what it does in a way we do not know.

    """
    if function is None or list(inspect.signature(function).parameters)[: len(names)] != [*names]:
        raise HarnessError(f"this version of aiortc or aioice {what} in a way we do not know")


def private(owner: type, name: str) -> str:
    """Return what Python makes of a class's own ``__name``."""
    return f"_{owner.__name__}{name}" if name.startswith("__") else name
