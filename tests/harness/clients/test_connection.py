from __future__ import annotations

import pytest

from realtime_harness.clients.connection import member

EVENT = {"item": {"id": "item_1", "content": [{"text": "hi"}]}, "error": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("item", "id"), "item_1"),
        (("item", "content", 0, "text"), "hi"),
        ((), EVENT),
        (("item", "content", 1, "text"), None),
        (("error", "code"), None),
        (("item", "id", "deeper"), None),
        (("nothing",), None),
    ],
    ids=str,
)
def test_a_member_is_found_or_is_not_there(path, found) -> None:
    assert member(EVENT, *path) == found
