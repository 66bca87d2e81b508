"""What the service says when it refuses: one catalogue for HTTP bodies and ``error`` events.

Codes and texts are those of the live service where they were seen on the wire; the rest follows the
wording that its HTTP API uses everywhere (``invalid_type``, ``integer_below_min_value``, …).
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["CATALOGUE", "ApiError", "Row", "api_error"]

_LONGEST_QUOTE = 1000


class ApiError(Exception):
    """A refusal, on its way to whoever caused it.

    Args:
        message: for a human.
        code: for a program; ``None`` where the service gives none.
        param: dotted path of the offending field.
        type: class of the error.
        status: of the HTTP reply, where there is one.

    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None,
        param: str | None = None,
        type: str = "invalid_request_error",
        status: int = 400,
    ) -> None:
        super().__init__(message, code, param, type, status)
        self.message = message
        self.code = code
        self.param = param
        self.type = type
        self.status = status

    def __str__(self) -> str:
        return f"{self.code or self.type}: {self.message}"

    def body(self) -> dict[str, Any]:
        """Return the JSON body of an HTTP reply."""
        return {
            "error": {
                "message": self.message,
                "type": self.type,
                "param": self.param,
                "code": self.code,
            }
        }

    def event(self, event_id: str | None, client_event_id: str | None = None) -> dict[str, Any]:
        """Return the ``error`` event.

        Args:
            event_id: of the event itself, where it has one.
            client_event_id: of the client event that is refused, if it had one.

        """
        return {
            "type": "error",
            "event_id": event_id,
            "error": {
                "type": self.type,
                "code": self.code,
                "message": self.message,
                "param": self.param,
                "event_id": client_event_id,
            },
        }


class Row(NamedTuple):
    """One kind of refusal. ``message`` is a format string over the values of the case."""

    message: str
    code: str | None = ""
    """Empty: the name of the row."""
    param: str | None = None
    type: str = "invalid_request_error"
    status: int = 400


