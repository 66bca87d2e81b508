"""Turns: answers in text and in audio, what they were asked to be, and those that are cut short."""

from __future__ import annotations

import base64
from typing import Any

from realtime_fakes.defects.responses.shared import (
    ALL_DONE,
    CREATED,
    DONE_IN_CONVERSATION,
    IN_CONVERSATION,
    ITEM_ADDED,
    ITEM_DONE,
    PARTS,
    defect,
    members,
)
from realtime_fakes.defects.taps import (
    Change,
    another,
    in_item,
    in_output,
    on_websocket,
    refusal,
    with_metadata,
)
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]

_NO_USAGE = {
    "total_tokens": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "input_token_details": {"text_tokens": 0, "audio_tokens": 0, "cached_tokens": 0},
    "output_token_details": {"text_tokens": 0, "audio_tokens": 0},
}

_WITH_WORDS = (
    *PARTS,
    "response.output_audio_transcript.delta",
    "response.output_audio_transcript.done",
    DONE_IN_CONVERSATION,
    ITEM_DONE,
    ALL_DONE,
)


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


# -- turns -----------------------------------------------------------------------------------------


def _swapped(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Let an item be done in the output before it is done in the conversation."""
    if event["type"] == DONE_IN_CONVERSATION:
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
    message = "Error retrieving item: answers are not kept."
    return [refusal(event, "item_retrieve_invalid_item_id", message)]


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


SWITCHES: tuple[Switch, ...] = (
    # a turn in text
    defect(
        "response-created-completed",
        "in-progress",
        "Creates responses that are completed already.",
        _turn(members(status="completed"), CREATED),
    ),
    defect(
        "response-created-with-usage",
        "empty-at-first",
        "Shows usage when a response is created.",
        _turn(members(usage=_NO_USAGE), CREATED),
    ),
    defect(
        "response-never-completed",
        "completed",
        "Says of completed responses that they are incomplete.",
        _turn(members("completed", status="incomplete"), ALL_DONE),
    ),
    defect(
        "completed-with-details",
        "no-details",
        "Gives status_details to completed responses.",
        _turn(members("completed", status_details={"type": "completed"}), ALL_DONE),
    ),
    defect(
        "response-lists-more",
        "output",
        "Lists an item in response.done that was never added to the response.",
        _turn(_one_item_more, ALL_DONE),
        also={"rt.responses.assistant": "what is listed beside the message is none"},
    ),
    defect(
        "message-added-completed",
        "item-empty-at-first",
        "Adds messages that are completed already.",
        _turn(in_item(lambda item: {"status": "completed"}), ITEM_ADDED),
    ),
    defect(
        "message-done-incomplete",
        "item-completed",
        "Says of items of completed responses that they are incomplete when they are done.",
        _turn(in_item(lambda item: {"status": "incomplete"}), ITEM_DONE),
    ),
    defect(
        "answer-of-the-system",
        "assistant",
        "Lets answers be messages of the system.",
        _turn(in_output(lambda item: {"role": "system", **_as_input(item)}), ALL_DONE),
        also={"rt.responses.output-text": "messages of the system have no output_text"},
    ),
    defect(
        "answer-behind-itself",
        "behind-question",
        "Says that an answer was added behind itself.",
        _turn(_behind_itself, IN_CONVERSATION),
    ),
    defect(
        "output-done-before-conversation",
        "conversation-order",
        "Lets an item be done in the output before it is done in the conversation.",
        _turn(_swapped, DONE_IN_CONVERSATION, ITEM_DONE),
    ),
    defect(
        "answer-not-retrievable",
        "retrievable",
        "Does not find answers that are to be retrieved.",
        _turn(_not_found, "conversation.item.retrieved"),
    ),
    defect(
        "text-in-parts-of-audio",
        "text-only",
        "Sends answers in text in content parts of type audio.",
        _turn(_sound_of_text, *PARTS),
    ),
    defect(
        "text-listed-as-audio",
        "output-text",
        "Lists answers in text as output_audio.",
        _turn(in_output(_transcribed), ALL_DONE),
    ),
    # what was asked for
    defect(
        "metadata-late",
        "metadata-first",
        "Creates responses without the metadata that they were given.",
        _turn(members(metadata=None), CREATED),
    ),
    defect(
        "metadata-forgotten",
        "metadata-last",
        "Ends responses without the metadata that they were given.",
        _turn(members(metadata=None), ALL_DONE),
    ),
    defect(
        "modalities-not-shown",
        "modalities",
        "Shows the modalities of the session in responses that were asked for others.",
        _turn(members(output_modalities=["audio"]), ALL_DONE),
    ),
    defect(
        "token-limit-not-shown",
        "limit",
        "Shows no limit of tokens in responses that were asked to have one.",
        _turn(members(max_output_tokens="inf"), ALL_DONE),
    ),
    defect(
        "conversation-id-changes",
        "conversation-id",
        "Shows another conversation_id when a response is done.",
        _turn(members(conversation_id="conv_000000000000000000000"), ALL_DONE),
    ),
    defect(
        "session-takes-limit-of-response",
        "session-unchanged",
        "Gives the session the limit of tokens that a response was asked to have.",
        on_websocket(_limit_stays, CREATED, "session.updated"),
    ),
    # a turn in audio
    defect(
        "sound-in-parts-of-text",
        "audio-part",
        "Sends answers in audio in content parts of type text.",
        _spoken(_parts_of_text, *PARTS),
    ),
    defect(
        "sound-deltas-empty",
        "sound",
        "Sends empty deltas of sound.",
        _spoken(_mute, "response.output_audio.delta"),
        also={"rt.usage.sound-out-rate": "what was paid for did not come"},
    ),
    defect(
        "audio-listed-as-text",
        "output-audio",
        "Lists answers in audio as output_text.",
        _spoken(in_output(_text_of_sound), ALL_DONE),
        also={"rt.responses.transcript": "a text is no transcript"},
    ),
    defect(
        "answer-without-transcript",
        "transcript",
        "Leaves the transcript of answers empty on WebSockets.",
        _spoken(_without_words, *_WITH_WORDS),
    ),
    defect(
        "text-beside-sound",
        "no-text-events",
        "Sends answers in audio as a text as well.",
        _spoken(_text_beside, "response.output_audio_transcript.done"),
        also={"rt.wire.text-agrees": "such a text has no deltas"},
    ),
    defect(
        "sound-in-parts",
        "sound-not-in-items",
        "Repeats the sound of an answer in its content part.",
        _spoken(_sound_in_part, "response.content_part.done"),
    ),
    # cut short
    defect(
        "cut-short-unsaid",
        "incomplete",
        "Says of responses that were cut short that they are completed.",
        with_metadata(members("incomplete", status="completed"), ALL_DONE),
    ),
    defect(
        "cut-short-for-content",
        "incomplete-reason",
        "Gives content_filter as the reason why a response reached its limit.",
        with_metadata(
            members(
                "incomplete", status_details={"type": "incomplete", "reason": "content_filter"}
            ),
            ALL_DONE,
        ),
    ),
)
