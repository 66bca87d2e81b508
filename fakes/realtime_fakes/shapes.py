"""What a client may write, as tables: shapes are functions that check a value and return it.

A shape is a type, which accepts exactly its values, or a function that returns the value as it is
to be used: the same object where nothing had to be changed, so nobody may change what is returned.
It knows nothing of where the value sits: it raises :class:`Refusal`, and every level on the way out
adds its step to the path; :func:`check` turns the result into the
:class:`~realtime_fakes.errors.ApiError` that names the full dotted path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from realtime_fakes.errors import ApiError, api_error

__all__ = [
    "Function",
    "Refusal",
    "Shape",
    "anything",
    "array",
    "by_type",
    "check",
    "integer",
    "mapping",
    "nullable",
    "number",
    "one_of",
    "optional",
    "record",
    "tagged",
    "text",
]

Function: TypeAlias = Callable[[Any], Any]
Shape: TypeAlias = type | Function

_LEFT_OUT = object()
_DEEPEST = 200  # orjson writes 254 levels at most, and events add a few of their own

_NAMES: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    type(None): "null",
}


class Refusal(Exception):
    """A value that does not have its shape.

    Args:
        row: which row of the catalogue of errors it is.
        at: the step below the refused value, if one is meant.
        values: what the message mentions.

    """

    def __init__(self, row: str, *at: str | int, **values: Any) -> None:
        super().__init__(row)
        self.row = row
        self.path: list[str | int] = list(at)
        self.values = values

    def error(self, root: str) -> ApiError:
        """Return the refusal with its full path, which starts with ``root``."""
        param = root
        for step in self.path:
            if isinstance(step, int):
                param += f"[{step}]"
            else:
                param += f".{step}" if param else step
        return api_error(self.row, param=param, **self.values)


def check(shape: Shape, value: Any, root: str = "") -> Any:
    """Return ``value`` as its shape returns it.

    Args:
        shape: what it should be.
        value: what it is.
        root: path of ``value``, before the steps inside it.

    Raises:
        ApiError: if it is not of that shape.

    """
    try:
        return _function(shape)(value)
    except Refusal as refusal:
        raise refusal.error(root) from None


def anything(value: Any) -> Any:
    """Accept any JSON that can be sent back: what is nested too deeply cannot."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            child
            for node in level
            if type(node) is dict or type(node) is list
            for child in (node.values() if type(node) is dict else node)
        ]
        if not level:
            return value
    raise Refusal("unsupported_value", reason="nested too deeply.")


def text(longest: int) -> Function:
    """Return the shape of a string of at most ``longest`` characters."""

    def shape(value: Any) -> str:
        if type(value) is not str:
            raise _wrong_type("a string", value)
        if len(value) > longest:
            raise Refusal("string_above_max_length", limit=longest, found=len(value))
        return value

    return shape


def integer(lowest: int | None = None, highest: int | None = None) -> Function:
    """Return the shape of an integer within bounds, both included."""

    def shape(value: Any) -> int:
        if type(value) is not int:
            raise _wrong_type("an integer", value)
        if lowest is not None and value < lowest:
            raise Refusal("integer_below_min_value", limit=lowest, found=value)
        if highest is not None and value > highest:
            raise Refusal("integer_above_max_value", limit=highest, found=value)
        return value

    return shape


def number(lowest: float, highest: float) -> Function:
    """Return the shape of a number within bounds, both included."""

    def shape(value: Any) -> float:
        if type(value) is not float and type(value) is not int:
            raise _wrong_type("a decimal", value)
        if value < lowest:
            raise Refusal("decimal_below_min_value", limit=lowest, found=value)
        if value > highest:
            raise Refusal("decimal_above_max_value", limit=highest, found=value)
        return float(value)

    return shape


def one_of(*values: str) -> Function:
    """Return the shape of a string that is one of ``values``."""
    known = frozenset(values)

    def shape(value: Any) -> str:
        if type(value) is not str:
            raise _wrong_type("a string", value)
        if value not in known:
            raise Refusal("invalid_value", found=value, supported=_listed(values))
        return value

    return shape


def nullable(shape: Shape) -> Function:
    """Return the shape that also accepts null."""
    function = _function(shape)
    return lambda value: None if value is None else function(value)


