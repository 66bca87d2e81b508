"""For each rule, streams that break it in one way, and what it then says."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import pytest

from realtime_harness.contract.rules import STREAM_RULES
from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane

Events: TypeAlias = list[dict[str, Any]]
Spoil: TypeAlias = Callable[[Events], None]


def judge(check: str, evidence: list[Entry]) -> list[str]:
    (rule,) = [rule for rule in STREAM_RULES if rule.check.id == f"rt.wire.{check}"]
    return [finding.reason for finding in rule.judge(evidence)]


def at(events: Events, event_type: str, n: int = 0) -> dict[str, Any]:
    """Return the n-th event of a type."""
    return [event for event in events if event["type"] == event_type][n]


def drop(event_type: str, n: int = 0) -> Spoil:
    return lambda events: events.remove(at(events, event_type, n))


def behind(event_type: str, other: str) -> Spoil:
    """Move the first event of a type behind the first of another."""

    def move(events: Events) -> None:
        event = at(events, event_type)
        events.remove(event)
        events.insert(events.index(at(events, other)) + 1, event)

    return move


def twice(event_type: str) -> Spoil:
    def repeat(events: Events) -> None:
        event = at(events, event_type)
        events.insert(events.index(event), {**event, "event_id": "again"})

    return repeat


def put(event_type: str, path: str, value: Any, n: int = 0) -> Spoil:
    """Set one field of an event, or remove it (``...``)."""

    def change(events: Events) -> None:
        *steps, last = path.split(".")
        target: Any = at(events, event_type, n)
        for step in steps:
            target = target[int(step) if step.isdigit() else step]
        if value is ...:
            del target[last]
        else:
            target[last] = value

    return change


_USAGE = "response.usage."
_INPUT = f"{_USAGE}input_token_details."

ACCUSED: dict[str, tuple[str, Spoil, str]] = {
    "no type": (
        "frames-are-json",
        put("session.created", "type", ...),
        "expected an event with a type, got an object whose type is None",
    ),
    "type is a number": (
        "frames-are-json",
        put("session.created", "type", 7),
        "expected an event with a type, got an object whose type is 7",
    ),
    "schema": (
        "event-schema",
        put("response.output_text.delta", "delta", 7),
        'response.output_text.delta: delta: 7 is not of type "string"',
    ),
    "unknown type": (
        "event-types-known",
        put("session.created", "type", "session.born"),
        "session.born is not in the contract",
    ),
    "event id again": (
        "event-ids-unique",
        put("response.done", "event_id", "event_0"),
        "event_id event_0 of response.done was already that of session.created (line 2)",
    ),
    "error blames nobody": (
        "error-names-its-cause",
        put("error", "error.event_id", "yours"),
        "error.event_id is 'yours', but no client event had that event_id",
    ),
    "part before item": (
        "response-order",
        behind("response.output_item.added", "response.content_part.added"),
        "response.content_part.added [output 0] [content 0] came without "
        "response.output_item.added before it",
    ),
    "no response.created": (
        "response-order",
        drop("response.created"),
        "response.output_item.added [output 0] came without response.created before it",
    ),
    "delta after done": (
        "response-order",
        behind("response.output_text.delta", "response.output_text.done"),
        "response.output_text.delta [output 0] [content 0] came after response.output_text.done",
    ),
    "delta after the part": (
        "response-order",
        behind("response.output_text.delta", "response.content_part.done"),
        "response.output_text.delta [output 0] [content 0] came after response.output_text.done",
    ),
    "item closed twice": (
        "response-order",
        twice("response.output_item.done"),
        "response.output_item.done [output 0] came twice",
    ),
    "after the end": (
        "response-order",
        behind("response.output_item.done", "response.done"),
        "no response.output_item.done [output 0] before response.done",
    ),
    "part never closed": (
        "response-order",
        drop("response.content_part.done"),
        "no response.content_part.done [output 0] [content 0] before response.done",
    ),
    "text never closed": (
        "response-order",
        drop("response.output_text.done"),
        "no response.output_text.done [output 0] [content 0] before response.done",
    ),
    "audio never closed": (
        "response-order",
        drop("response.output_audio.done"),
        "no response.output_audio.done [output 0] [content 0] before response.done",
    ),
    "arguments never closed": (
        "response-order",
        drop("response.function_call_arguments.done"),
        "no response.function_call_arguments.done [output 1] before response.done",
    ),
    "done twice": ("response-done-once", twice("response.done"), "a second response.done for"),
    "not done before the next": (
        "one-response-at-a-time",
        drop("response.done"),
        "was created while",
    ),
    "user's item not done": (
        "items-announced",
        drop("conversation.item.done"),
        "no conversation.item.done of item_2",
    ),
    "user's item not added": (
        "items-announced",
        drop("conversation.item.added"),
        "conversation.item.done of item_2 without conversation.item.added",
    ),
    "answer not added": (
        "items-announced",
        drop("conversation.item.added", 1),
        "conversation.item.done of item_5 without conversation.item.added",
    ),
    "answer not done": (
        "items-announced",
        drop("conversation.item.done", 1),
        "no conversation.item.done of item_5 before response.done",
    ),
    "user's item done too late": (
        "items-announced",
        behind("conversation.item.done", "rate_limits.updated"),
        "no conversation.item.done of item_2",
    ),
    "speech stops before it starts": (
        "turn-order",
        drop("input_audio_buffer.speech_started"),
        "came without input_audio_buffer.speech_started before it",
    ),
    "committed under another id": (
        "turn-order",
        put("input_audio_buffer.committed", "item_id", "item_x"),
        "came after input_audio_buffer.speech_stopped",
    ),
    "item added twice": (
        "turn-order",
        twice("conversation.item.added"),
        "conversation.item.added [item item_2] came twice",
    ),
    "item done twice": (
        "turn-order",
        twice("conversation.item.done"),
        "conversation.item.done [item item_2] came twice",
    ),
    "transcription behind its end": (
        "transcription-order",
        behind(
            "conversation.item.input_audio_transcription.delta",
            "conversation.item.input_audio_transcription.completed",
        ),
        "came after conversation.item.input_audio_transcription.completed",
    ),
    "stopped without having started": (
        "playback-order",
        drop("output_audio_buffer.started"),
        "came without output_audio_buffer.started before it",
    ),
    "tools listed at once": (
        "mcp-order",
        lambda events: events.append({"type": "mcp_list_tools.completed", "item_id": "item_x"}),
        "came without mcp_list_tools.in_progress before it",
    ),
    "session comes second": (
        "session-created-first",
        behind("session.created", "conversation.item.added"),
        "expected session.created first, got conversation.item.added",
    ),
    "session created twice": (
        "session-created-first",
        twice("session.created"),
        "session.created came twice",
    ),
    "shown though refused": (
        "refused-update-without-effect",
        put("session.updated", "session.output_modalities", ["audio", "text"]),
        "output_modalities is ['audio', 'text'], as a refused session.update wanted it",
    ),
    "something behind the end": (
        "ends-cleanly",
        lambda events: events.append({"type": "rate_limits.updated", "rate_limits": []}),
        "rate_limits.updated came behind session_expired",
    ),
    "transcription loses a word": (
        "transcription-agrees",
        drop("conversation.item.input_audio_transcription.delta"),
        "the transcript is 'Hello there.', but its deltas are ' there.'",
    ),
    "cleared though nobody asked": (
        "answers-asked-for",
        twice("input_audio_buffer.cleared"),
        "input_audio_buffer.cleared came 2 times, input_audio_buffer.clear was sent 1",
    ),
    "arguments that are no JSON": (
        "arguments-are-json",
        put("response.function_call_arguments.done", "arguments", "{oops"),
        "arguments are '{oops', which is not JSON",
    ),
    "another item in the output": (
        "item-ids-agree",
        put("response.done", "response.output.0.id", "item_x"),
        "is item_5 in response.output_item.added but item_x in response.done",
    ),
    "another item in a delta": (
        "item-ids-agree",
        put("response.output_text.delta", "item_id", "item_x"),
        "is item_5 in response.output_item.added but item_x in response.output_text.delta",
    ),
    "unknown predecessor": (
        "previous-item-known",
        put("conversation.item.added", "previous_item_id", "item_x"),
        "item_2 was added behind item_x, which was never added",
    ),
    "delta lost": (
        "text-agrees",
        drop("response.output_text.delta", 1),
        "text of output 0 is 'You: Hi' in the joined response.output_text.delta but "
        "'You said: Hi' in response.output_text.done",
    ),
    "transcript differs in the item": (
        "text-agrees",
        put("response.output_item.done", "item.content.0.transcript", "Hm", 1),
        "but 'Hm' in response.output_item.done",
    ),
    "arguments differ at the end": (
        "text-agrees",
        put("response.done", "response.output.1.arguments", "{}", 1),
        "arguments of output 1 is '{\"a\": 1}' in the joined",
    ),
    "long text differs": (
        "text-agrees",
        put("response.content_part.done", "part.text", "x" * 100),
        f"{'x' * 40!r} … (100 characters) in response.content_part.done",
    ),
    "no base64": (
        "audio-is-base64",
        put("response.output_audio.delta", "delta", "A-_="),
        "response.output_audio.delta is no base64",
    ),
    "base64 beyond ASCII": (
        "audio-is-base64",
        put("response.output_audio.delta", "delta", "é"),
        "response.output_audio.delta is no base64",
    ),
    "no usage": (
        "usage-adds-up",
        put("response.done", "response.usage", None),
        "a completed response has no usage",
    ),
    "no totals": (
        "usage-adds-up",
        put("response.done", f"{_USAGE}input_tokens", ...),
        "usage of a completed response lacks input_tokens",
    ),
    "total": (
        "usage-adds-up",
        put("response.done", f"{_USAGE}total_tokens", 13),
        "total_tokens is 13, but input and output are 9 + 3",
    ),
    "details": (
        "usage-adds-up",
        put("response.done", f"{_INPUT}audio_tokens", 3),
        "input_tokens is 9, but its details are text_tokens 7, audio_tokens 3, image_tokens 0",
    ),
    "more cached than read": (
        "usage-adds-up",
        put("response.done", f"{_INPUT}cached_tokens", 10),
        "cached_tokens is 10, more than the 9 input_tokens",
    ),
    "cached details": (
        "usage-adds-up",
        put("response.done", f"{_INPUT}cached_tokens_details.text_tokens", 4),
        "cached_tokens is 4, but its details are text_tokens 4, audio_tokens 1, image_tokens 0",
    ),
    "more cached of one kind than read": (
        "usage-adds-up",
        put(
            "response.done",
            f"{_INPUT}cached_tokens_details",
            {"text_tokens": 0, "audio_tokens": 4},
        ),
        "4 cached audio_tokens, more than the 2 in input_token_details",
    ),
}


@pytest.mark.parametrize("case", ACCUSED)
def test_accused(conversation: Any, as_evidence: Any, case: str) -> None:
    check, spoil, reason = ACCUSED[case]
    events = copy.deepcopy(conversation.events)
    assert judge(check, as_evidence(events, sent=("mine",))) == []
    spoil(events)
    reasons = judge(check, as_evidence(events, sent=("mine",)))
    assert any(reason in found for found in reasons), reasons


def test_every_rule_is_accused_here() -> None:
    accused = {f"rt.wire.{check}" for check, _, _ in ACCUSED.values()}
    assert accused | {"rt.wire.client-events-valid"} == {rule.check.id for rule in STREAM_RULES}


ACQUITTED: dict[str, tuple[str, Spoil]] = {
    "dtmf has no id of its own": (
        "event-ids-unique",
        lambda events: events.extend(
            [{"type": "input_audio_buffer.dtmf_event_received", "event_id": "event_0"}]
        ),
    ),
    "an error that blames nothing": ("error-names-its-cause", put("error", "error.event_id", None)),
    "an interrupted response that was never created": (
        "response-order",
        lambda events: events.extend(
            [{"type": "response.done", "response": {"id": "resp_x", "status": "cancelled"}}]
        ),
    ),
    "no transcript in the part": (
        "text-agrees",
        put("response.content_part.done", "part", {"type": "text"}),
    ),
    "another vendor's tokens on top": (
        "usage-adds-up",
        put("response.done", f"{_USAGE}output_token_details.reasoning_tokens", 7),
    ),
    "another vendor's tokens included": (
        "usage-adds-up",
        put(
            "response.done",
            f"{_USAGE}output_token_details",
            {"text_tokens": 1, "audio_tokens": 1, "reasoning_tokens": 1},
        ),
    ),
    "no details": ("usage-adds-up", put("response.done", f"{_USAGE}input_token_details", None)),
    "a failed response without usage": (
        "usage-adds-up",
        lambda events: at(events, "response.done")["response"].update(status="failed", usage={}),
    ),
}


@pytest.mark.parametrize("case", ACQUITTED)
def test_acquitted(conversation: Any, as_evidence: Any, case: str) -> None:
    check, change = ACQUITTED[case]
    events = copy.deepcopy(conversation.events)
    change(events)
    assert judge(check, as_evidence(events, sent=("mine",))) == []


def test_out_of_band_responses_run_beside_and_are_not_announced(
    talk: Any, as_evidence: Any
) -> None:
    talk.send("session.created", session={"type": "realtime"})
    inside = talk.created()
    outside = talk.created(out_of_band=True)
    talk.says(outside, "aside")
    talk.done(outside)
    talk._conversation, talk._output = "conv_1", []
    talk.says(inside, "main")
    talk.done(inside)
    evidence = as_evidence(talk.events)
    assert {
        rule.check.id: rule.judge(evidence) for rule in STREAM_RULES if rule.judge(evidence)
    } == {}


def test_several_items_may_interleave(talk: Any, as_evidence: Any) -> None:
    """A call may open before the message beside it is closed (gpt-realtime-2)."""
    response = talk.created()
    talk.says(response, "Let me", " look")
    talk.calls(response, "{", "}")
    talk.done(response)
    opened = next(n for n, event in enumerate(talk.events) if event.get("output_index") == 1)
    early = [talk.events.pop(opened), talk.events.pop(opened)]
    talk.events[4:4] = early
    assert judge("response-order", as_evidence(talk.events)) == []


def raw(data: dict[str, Any], direction: Direction = Direction.RECEIVED) -> Entry:
    return Entry(
        seq=0,
        t_ns=0,
        lane=Lane.WEBSOCKET,
        connection="client",
        direction=direction,
        kind=Kind.RAW,
        data=data,
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"bytes": 12, "why": "binary frame"}, "'binary frame'"),
        ({"text": "{not json"}, "'{not json'"),
        ({}, "'something else'"),
    ],
    ids=["binary", "text", "nothing"],
)
def test_frames_that_are_no_events(data: dict[str, Any], reason: str) -> None:
    expected = f"expected a text frame with one JSON object, got {reason}"
    assert judge("frames-are-json", [raw(data)]) == [expected]
    assert judge("frames-are-json", [raw(data, Direction.SENT)]) == []


def test_an_error_may_name_what_was_sent_raw(talk: Any, as_evidence: Any) -> None:
    talk.error("cli_7")
    sent = raw({"text": '{"event_id": "cli_7", '}, Direction.SENT)
    assert judge("error-names-its-cause", [sent, *as_evidence(talk.events)]) == []


def test_client_events_that_break_the_contract_are_reported(as_evidence: Any) -> None:
    sent, _ = as_evidence([], sent=("mine",))
    broken = replace(sent, data={"type": "session.update"})
    assert judge("client-events-valid", [sent]) == []
    assert judge("client-events-valid", [broken]) == [
        'session.update: "session" is a required property'
    ]


def closed(**data: Any) -> Entry:
    return Entry(
        seq=0,
        t_ns=0,
        lane=Lane.TRANSPORT,
        connection="client",
        direction=Direction.NOTE,
        kind=Kind.STATE,
        data={"what": "ws", "state": "closed", **data},
    )


@pytest.mark.parametrize(
    ("entry", "reasons"),
    [
        (closed(by="us", code=1000), []),
        (closed(by="us", code=None), ["client: our close was not answered"]),
        (closed(by="us", code=None, cut=True), []),
        (closed(by="us", code=None, what="data-channel"), []),
        (closed(by="them", code=1001), []),
        (closed(by="them", code=None), []),
        (
            closed(by="them", code=1005),
            ["client was closed with 1005, which is for no close frame"],
        ),
    ],
    ids=["ours", "unanswered", "cut", "channel", "theirs", "broken off", "no code for frames"],
)
def test_ends(entry: Entry, reasons: list[str]) -> None:
    assert judge("ends-cleanly", [entry]) == reasons


def test_refused_updates_of_several_connections_are_not_told_apart(as_evidence: Any) -> None:
    update = as_evidence([], sent=("mine",))[:1]
    others = [replace(entry, connection="other") for entry in update]
    assert judge("refused-update-without-effect", [*update, *others]) == []


@pytest.mark.parametrize(
    ("asked", "reasons"),
    [(1, ["conversation.item.added [item mine] came twice"]), (2, [])],
    ids=["once", "twice"],
)
def test_an_item_is_added_once_for_each_time_that_its_id_was_given(
    as_evidence: Any, asked: int, reasons: list[str]
) -> None:
    item = {"id": "mine", "type": "message", "role": "user", "content": []}
    created = {"type": "conversation.item.create", "item": item}
    added = {"type": "conversation.item.added", "item": item, "previous_item_id": None}
    entries = as_evidence([added, added])
    sent = [replace(e, direction=Direction.SENT, data=created) for e in entries[:1] * asked]
    assert judge("turn-order", [*sent, *entries]) == reasons
