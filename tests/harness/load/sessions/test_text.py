from __future__ import annotations


async def test_the_phases_of_opening_follow_each_other(fake, opened):
    _, operation = await opened(fake, "text")
    assert list(operation.more) == ["tcp_ms", "upgrade_ms", "created_ms"]
    assert all(operation.more[phase] > 0 for phase in ("tcp_ms", "upgrade_ms"))
    whole_ns = operation.done_ns - operation.sent_ns
    assert 0 <= whole_ns - sum(operation.more.values()) < whole_ns / 2
