from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime_harness.contract.rules import STREAM_RULES
from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane
from realtime_harness.verdicts import Level

RIGHT = [
    "openai_audio_out_turn",
    "openai_server_vad_turn",
    "openai_sideband_text_turn",
    "openai_tool_call_round",
    "azure_audio_out_turn",
    "azure_sideband_text_turn",
    "azure_tool_call_round",
]


def accused(evidence: list[Entry]) -> dict[str, list[str]]:
    """Return the reasons of all rules that are broken, by check id."""
    found = {rule.check.id: rule.judge(evidence) for rule in STREAM_RULES}
    return {check: [f.reason for f in findings] for check, findings in found.items() if findings}


def test_checks_are_of_this_suite_and_unique() -> None:
    ids = [rule.check.id for rule in STREAM_RULES]
    assert len(set(ids)) == len(ids)
    assert all(identifier.startswith("rt.wire.") for identifier in ids)


@pytest.mark.parametrize("name", RIGHT)
def test_real_services_are_acquitted(recordings: Any, name: str) -> None:
    assert accused(recordings.evidence(name)) == {}


@pytest.mark.parametrize("name", RIGHT)
def test_every_prefix_of_a_recording_is_acquitted(recordings: Any, name: str) -> None:
    evidence = recordings.evidence(name)
    for length in range(len(evidence)):
        assert accused(evidence[:length]) == {}, f"the first {length} frames"


@pytest.mark.parametrize("name", [name for name in RIGHT if "sideband" not in name])
def test_a_sideband_may_join_at_any_moment(recordings: Any, name: str) -> None:
    evidence = [
        Entry.from_json({**entry.to_json(), "lane": "sideband"})
        for entry in recordings.evidence(name)
    ]
    for start in range(len(evidence)):
        assert accused(evidence[start:]) == {}, f"without the first {start} frames"


def test_deviations_of_another_vendor_are_found(recordings: Any) -> None:
    found = accused(recordings.evidence("xai_audio_out_turn"))
    assert {check: len(reasons) for check, reasons in found.items()} == {
        "rt.wire.client-events-valid": 1,
        "rt.wire.event-schema": 7,
        "rt.wire.event-types-known": 1,
        "rt.wire.response-order": 1,
        "rt.wire.items-announced": 2,
        "rt.wire.usage-adds-up": 1,
    }
    assert found["rt.wire.event-types-known"] == ["ping is not in the contract"]
    assert found["rt.wire.response-order"] == [
        "response.output_audio.done [output 0] [content 0] came after response.content_part.done"
    ]


def test_a_written_conversation_is_acquitted(conversation: Any, as_evidence: Any) -> None:
    assert accused(as_evidence(conversation.events, sent=("mine",))) == {}


def test_connections_are_judged_apart(conversation: Any, as_evidence: Any) -> None:
    """The same ids on a data channel and its sidebands are no repetition."""
    evidence = [
        *as_evidence(conversation.events, sent=("mine",), lane=Lane.DATA_CHANNEL),
        *as_evidence(conversation.events, sent=("mine",), lane=Lane.SIDEBAND),
    ]
    assert accused(evidence) == {}


def test_errors_without_an_id_of_their_own_are_acquitted(
    conversation: Any, as_evidence: Any
) -> None:
    """So Azure sends them (https://github.com/swigerb/SonicAIDriveThru, probe of its GA API)."""
    error = {"type": "invalid_request_error", "message": "No.", "event_id": None}
    events = conversation.events[:-1] + 2 * [{"type": "error", "event_id": None, "error": error}]
    assert accused(as_evidence(events, sent=("mine",))) == {}


def test_nothing_is_acquitted() -> None:
    assert accused([]) == {}


@pytest.mark.parametrize("status", ["cancelled", "incomplete", "failed"])
def test_an_interrupted_response_may_stop_anywhere(
    conversation: Any, as_evidence: Any, status: str
) -> None:
    events = conversation.events
    start = next(n for n, event in enumerate(events) if event["type"] == "response.created")
    end = next(n for n, event in enumerate(events) if event["type"] == "response.done")
    done = {**events[end], "response": {**events[end]["response"], "status": status}}
    for stop in range(start + 1, end):
        assert accused(as_evidence([*events[:stop], done], sent=("mine",))) == {}


def test_findings_come_in_the_order_of_the_evidence(conversation: Any, as_evidence: Any) -> None:
    events = [event for event in conversation.events if "content_part.added" not in event["type"]]
    (order,) = [rule for rule in STREAM_RULES if rule.check.id == "rt.wire.response-order"]
    seqs = [finding.seq for finding in order.judge(as_evidence(events))]
    assert seqs == sorted(seqs)
    assert len(seqs) > 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["item_1", "resp_1", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "item", "response", "part", "content", "output", "usage", "status", "text"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
TYPES = [
    *("response.created", "response.done", "response.output_item.added", "error", "ping"),
    *("response.output_item.done", "response.content_part.done", "conversation.item.added"),
    *("response.output_text.delta", "response.output_text.done", "response.output_audio.delta"),
]
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(TYPES) | JSON,
        "event_id": JSON,
        "response_id": st.just("resp_1") | JSON,
        "response": st.fixed_dictionaries(
            {"id": st.just("resp_1")}, optional={"status": st.just("completed"), "output": JSON}
        )
        | JSON,
        "item": JSON,
        "item_id": JSON,
        "output_index": JSON,
        "content_index": JSON,
        "part": JSON,
        "delta": JSON,
        "text": JSON,
        "error": JSON,
        "previous_item_id": JSON,
    },
)


@given(st.lists(EVENTS, max_size=12))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_no_rule_raises_whatever_was_sent(events: list[dict[str, Any]]) -> None:
    evidence = [
        Entry(
            seq=seq,
            t_ns=seq,
            lane=Lane.WEBSOCKET,
            connection="client",
            direction=Direction.RECEIVED,
            kind=Kind.EVENT,
            data=event,
        )
        for seq, event in enumerate(events)
    ]
    json.dumps(accused(evidence))


def test_rules_that_are_no_must() -> None:
    observing = [rule.check.id for rule in STREAM_RULES if rule.check.level is not Level.MUST]
    assert observing == [
        *("rt.wire.client-events-valid", "rt.wire.event-types-known", "rt.wire.mcp-order"),
        *("rt.wire.transcription-agrees", "rt.wire.arguments-are-json"),
        *("rt.wire.answers-asked-for", "rt.wire.ends-cleanly"),
    ]
