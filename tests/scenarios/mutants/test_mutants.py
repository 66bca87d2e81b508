"""Every class of server events, spoilt in every way, turns something red or is legal."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_harness.contract.schemas import server_event_fields, server_event_types

_WRITING = "conversation.item.input_audio_transcription"

NOT_OVER_A_SOCKET = {
    "conversation.created": "the service does not send it any more",
    "conversation.item.created": "the service does not send it any more",
    f"{_WRITING}.segment": "no suite has speakers told apart",
    "input_audio_buffer.dtmf_event_received": "only phones have keys",
    "output_audio_buffer.started": "only calls are played to",
    "output_audio_buffer.stopped": "only calls are played to",
    "output_audio_buffer.cleared": "only calls are played to",
}

EVENTS = sorted(server_event_types() - set(NOT_OVER_A_SOCKET))

MUTANTS = [
    *((operation, event, "") for event in EVENTS for operation in ("drop", "duplicate", "reorder")),
    *(
        (operation, event, field)
        for event in EVENTS
        for field in server_event_fields(event)
        if field != "type"
        for operation in ("rename", "null")
    ),
]

_NO_RECORDING = "no recording shows the events of MCP: reported by rt.wire.mcp-order, not judged"
_UNORDERED = "what comes next is another part of the same end, and no document orders the two"
_LIMITS = "limits are told when a service likes, and Azure tells none"
_ALONE = "nothing comes behind it before the client has spoken again"

LEGAL = {
    **dict.fromkeys(
        [
            "drop response.mcp_call_arguments.delta",
            "duplicate mcp_list_tools.completed",
            "duplicate mcp_list_tools.failed",
            "duplicate mcp_list_tools.in_progress",
            "duplicate response.mcp_call.completed",
            "duplicate response.mcp_call.failed",
            "duplicate response.mcp_call.in_progress",
            "duplicate response.mcp_call_arguments.delta",
            "reorder mcp_list_tools.completed",
            "reorder mcp_list_tools.failed",
            "reorder mcp_list_tools.in_progress",
            "reorder response.mcp_call.completed",
            "reorder response.mcp_call.failed",
            "reorder response.mcp_call.in_progress",
            "reorder response.mcp_call_arguments.delta",
            "reorder response.mcp_call_arguments.done",
        ],
        _NO_RECORDING,
    ),
    "drop rate_limits.updated": _LIMITS,
    "duplicate rate_limits.updated": _LIMITS,
    "reorder rate_limits.updated": _LIMITS,
    "null error event_id": "Azure sends errors so",
    "reorder conversation.item.done": _UNORDERED,
    "reorder response.content_part.done": _UNORDERED,
    "reorder response.done": _LIMITS,
    "reorder response.function_call_arguments.done": _UNORDERED,
    "reorder response.output_audio.done": _UNORDERED,
    "reorder response.output_item.added": _UNORDERED,
    "reorder conversation.item.deleted": _ALONE,
    "reorder conversation.item.retrieved": _ALONE,
    "reorder input_audio_buffer.cleared": _ALONE,
    "reorder session.created": _ALONE,
    "reorder session.updated": _ALONE,
    f"reorder {_WRITING}.completed": "a transcription is done when it is done: it comes anywhere",
    f"reorder {_WRITING}.failed": "a transcription fails when it fails: that comes anywhere",
}
"""Mutants that nothing may turn red for, and why."""


def label(mutant: Any) -> str:
    return " ".join(filter(None, mutant))


def test_a_wire_that_spoils_nothing_turns_nothing_red(mutants: Any) -> None:
    assert mutants.red_without == []


def test_all_events_come_in_some_scenario(mutants: Any) -> None:
    assert set(EVENTS) - set(mutants.where) == set()
    assert set(NOT_OVER_A_SOCKET) & set(mutants.where) == set()


@pytest.mark.parametrize("mutant", MUTANTS, ids=label)
def test_mutant(mutant: Any, mutants: Any) -> None:
    fate = mutants.fates[mutant]
    assert fate.broken == ""
    if (reason := LEGAL.get(label(mutant))) is not None:
        # Whether anything comes in time to overtake what comes alone, chance decides.
        assert fate.caught == "" or reason == _ALONE, "is seen: take it off the table"
    else:
        assert fate.caught, f"went through {', '.join(fate.unseen_by)}"
