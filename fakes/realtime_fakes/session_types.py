"""Which type of session there is: by name, what it shows at first and what runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from realtime_fakes.any_session import AnySession
from realtime_fakes.brain import Brain
from realtime_fakes.config import Config, effective_session
from realtime_fakes.errors import api_error
from realtime_fakes.ids import Ids
from realtime_fakes.policy import Policy
from realtime_fakes.prompts import with_prompt
from realtime_fakes.refusals import refusal
from realtime_fakes.session import Session
from realtime_fakes.transcription_session import TranscriptionSession, effective_transcription
from realtime_fakes.translation_session import (
    TRANSLATION_MODEL,
    TranslationSession,
    effective_translation,
)

__all__ = ["check_path", "effective", "make_session", "model_for"]

_FAMILIES = ("gpt-realtime", "gpt-audio")
_GONE = ("gpt-4o-realtime", "gpt-4o-mini-realtime", "gpt-realtime-preview")
_TRANSCRIBING = ("whisper-", "gpt-transcribe", "gpt-live-transcribe", "gpt-realtime-whisper")


def effective(
    requested: Mapping[str, Any],
    *,
    model: str,
    session_id: str,
    expires_at: int,
    recall: Callable[[Mapping[str, Any], str], str],
) -> Config:
    """Return the session object of whatever type was asked for.

    Args:
        requested: ``session`` as it was asked for.
        model: what it runs on if it names none.
        session_id: its id.
        expires_at: Unix seconds; 0 for a session that has not started.
        recall: returns the text of a stored prompt at a path.

    Raises:
        ApiError: if it is not a session object.

    """
    kind = requested.get("type") if isinstance(requested, dict) else None
    if kind == "transcription":
        return effective_transcription(requested, session_id=session_id, expires_at=expires_at)
    if kind == "translation":
        return effective_translation(
            requested, model=model, session_id=session_id, expires_at=expires_at
        )
    config = effective_session(requested, model=model, session_id=session_id, expires_at=expires_at)
    return with_prompt(config, requested, recall)


def check_path(requested: Mapping[str, Any], *, translates: bool) -> None:
    """See that a session was asked for where its type belongs.

    Args:
        requested: ``session`` as it was asked for.
        translates: whether it was asked for below ``/realtime/translations``.

    Raises:
        ApiError: if it belongs elsewhere.

    """
    kind = requested.get("type")
    if (kind == "translation") != translates:
        fits = "'translation'" if translates else "'realtime' and 'transcription'"
        raise api_error("invalid_value", param="session.type", found=str(kind), supported=fits)


def make_session(
    config: Config,
    *,
    now: float,
    ids: Ids,
    brain: Brain,
    policy: Callable[[], Policy],
    on_call: bool,
) -> AnySession:
    """Return what runs the session with this configuration, from :func:`effective`."""
    session_id = config["id"]
    if config["type"] == "transcription":
        return TranscriptionSession(id=session_id, config=config, now=now, ids=ids, policy=policy)
    if config["type"] == "translation":
        return TranslationSession(
            id=session_id,
            config=config,
            now=now,
            ids=ids,
            brain=brain,
            policy=policy,
            on_call=on_call,
        )
    return Session(
        id=session_id,
        config=config,
        now=now,
        ids=ids,
        brain=brain,
        policy=policy,
        on_call=on_call,
        further_events=policy().further_client_events,
    )


def model_for(
    requested: Mapping[str, Any], beside: str | None, *, is_deployment: bool = False
) -> str:
    """Return the model of a requested session, or the one that was given ``beside`` it.

    Unknown members of the current families are taken, so that a new model does not break a test
    bed, and any name is where it is that of a deployment. A session that transcribes names its
    model elsewhere, and has none here.

    Raises:
        ApiError: if there is none, or it is not one for this type of session.

    """
    kind = requested.get("type")
    if kind == "transcription":
        return ""
    model = requested.get("model") or beside
    if not isinstance(model, str) or not model:
        raise refusal(
            "missing_model", example="wss://api.openai.com/v1/realtime?model=gpt-realtime"
        )
    if is_deployment:
        return model
    if (kind == "translation") != model.startswith(TRANSLATION_MODEL):
        raise refusal("invalid_model", model=model)
    if model.startswith(_TRANSCRIBING) or model.endswith("-transcribe"):
        raise refusal("transcription_model", model=model)
    if model.startswith(_GONE):
        raise refusal("model_not_found", model=model)
    if not model.startswith(_FAMILIES):
        raise refusal("invalid_model", model=model)
    return model
