"""Violations that the checks of ``responses`` find.

What is shown is spoilt in responses that were asked for with metadata, and on WebSockets: other
suites judge the turns of calls, and their own.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from realtime_fakes.defects.taps import (
    Change,
    another,
    drop,
    in_item,
    in_response,
    named_item,
    on_websocket,
    with_metadata,
)
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]

_CREATED, _ALL_DONE = "response.created", "response.done"
_ITEM_ADDED, _ITEM_DONE = "response.output_item.added", "response.output_item.done"
_IN_CONVERSATION, _DONE_IN_CONVERSATION = "conversation.item.added", "conversation.item.done"
_PARTS = ("response.content_part.added", "response.content_part.done")
_NO_USAGE = {
    "total_tokens": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "input_token_details": {"text_tokens": 0, "audio_tokens": 0, "cached_tokens": 0},
    "output_token_details": {"text_tokens": 0, "audio_tokens": 0},
}


_WITH_WORDS = (
    *_PARTS,
    "response.output_audio_transcript.delta",
    "response.output_audio_transcript.done",
    _DONE_IN_CONVERSATION,
    _ITEM_DONE,
    _ALL_DONE,
)

_Members = Callable[[dict[str, Any]], dict[str, Any]]


def _turn(change: Change, *types: str) -> EventTap:
    """Return a tap on responses with metadata and a limit of tokens."""
    return with_metadata(
        change, *types, where=lambda response: response["max_output_tokens"] != "inf"
    )


def _spoken(change: Change, *types: str) -> EventTap:
    """Return a tap on responses with metadata that speak."""
    return with_metadata(
        change, *types, where=lambda response: response["output_modalities"] == ["audio"]
    )


def _aside(change: Change, *types: str) -> EventTap:
    """Return a tap on responses with metadata that are out of band."""
    return with_metadata(change, *types, where=lambda response: response["conversation_id"] is None)


def _members(was: str | None = None, /, **members: Any) -> Change:
    """Return a change of members of a response, if it has this status."""
    return in_response(lambda response: members if was in (None, response["status"]) else {})


def _output(change: _Members) -> Change:
    """Return a change of the items that a response shows when it is done."""

    def members(response: dict[str, Any]) -> dict[str, Any]:
        return {"output": [{**item, **change(item)} for item in response["output"]]}

    return in_response(members)


# -- turns -----------------------------------------------------------------------------------------


def _swapped(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Let an item be done in the output before it is done in the conversation."""
    if event["type"] == _DONE_IN_CONVERSATION:
        memory["held"] = event
        return []
    held = memory.pop("held", None)
    return [event] if held is None else [event, held]


def _as_input(item: dict[str, Any]) -> dict[str, Any]:
    return {"content": [{"type": "input_text", "text": each["text"]} for each in item["content"]]}


def _transcribed(item: dict[str, Any]) -> dict[str, Any]:
    said = [{"type": "output_audio", "transcript": each["text"]} for each in item["content"]]
    return {"content": said}


def _behind_itself(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "previous_item_id": event["item"]["id"]}]


def _not_found(event: Event, memory: dict[str, Any]) -> list[Event]:
    error = {
        "type": "invalid_request_error",
        "code": "item_retrieve_invalid_item_id",
        "message": "Error retrieving item: answers are not kept.",
        "param": None,
        "event_id": None,
    }
    return [another(event, "x", type="error", error=error)]


def _sound_of_text(event: Event, memory: dict[str, Any]) -> list[Event]:
    said = {"type": "audio", "transcript": event["part"].get("text", "")}
    return [{**event, "part": said}]


