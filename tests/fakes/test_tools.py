from __future__ import annotations

from typing import Any

import pytest

from realtime_fakes.tools import sample


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param({}, {}, id="empty"),
        pytest.param({"type": "string"}, "", id="string"),
        pytest.param({"type": "integer"}, 0, id="integer"),
        pytest.param({"type": ["boolean", "null"]}, False, id="either"),
        pytest.param({"type": "string", "enum": ["a", "b"]}, "a", id="enum"),
        pytest.param({"const": 7}, 7, id="const"),
        pytest.param({"type": "integer", "default": 3}, 3, id="default"),
        pytest.param({"anyOf": [{"type": "array"}, {"type": "null"}]}, [], id="any-of"),
        pytest.param(
            {
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "number"}},
                "required": ["b", "c"],
            },
            {"b": 0, "c": {}},
            id="required",
        ),
        pytest.param({"type": "nonsense"}, None, id="unknown"),
    ],
)
def test_the_plainest_value_of_a_schema(schema: dict[str, Any], value: Any) -> None:
    assert sample(schema) == value
