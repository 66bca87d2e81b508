"""Whether a value is like an expected one, and where it is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ["Difference", "differences"]


class Difference(NamedTuple):
    """One place where a value is not as expected."""

    path: str
    """``item.content[0].text``."""
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.path or 'all of it'}: expected {self.expected}, got {self.got}"


_SHORT = 80


def differences(expected: Any, got: Any, path: str = "") -> Iterator[Difference]:
    """Yield where ``got`` is not like ``expected``; nothing if it is.

    What is expected may be

    - a mapping: these keys have to be there and be like that, others may be there too;
    - a list or tuple: just as many elements, each like that;
    - ``...``: anything;
    - a compiled regular expression: a text in which it is found;
    - a type: an instance of it;
    - a function: it gets the value and returns whether it is right;
    - anything else: an equal value.
    """
    if isinstance(expected, Mapping):
        if not isinstance(got, Mapping):
            yield Difference(path, _shown(expected), _shown(got))
            return
        for key, value in expected.items():
            inner = f"{path}.{key}" if path else str(key)
            if key in got:
                yield from differences(value, got[key], inner)
            else:
                yield Difference(inner, _shown(value), "nothing")
    elif isinstance(expected, list | tuple):
        if not isinstance(got, list | tuple):
            yield Difference(path, _shown(expected), _shown(got))
        elif len(expected) != len(got):
            yield Difference(path, f"{len(expected)} elements", f"{len(got)}: {_shown(got)}")
        else:
            for index, (wanted, value) in enumerate(zip(expected, got, strict=True)):
                yield from differences(wanted, value, f"{path}[{index}]")
    elif not _fits(expected, got):
        yield Difference(path, _shown(expected), _shown(got))


def _fits(expected: Any, got: Any) -> bool:
    if expected is ...:
        return True
    if isinstance(expected, re.Pattern):
        return isinstance(got, str) and expected.search(got) is not None
    if isinstance(expected, type):
        return isinstance(got, expected)
    if callable(expected):
        judge: Callable[[Any], object] = expected
        return bool(judge(got))
    # In JSON, true is no number.
    return bool(expected == got) and isinstance(expected, bool) == isinstance(got, bool)


def _shown(value: Any) -> str:
    if value is ...:
        return "anything"
    if isinstance(value, re.Pattern):
        return f"a text like /{value.pattern}/"
    if isinstance(value, type):
        return f"a value of type {value.__name__}"
    if callable(value):
        return f"what {getattr(value, '__name__', repr(value))} accepts"
    text = repr(value)
    return text if len(text) <= _SHORT else text[:_SHORT] + "…"
