"""What HTTP and admission refuse, as a table.

What sessions refuse is in :mod:`realtime_fakes.errors`.

Texts and codes are those of the live service where they are published or were probed
(https://github.com/gauravzqa/llmgw ``capabilities/captures-ws.md``; community.openai.com 1396002;
reports against openai-agents-js, esp-webrtc-solution and ExamCooker); ``docs/choices.md`` lists the
ones we had to choose.
"""

from __future__ import annotations

from realtime_fakes.errors import ApiError, Row

__all__ = ["REFUSALS", "key_refused", "refusal"]

REFUSALS: dict[str, Row] = {
    # Admission
    "key_missing": Row("Missing bearer or basic authentication in header", None, status=401),
    "invalid_api_key": Row(
        "Incorrect API key provided: {shown}. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        status=401,
    ),
    # Recorded from Azure.
    "ephemeral_key_needed": Row(
        "This operation requires ephemeral tokens for authentication", None, status=401
    ),
    "beta_api_shape_disabled": Row(
        "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."
    ),
    "missing_model": Row(
        "You must provide a model parameter, for example {example}", param="model"
    ),
    "invalid_model": Row('Model "{model}" is not supported in realtime mode.', param="model"),
    "transcription_model": Row(
        'Model "{model}" is a transcription model and cannot be used as the realtime session model.'
        " Pass this transcription model as audio.input.transcription.model instead.",
        "invalid_model",
        "model",
    ),
    "model_not_found": Row(
        "The model '{model}' does not exist or you do not have access to it.", status=404
    ),
    # An empty param, not null: community.openai.com 1396002.
    "call_id_not_found": Row("No session found for the provided call_id", param="", status=404),
    "websocket_only": Row(
        "This endpoint only answers WebSocket handshakes.", "upgrade_required", status=426
    ),
    "too_many_sidebands": Row("This call has {limit} sidebands already."),
    "insufficient_quota": Row(
        "You exceeded your current quota, please check your plan and billing details.",
        type="insufficient_quota",
        status=429,
    ),
    # Status and code are those of any rate limit (platform.openai.com/docs/guides/rate-limits).
    "rate_limit_exceeded": Row(
        "Rate limit reached on sessions at once: Limit {limit}, Used {limit}, Requested 1. "
        "Please try again later.",
        type="rate_limit_exceeded",
        status=429,
    ),
    # Offers
    "no_audio_section": Row(
        "Invalid SDP offer. Offer did not have an audio media section.", "invalid_offer"
    ),
    # It parses, yet holds no codec of ours, or no ICE or DTLS data.
    "not_whip": Row(
        "Invalid SDP offer. Please try again with a WHIP-compliant offer.", "invalid_offer"
    ),
    # Empty, cut off or not SDP at all.
    "unparsable_offer": Row("Failed to parse offer: failed to unmarshal SDP: EOF", None),
    # Requests
    "unparsable_body": Row("We could not parse the body of your request: {reason}", None),
    "unsupported_content_type": Row(
        "Unsupported content type: '{given}'. This endpoint accepts {accepted}."
    ),
    "body_too_large": Row("The body is larger than {limit} bytes.", status=413),
    "unknown_url": Row("Invalid URL ({method} {path})", status=404),
    "server_error": Row(
        "The server had an error while processing your request.",
        None,
        type="server_error",
        status=500,
    ),
    # Only a fake answers this.
    "not_installed": Row(
        "This fake was installed without WebRTC: install realtime-harness[webrtc].",
        type="server_error",
        status=501,
    ),
}


def refusal(row: str, **values: str) -> ApiError:
    """Return the refusal of this name, its text completed with ``values``."""
    message, code, param, type_, status = REFUSALS[row]
    return ApiError(
        message.format(**values),
        code=row if code == "" else code,
        param=param,
        type=type_,
        status=status,
    )


def key_refused(key: str) -> ApiError:
    """Return the refusal of a key that is unknown, expired or of the wrong kind.

    The message shows only the ends of the key.
    """
    shown = f"{key[:5]}{'*' * 8}{key[-4:]}" if len(key) > 16 else "*" * 8
    return refusal("invalid_api_key", shown=shown)