def _limit_stays(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Let the session have the limit of the last response that had one and metadata."""
    response = event.get("response") or {}
    if event["type"] == "session.updated" and "limit" in memory:
        return [{**event, "session": {**event["session"], "max_output_tokens": memory["limit"]}}]
    if response.get("metadata") and response["max_output_tokens"] != "inf":
        memory["limit"] = response["max_output_tokens"]
    return [event]


def _one_item_more(event: Event, memory: dict[str, Any]) -> list[Event]:
    """List the item that was done last before the others."""
    response = event["response"]
    item = {
        "id": "item_" + response["id"][5:],
        "type": "function_call_output",
        "call_id": "call_1",
        "output": "",
    }
    return [{**event, "response": {**response, "output": [*response["output"], item]}}]


# -- sound -----------------------------------------------------------------------------------------


def _parts_of_text(event: Event, memory: dict[str, Any]) -> list[Event]:
    part = event["part"]
    if part["type"] != "audio":
        return [event]
    return [{**event, "part": {"type": "text", "text": part["transcript"]}}]


def _text_of_sound(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "content": [
            {"type": "output_text", "text": part["transcript"]}
            if part["type"] == "output_audio"
            else part
            for part in item["content"]
        ]
    }


def _mute(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "delta": ""}]


def _wordless(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: "" if k == "transcript" else _wordless(v) for k, v in value.items()}
    return [_wordless(each) for each in value] if isinstance(value, list) else value


def _without_words(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "response.output_audio_transcript.delta":
        return []
    silent: Event = _wordless(event)
    return [silent]


def _text_beside(event: Event, memory: dict[str, Any]) -> list[Event]:
    place = {k: event[k] for k in ("response_id", "item_id", "output_index", "content_index")}
    said = {"type": "response.output_text.done", "text": event["transcript"], **place}
    return [another(event, "x", **said), event]


def _sound_in_part(event: Event, memory: dict[str, Any]) -> list[Event]:
    part = event["part"]
    if part["type"] != "audio":
        return [event]
    return [{**event, "part": {**part, "audio": base64.b64encode(bytes(960)).decode()}}]


# -- one at a time ---------------------------------------------------------------------------------


def _error(code: str, change: Change, *, nth: int | None = None) -> EventTap:
    """Return a tap on errors of this code, or on the n-th of them, behind a marked response."""

    def tap(event: Event, memory: dict[str, Any]) -> list[Event]:
        if event["type"] == _CREATED:
            memory["marked"] = memory.get("marked") or bool(event["response"].get("metadata"))
        elif event["error"]["code"] == code and memory.get("marked"):
            memory["count"] = memory.get("count", 0) + 1
            if nth in (None, memory["count"]):
                return change(event, memory)
        return [event]

    return on_websocket(tap, "error", _CREATED)


def _another_code(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "error": {**event["error"], "code": "invalid_value"}}]


def _straggler(event: Event, memory: dict[str, Any]) -> list[Event]:
    response = event["response"]
    if response["status"] != "cancelled" or not response["output"]:
        return [event]
    delta = {
        "type": "response.output_text.delta",
        "response_id": response["id"],
        "item_id": response["output"][0]["id"],
        "output_index": 0,
        "content_index": 0,
        "delta": "…",
    }
    return [event, another(event, "x", **delta)]


def _failed_after_cancel(event: Event, memory: dict[str, Any]) -> list[Event]:
    response = event["response"]
    if response["status"] == "cancelled":
        memory["cancelled"] = True
    elif memory.get("cancelled") and response["status"] == "completed":
        error = {"type": "server_error", "code": None}
        failed = {"status": "failed", "status_details": {"type": "failed", "error": error}}
        return [{**event, "response": {**response, **failed}}]
    return [event]


_BUSY = {
    "type": "invalid_request_error",
    "code": "conversation_already_has_active_response",
    "message": "Conversation already has an active response in progress.",
    "param": None,
    "event_id": None,
}


def _refused_meanwhile(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Refuse items of users while a response with metadata is in progress."""
    if event["type"] == _CREATED:
        memory["active"] = bool(event["response"].get("metadata"))
    elif event["type"] == _ALL_DONE:
        memory["active"] = False
    elif event["item"].get("role") == "user" and memory.get("active"):
        lost: set[str] = memory.setdefault("lost", set())
        is_first = event["item"]["id"] not in lost
        lost.add(event["item"]["id"])
        return [another(event, "x", type="error", error=_BUSY)] if is_first else []
    elif event["previous_item_id"] in memory.get("lost", ()):
        return [{**event, "previous_item_id": None}]
    return [event]


# -- out of band -----------------------------------------------------------------------------------


def _mirrored(event: Event, memory: dict[str, Any]) -> list[Event]:
    added = another(event, "x", type=_IN_CONVERSATION, previous_item_id=None, item=event["item"])
    return [event, added]


def _input_mirrored(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["response"]["conversation_id"] is not None:
        return [event]
    item = {
        "id": "item_" + event["response"]["id"][5:],
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_text", "text": "…"}],
    }
    place = {"previous_item_id": None, "item": item}
    added = another(event, "x", type=_IN_CONVERSATION, **place)
    return [event, added, another(event, "y", type=_DONE_IN_CONVERSATION, **place)]


def _kept(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Let the output of a response out of band be retrieved."""
    kept: dict[str | None, Any] = memory.setdefault("kept", {})
    if event["type"] == _ITEM_DONE:
        kept[event["item"]["id"]] = event["item"]
    elif event["error"]["code"] == "item_retrieve_invalid_item_id":
        item = kept.get(named_item(event))
        if item is not None:
            return [another(event, "x", type="conversation.item.retrieved", item=item)]
    return [event]


def _refused_beside(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Refuse what is out of band while a response of the conversation is in progress."""
    response = event.get("response") or {}
    identifier = response.get("id") or event.get("response_id")
    refused: set[str | None] = memory.setdefault("refused", set())
    if event["type"] == _CREATED:
        if response["conversation_id"] is not None:
            memory["active"] = identifier
        elif memory.get("active"):
            refused.add(identifier)
            return [another(event, "x", type="error", error=_BUSY)]
    elif event["type"] == _ALL_DONE and memory.get("active") == identifier:
        memory["active"] = None
    return [] if identifier in refused else [event]


def _ended_by_another(event: Event, memory: dict[str, Any]) -> list[Event]:
    """End a response of the conversation when one out of band begins."""
    response = event.get("response") or {}
    identifier = response.get("id") or event.get("response_id")
    if event["type"] == _CREATED:
        if response["conversation_id"] is not None:
            memory["active"] = response
        elif memory.get("active"):
            other = memory.pop("active")
            memory["ended"] = other["id"]
            details = {"type": "cancelled", "reason": "client_cancelled"}
            ended = {**other, "status": "cancelled", "status_details": details}
            return [another(event, "x", type=_ALL_DONE, response=ended | {"usage": None}), event]
    elif event["type"] == _ALL_DONE and response.get("id") != memory.get("ended"):
        memory.pop("active", None)
    return [] if identifier and identifier == memory.get("ended") else [event]


def _metadata_of_the_other(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Show the metadata of the first response in those beside it."""
    response = event["response"]
    if not response.get("metadata"):
        return [event]
    if event["type"] == _CREATED and response["conversation_id"] is not None:
        memory["metadata"] = response["metadata"]
    elif event["type"] == _ALL_DONE and response["conversation_id"] is not None:
        memory.pop("metadata", None)
    if "metadata" in memory:
        return [{**event, "response": {**response, "metadata": memory["metadata"]}}]
    return [event]


def _defect(
    name: str,
    violates: str,
    summary: str,
    event: EventTap | None = None,
    *,
    policy: Mapping[str, Any] | None = None,
    also: Mapping[str, str] | None = None,
) -> Switch:
    return Switch(
        name=name,
        violates=f"rt.responses.{violates}",
        summary=summary,
        event=event,
        policy=policy or {},
        also=also or {},
    )


SWITCHES: tuple[Switch, ...] = (
    # a turn in text
    _defect(
        "response-created-completed",
        "in-progress",
        "Creates responses that are completed already.",
        _turn(_members(status="completed"), _CREATED),
    ),
    _defect(
        "response-created-with-usage",
        "empty-at-first",
        "Shows usage when a response is created.",
        _turn(_members(usage=_NO_USAGE), _CREATED),
    ),
    _defect(
        "response-never-completed",
        "completed",
        "Says of completed responses that they are incomplete.",
        _turn(_members("completed", status="incomplete"), _ALL_DONE),
    ),
    _defect(
        "completed-with-details",
        "no-details",
        "Gives status_details to completed responses.",
        _turn(_members("completed", status_details={"type": "completed"}), _ALL_DONE),
    ),
    _defect(
        "response-lists-more",
        "output",
        "Lists an item in response.done that was never added to the response.",
        _turn(_one_item_more, _ALL_DONE),
        also={"rt.responses.assistant": "what is listed beside the message is none"},
    ),
    _defect(
        "message-added-completed",
        "item-empty-at-first",
        "Adds messages that are completed already.",
        _turn(in_item(lambda item: {"status": "completed"}), _ITEM_ADDED),
    ),
    _defect(
        "message-done-incomplete",
        "item-completed",
        "Says of items of completed responses that they are incomplete when they are done.",
        _turn(in_item(lambda item: {"status": "incomplete"}), _ITEM_DONE),
    ),
    _defect(
        "answer-of-the-system",
        "assistant",
        "Lets answers be messages of the system.",
        _turn(_output(lambda item: {"role": "system", **_as_input(item)}), _ALL_DONE),
        also={"rt.responses.output-text": "messages of the system have no output_text"},
    ),
    _defect(
        "answer-behind-itself",
        "behind-question",
        "Says that an answer was added behind itself.",
        _turn(_behind_itself, _IN_CONVERSATION),
    ),
    _defect(
        "output-done-before-conversation",
        "conversation-order",
        "Lets an item be done in the output before it is done in the conversation.",
        _turn(_swapped, _DONE_IN_CONVERSATION, _ITEM_DONE),
    ),
    _defect(
        "answer-not-retrievable",
        "retrievable",
        "Does not find answers that are to be retrieved.",
        _turn(_not_found, "conversation.item.retrieved"),
    ),
    _defect(
        "text-in-parts-of-audio",
        "text-only",
        "Sends answers in text in content parts of type audio.",
        _turn(_sound_of_text, *_PARTS),
    ),
    _defect(
        "text-listed-as-audio",
        "output-text",
        "Lists answers in text as output_audio.",
        _turn(_output(_transcribed), _ALL_DONE),
    ),
    # what was asked for
    _defect(
        "metadata-late",
        "metadata-first",
        "Creates responses without the metadata that they were given.",
        _turn(_members(metadata=None), _CREATED),
    ),
    _defect(
        "metadata-forgotten",
        "metadata-last",
        "Ends responses without the metadata that they were given.",
        _turn(_members(metadata=None), _ALL_DONE),
    ),
    _defect(
        "modalities-not-shown",
        "modalities",
        "Shows the modalities of the session in responses that were asked for others.",
        _turn(_members(output_modalities=["audio"]), _ALL_DONE),
    ),
    _defect(
        "token-limit-not-shown",
        "limit",
        "Shows no limit of tokens in responses that were asked to have one.",
        _turn(_members(max_output_tokens="inf"), _ALL_DONE),
    ),
    _defect(
        "conversation-id-changes",
        "conversation-id",
        "Shows another conversation_id when a response is done.",
        _turn(_members(conversation_id="conv_000000000000000000000"), _ALL_DONE),
    ),
    _defect(
        "session-takes-limit-of-response",
        "session-unchanged",
        "Gives the session the limit of tokens that a response was asked to have.",
        on_websocket(_limit_stays, _CREATED, "session.updated"),
    ),
    # a turn in audio
    _defect(
        "sound-in-parts-of-text",
        "audio-part",
        "Sends answers in audio in content parts of type text.",
        _spoken(_parts_of_text, *_PARTS),
    ),
    _defect(
        "sound-deltas-empty",
        "sound",
        "Sends empty deltas of sound.",
        _spoken(_mute, "response.output_audio.delta"),
        also={"rt.usage.sound-out-rate": "what was paid for did not come"},
    ),
    _defect(
        "audio-listed-as-text",
        "output-audio",
        "Lists answers in audio as output_text.",
        _spoken(_output(_text_of_sound), _ALL_DONE),
        also={"rt.responses.transcript": "a text is no transcript"},
    ),
    _defect(
        "answer-without-transcript",
        "transcript",
        "Leaves the transcript of answers empty on WebSockets.",
        _spoken(_without_words, *_WITH_WORDS),
    ),
    _defect(
        "text-beside-sound",
        "no-text-events",
        "Sends answers in audio as a text as well.",
        _spoken(_text_beside, "response.output_audio_transcript.done"),
        also={"rt.wire.text-agrees": "such a text has no deltas"},
    ),
    _defect(
        "sound-in-parts",
        "sound-not-in-items",
        "Repeats the sound of an answer in its content part.",
        _spoken(_sound_in_part, "response.content_part.done"),
    ),
    # cut short
    _defect(
        "cut-short-unsaid",
        "incomplete",
        "Says of responses that were cut short that they are completed.",
        with_metadata(_members("incomplete", status="completed"), _ALL_DONE),
    ),
    _defect(
        "cut-short-for-content",
        "incomplete-reason",
        "Gives content_filter as the reason why a response reached its limit.",
        with_metadata(
            _members(
                "incomplete", status_details={"type": "incomplete", "reason": "content_filter"}
            ),
            _ALL_DONE,
        ),
    ),
    # one at a time
    _defect(
        "second-response-dropped",
        "second-refused",
        "Drops a second response of the conversation without an error.",
        _error("conversation_already_has_active_response", drop),
    ),
    _defect(
        "second-response-other-code",
        "second-refused-code",
        "Refuses a second response of the conversation with another code.",
        _error("conversation_already_has_active_response", _another_code),
    ),
    _defect(
        "items-refused-meanwhile",
        "item-meanwhile",
        "Refuses what users write while a response is in progress.",
        on_websocket(
            _refused_meanwhile, _CREATED, _ALL_DONE, _IN_CONVERSATION, _DONE_IN_CONVERSATION
        ),
    ),
    _defect(
        "cancelled-as-incomplete",
        "cancelled",
        "Says of responses that were cancelled that they are incomplete.",
        with_metadata(_members("cancelled", status="incomplete"), _ALL_DONE),
        also={"rt.responses.cancel-by-id": "so are those that were cancelled by their ids"},
    ),
    _defect(
        "cancelled-as-if-by-turn",
        "cancel-reason",
        "Says of responses that the client cancelled that a turn was detected.",
        with_metadata(
            _members("cancelled", status_details={"type": "cancelled", "reason": "turn_detected"}),
            _ALL_DONE,
        ),
    ),
    _defect(
        "cancel-ignores-ids",
        "cancel-by-id",
        "Does not find the response that is to be cancelled by its id.",
        policy={"cancel_by_id": False},
    ),
    _defect(
        "straggler-behind-cancel",
        "nothing-behind",
        "Sends one more delta when a response was cancelled.",
        with_metadata(_straggler, _ALL_DONE),
        also={"rt.wire.response-order": "a delta behind the end is out of order in any response"},
    ),
    _defect(
        "fails-after-cancel",
        "after-cancel",
        "Lets responses fail once one was cancelled.",
        with_metadata(_failed_after_cancel, _ALL_DONE),
    ),
    _defect(
        "cancel-of-nothing-dropped",
        "cancel-nothing",
        "Drops a cancel without an error if no response is in progress.",
        _error("response_cancel_not_active", drop, nth=1),
    ),
    _defect(
        "cancel-of-nothing-other-code",
        "cancel-nothing-code",
        "Refuses a cancel with another code.",
        _error("response_cancel_not_active", _another_code),
    ),
    _defect(
        "cancel-of-done-dropped",
        "cancel-done",
        "Drops a cancel without an error the second time that no response is in progress.",
        _error("response_cancel_not_active", drop, nth=2),
    ),
    # out of band
    _defect(
        "aside-in-conversation",
        "no-conversation",
        "Shows the id of a conversation when a response out of band is done.",
        _aside(_members(conversation_id="conv_000000000000000000000"), _ALL_DONE),
    ),
    _defect(
        "aside-mirrored",
        "not-added",
        "Adds the output of a response out of band to the conversation.",
        _aside(_mirrored, _ITEM_ADDED),
    ),
    _defect(
        "aside-retrievable",
        "not-retrievable",
        "Lets the output of a response out of band be retrieved.",
        on_websocket(_kept, _ITEM_DONE, "error"),
    ),
    _defect(
        "aside-input-mirrored",
        "input-not-added",
        "Adds the input of a response out of band to the conversation.",
        _aside(_input_mirrored, _CREATED),
    ),
    _defect(
        "references-not-followed",
        "reference",
        "Refuses references to items in the input of a response.",
        policy={"follow_references": False},
    ),
    _defect(
        "aside-refused",
        "beside",
        "Refuses a response out of band while another one is in progress.",
        on_websocket(_refused_beside),
    ),
    _defect(
        "aside-ends-the-other",
        "other-goes-on",
        "Cancels the response in progress when one out of band is created.",
        on_websocket(_ended_by_another),
    ),
    _defect(
        "metadata-of-the-other",
        "told-apart",
        "Shows the metadata of the response in progress in those beside it.",
        on_websocket(_metadata_of_the_other, _CREATED, _ALL_DONE),
    ),
)