def optional(shape: Shape) -> Function:
    """Return the shape of a field of a :func:`record` that null leaves out.

    Clients made from typed models send null for whatever their user did not set.

    """
    function = _function(shape)
    return lambda value: _LEFT_OUT if value is None else function(value)


def by_type(shapes: Mapping[type, Shape]) -> Function:
    """Return the shape that depends on the JSON type of the value."""
    expected = " or ".join(_NAMES[kind] for kind in shapes)
    functions = {kind: _function(shape) for kind, shape in shapes.items()}

    def shape(value: Any) -> Any:
        chosen = functions.get(type(value))
        if chosen is None:
            raise _wrong_type(expected, value)
        return chosen(value)

    return shape


def array(element: Shape) -> Function:
    """Return the shape of a list."""
    function = _function(element)

    def shape(value: Any) -> list[Any]:
        if type(value) is not list:
            raise _wrong_type("an array", value)
        checked, index = value, 0
        try:
            for index, entry in enumerate(value):
                result = function(entry)
                if result is not entry:
                    if checked is value:
                        checked = value.copy()
                    checked[index] = result
        except Refusal as refusal:
            refusal.path.insert(0, index)
            raise
        return checked

    return shape


def record(fields: Mapping[str, Shape], *, required: tuple[str, ...] = ()) -> Function:
    """Return the shape of an object with these fields and no others."""
    get = dict(fields).get

    def shape(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _wrong_type("an object", value)
        for key in required:
            if key not in value:
                raise Refusal("missing_required_parameter", key)
        checked, key = value, ""
        try:
            for key, entry in value.items():
                field = get(key)
                if type(entry) is field:
                    continue
                if field is None:
                    raise Refusal("unknown_parameter", known=tuple(fields))
                if isinstance(field, type):
                    raise _wrong_type(_NAMES[field], entry)
                result = field(entry)
                if result is not entry:
                    if checked is value:
                        checked = value.copy()
                    if result is _LEFT_OUT:
                        del checked[key]
                    else:
                        checked[key] = result
        except Refusal as refusal:
            refusal.path.insert(0, key)
            raise
        return checked

    return shape


def tagged(tag: str, variants: Mapping[str, Shape]) -> Function:
    """Return the shape of an object whose field ``tag`` says which of ``variants`` it is."""
    supported = _listed(tuple(variants))
    get = {name: _function(variant) for name, variant in variants.items()}.get

    def shape(value: Any) -> Any:
        if type(value) is not dict:
            raise _wrong_type("an object", value)
        name = value.get(tag)
        if type(name) is str:
            variant = get(name)
            if variant is not None:
                return variant(value)
            raise Refusal("invalid_value", tag, found=name, supported=supported)
        if tag not in value:
            raise Refusal("missing_required_parameter", tag)
        raise Refusal("invalid_type", tag, expected="a string", found=_NAMES[type(name)])

    return shape


def mapping(entry: Shape, *, most: int, longest_key: int) -> Function:
    """Return the shape of an object with free keys."""
    function = _function(entry)

    def shape(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _wrong_type("an object", value)
        if len(value) > most:
            raise Refusal("object_above_max_properties", limit=most, found=len(value))
        checked = {}
        for key, content in value.items():
            if len(key) > longest_key:
                raise Refusal("string_above_max_length", key, limit=longest_key, found=len(key))
            try:
                checked[key] = function(content)
            except Refusal as refusal:
                refusal.path.insert(0, key)
                raise
        return checked

    return shape


def _function(shape: Shape) -> Function:
    if not isinstance(shape, type):
        return shape
    expected = _NAMES[shape]

    def exactly(value: Any) -> Any:
        if type(value) is not shape:
            raise _wrong_type(expected, value)
        return value

    return exactly


def _wrong_type(expected: str, value: Any) -> Refusal:
    return Refusal("invalid_type", expected=expected, found=_NAMES[type(value)])


def _listed(values: tuple[str, ...]) -> str:
    quoted = [f"'{value}'" for value in values]
    if len(quoted) < 2:
        return "".join(quoted)
    if len(quoted) == 2:
        return " and ".join(quoted)
    return ", ".join(quoted[:-1]) + ", and " + quoted[-1]
