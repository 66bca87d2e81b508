"""Each defect of the wire turns exactly its check red, on a conversation that is right."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from realtime_fakes.audience import Role
from realtime_fakes.defects.wire import SWITCHES
from realtime_fakes.switches import Switch
from realtime_harness.contract.rules import STREAM_RULES
from realtime_harness.evidence.entry import Direction, Entry
from realtime_harness.verdicts import Level

NOT_RECORDED = {
    # The sound in the recordings is shortened to less than a line.
    "audio-in-lines",
    # Nobody speaks, is called, or does anything wrong in them.
    *(
        "transcript-cut-short",
        "cleared-twice",
        "transcribed-twice",
        "playback-starts-twice",
        "refused-and-shown",
        "speaks-behind-its-end",
    ),
}


_NEVER_TRUNCATES = {"truncation": "disabled"}


def tapped(switch: Switch, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what leaves the service with the switch on, on a role that it is committed on."""
    assert switch.event is not None
    role = Role.SIDEBAND if switch.violates == "rt.wire.error-names-its-cause" else Role.WEBSOCKET
    memory: dict[str, Any] = {}
    # Some are committed in such sessions alone.
    switch.event({"type": "session.updated", "session": _NEVER_TRUNCATES}, role, memory)
    before = copy.deepcopy(events)
    after = [out for event in events for out in switch.event(event, role, memory)]
    assert events == before, "other attachments share the event"
    return after


def red(evidence: list[Entry]) -> set[str]:
    return {rule.check.id for rule in STREAM_RULES if rule.judge(evidence)}


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_defect_turns_exactly_its_check_red(
    conversation: Any, as_evidence: Any, switch: Switch
) -> None:
    evidence = as_evidence(tapped(switch, conversation.events), sent=("mine",))
    expected = {switch.violates, *switch.also}
    assert red(evidence) == expected & {rule.check.id for rule in STREAM_RULES}


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_defect_is_found_in_recorded_traffic(
    recordings: Any, as_evidence: Any, switch: Switch
) -> None:
    found: set[str] = set()
    for name in ("openai_audio_out_turn", "openai_tool_call_round"):
        events = [
            event for direction, event in recordings.events(name) if direction is Direction.RECEIVED
        ]
        events.append({"type": "error", "event_id": "e", "error": {"type": "t", "message": "m"}})
        found |= red(as_evidence(tapped(switch, events)))
    assert found == ({switch.violates} if switch.name not in NOT_RECORDED else set())


def test_every_rule_that_judges_has_a_defect() -> None:
    judging = {rule.check.id for rule in STREAM_RULES if rule.check.level is not Level.INFO}
    assert {switch.violates for switch in SWITCHES} == judging
