from __future__ import annotations

import re
from typing import Any

import pytest

from realtime_harness.testing.matching import differences

FITTING: dict[str, tuple[Any, Any]] = {
    "equal": (1, 1),
    "subset": ({"a": 1}, {"a": 1, "b": 2}),
    "nested": ({"a": {"b": [1]}}, {"a": {"b": [1], "c": 0}}),
    "parts-of-elements": ([{"type": "input_text"}], [{"type": "input_text", "text": "x"}]),
    "anything": ({"a": ...}, {"a": None}),
    "pattern": (re.compile("sun+y"), "it is sunny"),
    "type": (int, 3),
    "function": (lambda value: value > 2, 3),
    "empty": ({}, {"a": 1}),
}

MISSING: dict[str, tuple[Any, Any, list[str]]] = {
    "unequal": ({"a": 1}, {"a": 2}, ["a: expected 1, got 2"]),
    "lacking": ({"a": {"b": 1}}, {"a": {}}, ["a.b: expected 1, got nothing"]),
    "no-object": ({"a": {"b": 1}}, {"a": 1}, ["a: expected {'b': 1}, got 1"]),
    "element": ([1, {"a": 2}], [1, {"a": 3}], ["[1].a: expected 2, got 3"]),
    "length": ({"a": [1]}, {"a": []}, ["a: expected 1 elements, got 0: []"]),
    "no-list": ([1], "1", ["all of it: expected [1], got '1'"]),
    "pattern": ({"a": re.compile("x")}, {"a": "y"}, ["a: expected a text like /x/, got 'y'"]),
    "pattern-no-text": (re.compile("1"), 1, ["all of it: expected a text like /1/, got 1"]),
    "type": (str, 1, ["all of it: expected a value of type str, got 1"]),
    "function": (str.isdecimal, "x", ["all of it: expected what isdecimal accepts, got 'x'"]),
    "anything-lacking": ({"a": ...}, {}, ["a: expected anything, got nothing"]),
    "true-is-no-number": (1, True, ["all of it: expected 1, got True"]),
    "several": (
        {"a": 1, "b": 2},
        {"a": 0, "b": 0},
        ["a: expected 1, got 0", "b: expected 2, got 0"],
    ),
}


@pytest.mark.parametrize(("expected", "got"), FITTING.values(), ids=FITTING)
def test_what_fits(expected: Any, got: Any) -> None:
    assert list(differences(expected, got)) == []


@pytest.mark.parametrize(("expected", "got", "text"), MISSING.values(), ids=MISSING)
def test_what_does_not(expected: Any, got: Any, text: list[str]) -> None:
    assert list(map(str, differences(expected, got))) == text


def test_long_values_are_cut() -> None:
    (found,) = differences("x" * 1000, "y")
    assert len(found.expected) < 100
