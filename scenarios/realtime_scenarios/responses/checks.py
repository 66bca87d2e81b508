"""The checks of ``responses``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "AFTER_CANCEL",
    "ASSISTANT",
    "AUDIO_PART",
    "BEHIND_QUESTION",
    "BESIDE",
    "CANCELLED",
    "CANCELLED_ITEM",
    "CANCEL_BY_ID",
    "CANCEL_DONE",
    "CANCEL_NOTHING",
    "CANCEL_NOTHING_CODE",
    "CANCEL_REASON",
    "CHECKS",
    "COMPLETED",
    "CONVERSATION_ID",
    "CONVERSATION_ORDER",
    "EMPTY_AT_FIRST",
    "INCOMPLETE",
    "INCOMPLETE_ITEM",
    "INCOMPLETE_REASON",
    "INPUT_NOT_ADDED",
    "IN_PROGRESS",
    "ITEM_COMPLETED",
    "ITEM_EMPTY_AT_FIRST",
    "ITEM_MEANWHILE",
    "LIMIT",
    "METADATA_FIRST",
    "METADATA_LAST",
    "MODALITIES",
    "NOTHING_BEHIND",
    "NOT_ADDED",
    "NOT_RETRIEVABLE",
    "NO_CONVERSATION",
    "NO_DETAILS",
    "NO_TEXT_EVENTS",
    "OTHER_GOES_ON",
    "OUTPUT",
    "OUTPUT_AUDIO",
    "OUTPUT_TEXT",
    "REFERENCE",
    "RETRIEVABLE",
    "SECOND_REFUSED",
    "SECOND_REFUSED_CODE",
    "SESSION_UNCHANGED",
    "SOUND",
    "SOUND_DONE_FIRST",
    "SOUND_NOT_IN_ITEMS",
    "TEXT_ONLY",
    "TOLD_APART",
    "TRANSCRIPT",
    "UNKNOWN_REFERENCE",
]

_RECORDED = "pydantic-ai cassettes test_openai_ws__* and test_azure_ws__* (July 2026)"
_CREATE = "openai Python SDK 3.52.0, docstring of response_create_event.py"
_PARAMS = "openai Python SDK 3.52.0, realtime_response_create_params.py"
_RESPONSE = "openai Python SDK 3.52.0, realtime_response.py"
_STATUS = "openai Python SDK 3.52.0, realtime_response_status.py"
_CANCEL = "openai Python SDK 3.52.0, docstring of response_cancel_event.py"
_REPORTED = (
    "https://github.com/pipecat-ai/pipecat and https://github.com/livekit/agents (codes "
    "that they pass over)"
)
_RETRIEVE = "openai Python SDK 3.52.0, docstring of conversation_item_retrieve_event.py"
_GUIDE = "https://platform.openai.com/docs/guides/realtime-conversations"


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.responses.{slug}", level=level, clause=clause, source=source)


# -- a turn in text --------------------------------------------------------------------------------

IN_PROGRESS = _check(
    "in-progress",
    Level.MUST,
    "response.created shows a response that is in progress.",
    _RECORDED,
)
EMPTY_AT_FIRST = _check(
    "empty-at-first",
    Level.MUST,
    "response.created shows no output and no usage yet.",
    _RECORDED,
)
COMPLETED = _check(
    "completed",
    Level.MUST,
    "A response that said all it had to say is completed.",
    _RESPONSE,
)
NO_DETAILS = _check(
    "no-details",
    Level.SHOULD,
    "A completed response has no status_details.",
    _RECORDED,
)
OUTPUT = _check(
    "output",
    Level.MUST,
    "response.done lists the items that were done, in their order.",
    _RECORDED,
)
ITEM_EMPTY_AT_FIRST = _check(
    "item-empty-at-first",
    Level.SHOULD,
    "A message is added in progress and without content.",
    _RECORDED,
)
ITEM_COMPLETED = _check(
    "item-completed",
    Level.MUST,
    "The items of a completed response are completed when they are done.",
    _RECORDED,
)
ASSISTANT = _check(
    "assistant",
    Level.MUST,
    "An answer is a message of role assistant.",
    _RECORDED,
)
BEHIND_QUESTION = _check(
    "behind-question",
    Level.MUST,
    "An answer is added to the conversation behind the question.",
    _RECORDED,
)
CONVERSATION_ORDER = _check(
    "conversation-order",
    Level.SHOULD,
    "An item is added to the output before the conversation, and done in the conversation before "
    "the output.",
    _RECORDED,
)
RETRIEVABLE = _check(
    "retrievable",
    Level.MUST,
    "An answer is in the conversation: it can be retrieved.",
    _RETRIEVE,
)
TEXT_ONLY = _check(
    "text-only",
    Level.MUST,
    "With output_modalities text no event is about sound.",
    _PARAMS,
)
OUTPUT_TEXT = _check(
    "output-text",
    Level.MUST,
    "The content of an answer in text is output_text.",
    _RECORDED,
)

# -- what was asked for ----------------------------------------------------------------------------

METADATA_FIRST = _check(
    "metadata-first",
    Level.MUST,
    "response.created has the metadata of response.create.",
    _CREATE,
)
METADATA_LAST = _check(
    "metadata-last",
    Level.MUST,
    "response.done has the metadata of response.create.",
    _CREATE,
)
MODALITIES = _check(
    "modalities",
    Level.SHOULD,
    "A response shows the output_modalities that it was asked for.",
    _RECORDED,
)
LIMIT = _check(
    "limit",
    Level.SHOULD,
    "A response shows the max_output_tokens that it was asked for.",
    _RECORDED,
)
CONVERSATION_ID = _check(
    "conversation-id",
    Level.SHOULD,
    "Responses of the conversation show its id, the same one all the time.",
    _RESPONSE,
)
SESSION_UNCHANGED = _check(
    "session-unchanged",
    Level.MUST,
    "What response.create asks for holds for that response alone: the session stays what it was.",
    _CREATE,
)

# -- a turn in audio -------------------------------------------------------------------------------

AUDIO_PART = _check(
    "audio-part",
    Level.MUST,
    "With output_modalities audio the content part is of type audio.",
    _RECORDED,
)
SOUND = _check(
    "sound",
    Level.MUST,
    "Its sound comes in response.output_audio.delta on a WebSocket.",
    _RECORDED,
)
OUTPUT_AUDIO = _check(
    "output-audio",
    Level.MUST,
    "The content of an answer in audio is output_audio.",
    _RECORDED,
)
TRANSCRIPT = _check(
    "transcript",
    Level.MUST,
    "An answer in audio has a transcript.",
    _RECORDED,
)
NO_TEXT_EVENTS = _check(
    "no-text-events",
    Level.MUST,
    "With output_modalities audio no response.output_text comes.",
    _RECORDED,
)
SOUND_NOT_IN_ITEMS = _check(
    "sound-not-in-items",
    Level.SHOULD,
    "The sound is in its deltas alone, not in parts and items.",
    _RECORDED,
)
SOUND_DONE_FIRST = _check(
    "sound-done-first",
    Level.INFO,
    "Whether the sound is done before its transcript, as recorded of OpenAI and Azure.",
    _RECORDED,
)

# -- cut short -------------------------------------------------------------------------------------

INCOMPLETE = _check(
    "incomplete",
    Level.MUST,
    "A response that reaches max_output_tokens is incomplete.",
    _STATUS,
)
INCOMPLETE_REASON = _check(
    "incomplete-reason",
    Level.MUST,
    "The reason of that is max_output_tokens.",
    _STATUS,
)
INCOMPLETE_ITEM = _check(
    "incomplete-item",
    Level.INFO,
    "The status of an item that was cut short.",
    _STATUS,
)

# -- one at a time ---------------------------------------------------------------------------------

SECOND_REFUSED = _check(
    "second-refused",
    Level.MUST,
    "While a response is in progress, another one of the conversation is refused with an error.",
    _CREATE,
)
SECOND_REFUSED_CODE = _check(
    "second-refused-code",
    Level.SHOULD,
    "The code of that error is conversation_already_has_active_response.",
    _REPORTED,
)
ITEM_MEANWHILE = _check(
    "item-meanwhile",
    Level.SHOULD,
    "An item that is sent while a response is in progress is added.",
    _GUIDE,
)
CANCELLED = _check(
    "cancelled",
    Level.MUST,
    "response.cancel ends the response in progress: its response.done has status cancelled.",
    _CANCEL,
)
CANCEL_REASON = _check(
    "cancel-reason",
    Level.SHOULD,
    "The reason of that is client_cancelled.",
    _STATUS,
)
CANCEL_BY_ID = _check(
    "cancel-by-id",
    Level.MUST,
    "response.cancel with the id of a response in progress ends it.",
    _CANCEL,
)
NOTHING_BEHIND = _check(
    "nothing-behind",
    Level.MUST,
    "Nothing of a cancelled response comes behind its response.done.",
    _CANCEL,
)
CANCELLED_ITEM = _check(
    "cancelled-item",
    Level.INFO,
    "How the item of a cancelled response is closed.",
    _CANCEL,
)
AFTER_CANCEL = _check(
    "after-cancel",
    Level.MUST,
    "After a response was cancelled, the next one is answered.",
    _CANCEL,
)
CANCEL_NOTHING = _check(
    "cancel-nothing",
    Level.MUST,
    "response.cancel without a response in progress is refused with an error.",
    _CANCEL,
)
CANCEL_NOTHING_CODE = _check(
    "cancel-nothing-code",
    Level.SHOULD,
    "The code of that error is response_cancel_not_active.",
    _REPORTED,
)
CANCEL_DONE = _check(
    "cancel-done",
    Level.SHOULD,
    "response.cancel with the id of a response that is done is refused with an error.",
    _CANCEL,
)

# -- out of band -----------------------------------------------------------------------------------

NO_CONVERSATION = _check(
    "no-conversation",
    Level.MUST,
    "A response with conversation none has no conversation_id.",
    _RESPONSE,
)
NOT_ADDED = _check(
    "not-added",
    Level.MUST,
    "The output of a response with conversation none is not added to the conversation.",
    _CREATE,
)
NOT_RETRIEVABLE = _check(
    "not-retrievable",
    Level.SHOULD,
    "The output of such a response cannot be retrieved.",
    _CREATE,
)
INPUT_NOT_ADDED = _check(
    "input-not-added",
    Level.MUST,
    "Items in the input of such a response are not added to the conversation.",
    _CREATE,
)
REFERENCE = _check(
    "reference",
    Level.MUST,
    "The input of a response may refer to an item of the conversation.",
    _CREATE,
)
UNKNOWN_REFERENCE = _check(
    "unknown-reference",
    Level.INFO,
    "What a reference to an item that does not exist gets.",
    _CREATE,
)
BESIDE = _check(
    "beside",
    Level.MUST,
    "A response with conversation none may be created while one of the conversation is in "
    "progress.",
    _CREATE,
)
OTHER_GOES_ON = _check(
    "other-goes-on",
    Level.MUST,
    "The response in progress is not ended by the one beside it.",
    _CREATE,
)
TOLD_APART = _check(
    "told-apart",
    Level.MUST,
    "Of two responses at a time, each has the metadata that was given to it.",
    _CREATE,
)

CHECKS = (
    IN_PROGRESS,
    EMPTY_AT_FIRST,
    COMPLETED,
    NO_DETAILS,
    OUTPUT,
    ITEM_EMPTY_AT_FIRST,
    ITEM_COMPLETED,
    ASSISTANT,
    BEHIND_QUESTION,
    CONVERSATION_ORDER,
    RETRIEVABLE,
    TEXT_ONLY,
    OUTPUT_TEXT,
    METADATA_FIRST,
    METADATA_LAST,
    MODALITIES,
    LIMIT,
    CONVERSATION_ID,
    SESSION_UNCHANGED,
    AUDIO_PART,
    SOUND,
    OUTPUT_AUDIO,
    TRANSCRIPT,
    NO_TEXT_EVENTS,
    SOUND_NOT_IN_ITEMS,
    SOUND_DONE_FIRST,
    INCOMPLETE,
    INCOMPLETE_REASON,
    INCOMPLETE_ITEM,
    SECOND_REFUSED,
    SECOND_REFUSED_CODE,
    ITEM_MEANWHILE,
    CANCELLED,
    CANCEL_REASON,
    CANCEL_BY_ID,
    NOTHING_BEHIND,
    CANCELLED_ITEM,
    AFTER_CANCEL,
    CANCEL_NOTHING,
    CANCEL_NOTHING_CODE,
    CANCEL_DONE,
    NO_CONVERSATION,
    NOT_ADDED,
    NOT_RETRIEVABLE,
    INPUT_NOT_ADDED,
    REFERENCE,
    UNKNOWN_REFERENCE,
    BESIDE,
    OTHER_GOES_ON,
    TOLD_APART,
)
"""The catalogue."""
