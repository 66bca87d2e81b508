"""The checks of ``conversation``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "ADDED",
    "AFTER_DELETION",
    "APPENDED",
    "ASSISTANT",
    "ASSISTANT_AUDIO",
    "CALL",
    "CALL_OUTPUT",
    "CHECKS",
    "CLIENT_ID",
    "CONTENT",
    "DELETED",
    "DELETED_IS_GONE",
    "DELETED_TWICE",
    "DELETE_UNKNOWN",
    "DELETE_UNKNOWN_CODE",
    "DONE",
    "DUPLICATE",
    "ERROR_EVENT_ID",
    "FIRST",
    "IMAGE",
    "MIDDLE",
    "NOT_ADDED",
    "OBJECT",
    "OUTPUT_STATUS",
    "RETRIEVED",
    "RETRIEVED_SOUND",
    "RETRIEVED_TEXT",
    "RETRIEVE_UNKNOWN",
    "RETRIEVE_UNKNOWN_CODE",
    "ROOT",
    "SAME_WHEN_DONE",
    "SECOND_WHEN_DONE",
    "SOUND",
    "SOUND_NOT_REPEATED",
    "STATUS",
    "SYSTEM",
    "TRUNCATE_UNKNOWN",
    "TRUNCATE_UNKNOWN_CODE",
    "TRUNCATE_USER",
    "UNKNOWN_PREVIOUS",
]

_CREATE = "openai Python SDK 3.52.0, docstring of conversation_item_create_event.py"
_RETRIEVE = "openai Python SDK 3.52.0, docstring of conversation_item_retrieve_event.py"
_DELETE = "openai Python SDK 3.52.0, docstring of conversation_item_delete_event.py"
_TRUNCATE = "openai Python SDK 3.52.0, docstring of conversation_item_truncate_event.py"
_ITEMS = "openai Python SDK 3.52.0, types/realtime/conversation_item.py and what it unites"
_RECORDED = "pydantic-ai cassettes test_openai_ws__* and test_azure_ws__* (July 2026)"
_TESTED = (
    "https://github.com/speaches-ai/speaches (its tests of conversations, also run against "
    "api.openai.com)"
)
_PIPECAT = "https://github.com/pipecat-ai/pipecat (finds the item by the event_id of the error)"
_CODE = "https://github.com/openai/openai-agents-js/issues/1173 (truncations that are refused)"


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.conversation.{slug}", level=level, clause=clause, source=source)


# -- adding ----------------------------------------------------------------------------------------

ADDED = _check(
    "added",
    Level.MUST,
    "conversation.item.create is answered by conversation.item.added with that item.",
    _CREATE,
)
DONE = _check(
    "done",
    Level.MUST,
    "conversation.item.done follows for an item that the client made, which is whole at once.",
    _CREATE,
)
CLIENT_ID = _check(
    "client-id",
    Level.MUST,
    "An item keeps the id that the client has given to it.",
    _TESTED,
)
CONTENT = _check(
    "content",
    Level.MUST,
    "A message of the user is added with the text that was sent.",
    _RECORDED,
)
STATUS = _check(
    "status",
    Level.SHOULD,
    "A message that the client made is completed when it is done.",
    _RECORDED,
)
SAME_WHEN_DONE = _check(
    "same-when-done",
    Level.SHOULD,
    "An item that the client made says the same when it is added and when it is done.",
    _RECORDED,
)
SYSTEM = _check(
    "system",
    Level.MUST,
    "A message of role system is added with its role and its text.",
    _ITEMS,
)
ASSISTANT = _check(
    "assistant",
    Level.MUST,
    "A text of the assistant can be put into the history: it is added as output_text.",
    _CREATE,
)
ASSISTANT_AUDIO = _check(
    "assistant-audio",
    Level.SHOULD,
    "Sound of the assistant cannot be put into the history: it is refused with an error.",
    _CREATE,
)
SOUND = _check(
    "sound",
    Level.SHOULD,
    "A message of the user with sound is added as input_audio.",
    _ITEMS,
)
SOUND_NOT_REPEATED = _check(
    "sound-not-repeated",
    Level.SHOULD,
    "The sound of a message is not sent back when it is added and done.",
    _RECORDED,
)
IMAGE = _check(
    "image",
    Level.SHOULD,
    "A message of the user with an image is added as input_image, beside its text.",
    _ITEMS,
)
CALL = _check(
    "call",
    Level.SHOULD,
    "A function call can be put into the history: name, call_id and arguments stay what they are.",
    _CREATE,
)
CALL_OUTPUT = _check(
    "call-output",
    Level.SHOULD,
    "The output of such a call can be put into the history: call_id and output stay what they are.",
    _CREATE,
)
OUTPUT_STATUS = _check(
    "output-status",
    Level.INFO,
    "Whether the output of a function is shown with a status; in recordings it is not.",
    _RECORDED,
)
OBJECT = _check(
    "object",
    Level.INFO,
    "Whether items are shown with an object member, as they were in the beta; in recordings they "
    "are not.",
    _RECORDED,
)

# -- places ----------------------------------------------------------------------------------------

FIRST = _check(
    "first",
    Level.MUST,
    "The first item of a conversation has no previous_item_id.",
    _RECORDED,
)
APPENDED = _check(
    "appended",
    Level.MUST,
    "An item without previous_item_id is added behind the last one, which it names.",
    _CREATE,
)
ROOT = _check(
    "root",
    Level.MUST,
    "An item with previous_item_id root is added at the front: it has no predecessor.",
    _CREATE,
)
MIDDLE = _check(
    "middle",
    Level.MUST,
    "An item is added behind the one that its previous_item_id names.",
    _CREATE,
)
SECOND_WHEN_DONE = _check(
    "second-when-done",
    Level.INFO,
    "Whether the second item names its predecessor when it is done; in recordings it does not.",
    _RECORDED,
)
UNKNOWN_PREVIOUS = _check(
    "unknown-previous",
    Level.MUST,
    "An item behind one that does not exist is refused with an error.",
    _CREATE,
)
NOT_ADDED = _check(
    "not-added",
    Level.MUST,
    "An item that was refused for its previous_item_id is not in the conversation.",
    _CREATE,
)
DUPLICATE = _check(
    "duplicate",
    Level.INFO,
    "What a second item with the id of another one gets; endpoints differ.",
    _TESTED,
)

# -- looking up ------------------------------------------------------------------------------------

RETRIEVED = _check(
    "retrieved",
    Level.MUST,
    "conversation.item.retrieve is answered by conversation.item.retrieved with the item of that "
    "id.",
    _RETRIEVE,
)
RETRIEVED_TEXT = _check(
    "retrieved-text",
    Level.MUST,
    "What is retrieved has the text of the item.",
    _RETRIEVE,
)
RETRIEVED_SOUND = _check(
    "retrieved-sound",
    Level.SHOULD,
    "What is retrieved of a message with sound has its sound.",
    _RETRIEVE,
)
RETRIEVE_UNKNOWN = _check(
    "retrieve-unknown",
    Level.MUST,
    "Retrieving an item that does not exist is refused with an error.",
    _RETRIEVE,
)
RETRIEVE_UNKNOWN_CODE = _check(
    "retrieve-unknown-code",
    Level.SHOULD,
    "The code of that error is item_retrieve_invalid_item_id.",
    _PIPECAT,
)
ERROR_EVENT_ID = _check(
    "error-event-id",
    Level.SHOULD,
    "The error for an item that cannot be retrieved names the event_id of the client's event.",
    _PIPECAT,
)

# -- taking away -----------------------------------------------------------------------------------

DELETED = _check(
    "deleted",
    Level.MUST,
    "conversation.item.delete is answered by conversation.item.deleted with the id of the item.",
    _DELETE,
)
DELETED_IS_GONE = _check(
    "deleted-is-gone",
    Level.MUST,
    "An item that was deleted cannot be retrieved.",
    _RETRIEVE,
)
DELETED_TWICE = _check(
    "deleted-twice",
    Level.MUST,
    "Deleting an item a second time is refused with an error.",
    _DELETE,
)
DELETE_UNKNOWN = _check(
    "delete-unknown",
    Level.MUST,
    "Deleting an item that does not exist is refused with an error.",
    _DELETE,
)
DELETE_UNKNOWN_CODE = _check(
    "delete-unknown-code",
    Level.SHOULD,
    "The code of that error is item_delete_invalid_item_id.",
    _TESTED,
)
AFTER_DELETION = _check(
    "after-deletion",
    Level.MUST,
    "Where an item was deleted, another one can be put behind its predecessor, which it names.",
    _TESTED,
)
TRUNCATE_USER = _check(
    "truncate-user",
    Level.MUST,
    "A message of the user cannot be truncated: that is refused with an error.",
    _TRUNCATE,
)
TRUNCATE_UNKNOWN = _check(
    "truncate-unknown",
    Level.MUST,
    "Truncating an item that does not exist is refused with an error.",
    _TRUNCATE,
)
TRUNCATE_UNKNOWN_CODE = _check(
    "truncate-unknown-code",
    Level.SHOULD,
    "The code of that error is item_truncate_invalid_item_id.",
    _CODE,
)

CHECKS = (
    ADDED,
    DONE,
    CLIENT_ID,
    CONTENT,
    STATUS,
    SAME_WHEN_DONE,
    SYSTEM,
    ASSISTANT,
    ASSISTANT_AUDIO,
    SOUND,
    SOUND_NOT_REPEATED,
    IMAGE,
    CALL,
    CALL_OUTPUT,
    OUTPUT_STATUS,
    OBJECT,
    FIRST,
    APPENDED,
    ROOT,
    MIDDLE,
    SECOND_WHEN_DONE,
    UNKNOWN_PREVIOUS,
    NOT_ADDED,
    DUPLICATE,
    RETRIEVED,
    RETRIEVED_TEXT,
    RETRIEVED_SOUND,
    RETRIEVE_UNKNOWN,
    RETRIEVE_UNKNOWN_CODE,
    ERROR_EVENT_ID,
    DELETED,
    DELETED_IS_GONE,
    DELETED_TWICE,
    DELETE_UNKNOWN,
    DELETE_UNKNOWN_CODE,
    AFTER_DELETION,
    TRUNCATE_USER,
    TRUNCATE_UNKNOWN,
    TRUNCATE_UNKNOWN_CODE,
)
"""The catalogue."""
