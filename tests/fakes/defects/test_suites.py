from __future__ import annotations

from realtime_fakes.defects.suites import Suite


def test_ids_of_the_suite_are_completed():
    defect = Suite("tools", prefix="tool-").defect
    switch = defect("lost", "called", "Loses calls.", also={"done": "a", "rt.wire.order": "b"})
    assert (switch.name, switch.violates) == ("tool-lost", "rt.tools.called")
    assert switch.also == {"rt.tools.done": "a", "rt.wire.order": "b"}
    assert switch.event is None


def test_how_it_is_done_goes_on():
    switch = Suite("tools").defect("lost", "called", "Loses calls.", policy={"a": 1})
    assert switch.policy == {"a": 1}