CATALOGUE: dict[str, Row] = {
    # Frames and events
    "binary_frame": Row(
        "Expected a text WebSocket message; binary frames are not supported.", "invalid_event"
    ),
    "invalid_json": Row("Invalid event: failed to parse JSON value. {reason}"),
    "missing_type": Row("The 'type' field is missing.", "invalid_event"),
    "not_in_this_session": Row(
        "The event '{event}' is not supported in a session of type '{current}'.",
        "invalid_value",
        "type",
    ),
    # Fields
    "unknown_parameter": Row("Unknown parameter: '{param}'."),
    "missing_required_parameter": Row("Missing required parameter: '{param}'."),
    "invalid_type": Row(
        "Invalid type for '{param}': expected {expected}, but got {found} instead."
    ),
    "invalid_value": Row("Invalid value: '{found}'. Supported values are: {supported}."),
    "unsupported_value": Row("Invalid '{param}': {reason}", "invalid_value"),
    "invalid_base64": Row("Invalid '{param}': expected base64-encoded bytes.", "invalid_value"),
    "integer_below_min_value": Row(
        "Invalid '{param}': integer below minimum value. "
        "Expected a value >= {limit}, but got {found} instead."
    ),
    "integer_above_max_value": Row(
        "Invalid '{param}': integer above maximum value. "
        "Expected a value <= {limit}, but got {found} instead."
    ),
    "decimal_below_min_value": Row(
        "Invalid '{param}': decimal below minimum value. "
        "Expected a value >= {limit}, but got {found} instead."
    ),
    "decimal_above_max_value": Row(
        "Invalid '{param}': decimal above maximum value. "
        "Expected a value <= {limit}, but got {found} instead."
    ),
    "string_above_max_length": Row(
        "Invalid '{param}': string too long. "
        "Expected a string with maximum length {limit}, "
        "but got a string with length {found} instead."
    ),
    "object_above_max_properties": Row(
        "Invalid '{param}': too many properties. "
        "Expected an object with at most {limit} properties, "
        "but got an object with {found} properties instead."
    ),
    # Sessions
    "invalid_modalities": Row(
        "Invalid modalities: {found}. Supported combinations are: ['text'] and ['audio'].",
        "invalid_value",
    ),
    "cannot_update_voice": Row(
        "Cannot update a conversation's voice if assistant audio is present."
    ),
    "model_change": Row(
        "Cannot update a session's model: it is '{current}' and cannot become '{found}'.",
        "invalid_value",
        "session.model",
    ),
    "type_change": Row(
        "Passing a {found} session update to a {current} session is not allowed",
        "invalid_value",
        "session.type",
    ),
    "speed_change": Row(
        "Cannot update the speed of speech while a response is in progress.",
        "invalid_value",
        "session.audio.output.speed",
    ),
    "tracing_change": Row(
        "Cannot update tracing once it is enabled.", "invalid_value", "session.tracing"
    ),
    "unsupported_by_model": Row(
        "Unsupported parameter: '{param}' is not supported with the model '{model}'.",
        "unsupported_parameter",
    ),
    "turn_detection_unsupported": Row(
        "Turn detection is not supported for this transcription model.",
        None,
        "session.audio.input.turn_detection",
    ),
    "session_expired": Row("Your session hit the maximum duration of {minutes} minutes."),
    # Input audio
    "input_audio_buffer_commit_empty": Row(
        "Error committing input audio buffer: buffer too small. Expected at least {limit:.0f}ms of "
        "audio, but buffer only has {found:.2f}ms of audio."
    ),
    # Items
    "item_create_duplicate_item_id": Row(
        "Error adding item: an item with id '{item_id}' already exists."
    ),
    "item_create_invalid_previous_item_id": Row(
        "Error adding item: the previous item with id '{item_id}' does not exist.",
        param="previous_item_id",
    ),
    "item_delete_invalid_item_id": Row(
        "Error deleting item: the item with id '{item_id}' does not exist."
    ),
    "item_retrieve_invalid_item_id": Row(
        "Error retrieving item: the item with id '{item_id}' does not exist."
    ),
    "item_truncate_invalid_item_id": Row(
        "Error truncating item: the item with id '{item_id}' does not exist."
    ),
    "item_truncate_not_audio": Row("Only model output audio messages can be truncated", None),
    "item_truncate_too_late": Row(
        "Audio content of {found}ms is already shorter than {limit}ms",
        "invalid_value",
        "audio_end_ms",
    ),
    "item_reference_invalid_item_id": Row(
        "Error referencing item: the item with id '{item_id}' does not exist.",
        param="response.input",
    ),
    # https://github.com/livekit/agents/issues/3344
    "invalid_tool_call_id": Row("Tool call ID '{call_id}' not found in conversation."),
    "invalid_approval_request_id": Row(
        "Error adding item: no approval request with id '{item_id}' waits for an answer.",
        param="item.approval_request_id",
    ),
    # Prompts. https://github.com/miharekar/visualizer/issues/198
    "prompt_not_found": Row("Prompt with id '{prompt_id}' not found.", None, status=404),
    "prompt_version_not_found": Row(
        "Prompt with id '{prompt_id}' and version '{version}' not found.", None, status=404
    ),
    # Responses
    "context_length_exceeded": Row(
        "This conversation is {found} tokens long and the limit is {limit}; "
        "truncation is disabled for this session."
    ),
    "conversation_already_has_active_response": Row(
        "Conversation already has an active response in progress: {response_id}. "
        "Wait until the response is finished before creating a new one."
    ),
    "response_cancel_not_active": Row("Cancellation failed: no active response found"),
}


def api_error(row: str, *, param: str | None = None, **values: Any) -> ApiError:
    """Return the refusal of this name, its text completed with ``values``.

    Args:
        row: a key of :data:`CATALOGUE`.
        param: the field, where the row does not fix it.
        values: what the message mentions; long ones are cut short.

    """
    message, code, fixed, type, status = CATALOGUE[row]
    short = {key: _shorten(value) for key, value in values.items()}
    return ApiError(
        message.format(param=param, **short),
        code=row if code == "" else code,
        param=param if fixed is None else fixed,
        type=type,
        status=status,
    )


def _shorten(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST_QUOTE:
        return value[:_LONGEST_QUOTE] + "…"
    return value
