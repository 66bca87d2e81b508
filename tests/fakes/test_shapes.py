from __future__ import annotations

from typing import Any

import pytest

from realtime_fakes.errors import ApiError
from realtime_fakes.shapes import (
    Shape,
    anything,
    array,
    by_type,
    check,
    integer,
    mapping,
    nullable,
    number,
    one_of,
    optional,
    record,
    tagged,
    text,
)

PERSON = record({"name": str, "age": integer(0, 150), "tags": array(text(3))}, required=("name",))
ANIMAL = tagged("kind", {"cat": record({"kind": str}), "dog": record({"kind": str, "name": str})})
LABELS = mapping(str, most=2, longest_key=3)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        pytest.param(PERSON, {"name": "a", "age": 3, "tags": ["x", "y"]}, id="record"),
        pytest.param(ANIMAL, {"kind": "dog", "name": "a"}, id="tagged"),
        pytest.param(LABELS, {"a": "b", "c": ""}, id="mapping"),
        pytest.param(nullable(str), None, id="null"),
        pytest.param(nullable(str), "x", id="not-null"),
        pytest.param(by_type({int: integer(1), str: one_of("inf")}), "inf", id="by-type"),
        pytest.param(number(0, 1), 0.5, id="number"),
        pytest.param(number(0, 1), 1, id="whole-number"),
        pytest.param(bool, True, id="boolean"),
        pytest.param(anything, {"a": [{"b": [None]}]}, id="anything"),
        pytest.param(anything, nested(199), id="deep"),
    ],
)
def test_accepts(shape: Shape, value: Any) -> None:
    assert check(shape, value) == value


@pytest.mark.parametrize(
    ("shape", "value", "code", "param"),
    [
        pytest.param(PERSON, 3, "invalid_type", "p", id="not-an-object"),
        pytest.param(PERSON, {}, "missing_required_parameter", "p.name", id="missing"),
        pytest.param(PERSON, {"name": "a", "x": 1}, "unknown_parameter", "p.x", id="unknown"),
        pytest.param(PERSON, {"name": None}, "invalid_type", "p.name", id="null"),
        pytest.param(PERSON, {"name": "a", "age": True}, "invalid_type", "p.age", id="bool-int"),
        pytest.param(
            PERSON, {"name": "a", "age": -1}, "integer_below_min_value", "p.age", id="below"
        ),
        pytest.param(
            PERSON, {"name": "a", "age": 151}, "integer_above_max_value", "p.age", id="above"
        ),
        pytest.param(PERSON, {"name": "a", "tags": {}}, "invalid_type", "p.tags", id="not-a-list"),
        pytest.param(
            PERSON,
            {"name": "a", "tags": ["x", "long"]},
            "string_above_max_length",
            "p.tags[1]",
            id="in-a-list",
        ),
        pytest.param(ANIMAL, [], "invalid_type", "p", id="tagged-not-an-object"),
        pytest.param(ANIMAL, {}, "missing_required_parameter", "p.kind", id="no-tag"),
        pytest.param(ANIMAL, {"kind": 1}, "invalid_type", "p.kind", id="tag-type"),
        pytest.param(ANIMAL, {"kind": "cow"}, "invalid_value", "p.kind", id="tag-value"),
        pytest.param(
            ANIMAL, {"kind": "cat", "name": "a"}, "unknown_parameter", "p.name", id="variant"
        ),
        pytest.param(LABELS, "x", "invalid_type", "p", id="mapping-type"),
        pytest.param(
            LABELS, dict.fromkeys("abc", "x"), "object_above_max_properties", "p", id="mapping-size"
        ),
        pytest.param(LABELS, {"long": "x"}, "string_above_max_length", "p.long", id="mapping-key"),
        pytest.param(LABELS, {"a": 1}, "invalid_type", "p.a", id="mapping-value"),
        pytest.param(number(0, 1), "1", "invalid_type", "p", id="number-type"),
        pytest.param(number(0, 1), -0.1, "decimal_below_min_value", "p", id="number-below"),
        pytest.param(number(0, 1), 2, "decimal_above_max_value", "p", id="number-above"),
        pytest.param(one_of("a", "b"), 1, "invalid_type", "p", id="one-of-type"),
        pytest.param(one_of("a", "b"), "c", "invalid_value", "p", id="one-of-value"),
        pytest.param(text(3), 1, "invalid_type", "p", id="text-type"),
        pytest.param(by_type({int: integer(1)}), "x", "invalid_type", "p", id="by-type"),
        pytest.param(anything, nested(201), "invalid_value", "p", id="too-deep"),
    ],
)
def test_refuses(shape: Shape, value: Any, code: str, param: str) -> None:
    with pytest.raises(ApiError) as caught:
        check(shape, value, "p")
    assert (caught.value.code, caught.value.param) == (code, param)


@pytest.mark.parametrize(
    ("values", "listed"),
    [
        pytest.param(("a",), "'a'.", id="one"),
        pytest.param(("a", "b"), "'a' and 'b'.", id="two"),
        pytest.param(("a", "b", "c"), "'a', 'b', and 'c'.", id="three"),
    ],
)
def test_a_refused_value_is_shown_with_the_supported_ones(
    values: tuple[str, ...], listed: str
) -> None:
    with pytest.raises(ApiError) as caught:
        check(one_of(*values), "nope")
    assert caught.value.message == f"Invalid value: 'nope'. Supported values are: {listed}"


def test_a_path_without_a_root_starts_with_the_field() -> None:
    with pytest.raises(ApiError) as caught:
        check(record({"a": record({})}), {"a": {"b": 1}})
    assert caught.value.param == "a.b"


def test_a_field_may_be_left_out_by_null() -> None:
    shape = record({"a": optional(integer(1)), "b": optional(str), "c": nullable(str)})
    assert check(shape, {"a": None, "b": None, "c": None}) == {"c": None}
    assert check(shape, {"a": 1, "b": "x"}) == {"a": 1, "b": "x"}
    with pytest.raises(ApiError):
        check(shape, {"a": 0})
