"""Violations that the checks of ``admission`` find."""

from __future__ import annotations

from typing import Any

from realtime_fakes.audience import Role
from realtime_fakes.defects.members import errors, event_tap, granted, put, said
from realtime_fakes.defects.suites import Suite
from realtime_fakes.switches import Event, Switch

__all__ = ["SWITCHES"]

_MISSING = "Missing bearer or basic authentication in header"


def _not_first(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    """Send ``conversation.created`` first, which the beta sent second."""
    if role is not Role.WEBSOCKET or event["type"] != "session.created":
        return [event]
    if event["session"]["type"] != "realtime":
        return [event]
    conversation = {"id": "conv_0", "object": "realtime.conversation"}
    early = {"type": "conversation.created", "conversation": conversation}
    return [{**early, "event_id": event["event_id"] + "c"}, event]


def _twice(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] != "error" or event["error"]["code"] != "invalid_api_key":
        return [event]
    return [event, {**event, "event_id": event["event_id"] + "x"}]


def _because(reason: str, *names: str) -> dict[str, str]:
    return {f"rt.{name}": reason for name in names}


_defect = Suite("admission").defect


def _overlooks(what: str, violates: str, summary: str, **how: Any) -> Switch:
    name = f"overlooks-{what.replace('_', '-')}"
    return _defect(name, violates, summary, policy={"overlook": (what,)}, **how)


SWITCHES: tuple[Switch, ...] = (
    # good callers
    _defect(
        "conversation-before-session",
        "admitted",
        "Sends conversation.created before session.created over WebSocket.",
        event=_not_first,
        also={
            "rt.wire.session-created-first": "the session is created second",
        },
    ),
    _defect(
        "session-of-another-model",
        "model",
        "Says in session.created that the session is one of another model.",
        event=event_tap(put("another-model-than-asked-for", "session", "model"), "session.created"),
    ),
    _defect(
        "standard-key-needs-header",
        "subprotocol-key",
        "Does not see standard keys that are shown as a subprotocol.",
        policy={"unread_subprotocol_keys": ("sk-",)},
        also=_because(
            "a sideband is a WebSocket, and so is a relay's client",
            "sideband.subprotocol-key",
            "relay.subprotocols",
        ),
    ),
    _defect(
        "no-subprotocol-selected",
        "subprotocol-selected",
        "Selects none of the subprotocols that are offered.",
        policy={"subprotocol": ""},
    ),
    _defect(
        "key-selected",
        "key-not-selected",
        "Selects the subprotocol with the key in it.",
        policy={"subprotocol": "openai-insecure"},
    ),
    _defect(
        "intent-realtime-refused",
        "intent-realtime",
        "Refuses callers that say their intent is realtime.",
        policy={"refused_intents": ("realtime",)},
    ),
    # keys
    _overlooks("key_missing", "no-key", "Lets callers in who show no key."),
    _overlooks("key_empty", "empty-key", "Lets callers in who show an empty key."),
    _overlooks(
        "long_key",
        "bad-key",
        "Lets callers in whose unknown key in the header is as long as a good one.",
        also=_because("an expired key is not known any more", "keys.expired"),
    ),
    _overlooks(
        "subprotocol_key",
        "bad-subprotocol-key",
        "Lets callers in whose key in a subprotocol it does not know.",
    ),
    _defect(
        "key-refused-with-1008",
        "key-number",
        "Closes sockets without a good key with 1008.",
        policy={"refusal_codes": (1008, 4000, 4004)},
    ),
    _defect(
        "key-refused-otherwise",
        "bad-key-code",
        "Refuses unknown keys with another code.",
        event=errors(said("code", "unauthorized"), code="invalid_api_key"),
    ),
    _defect(
        "closes-without-reason",
        "bad-key-reason",
        "Closes refused sockets without a reason.",
        policy={"explain_refusal": False},
    ),
    _defect(
        "key-repeated",
        "key-hidden",
        "Repeats all of a key that it refuses in the socket.",
        event=errors(
            said("message", "Incorrect API key: sk-nobody-issued-this-key-000000000000."),
            code="invalid_api_key",
        ),
    ),
    # models
    _overlooks("missing_model", "no-model", "Chooses a model for callers who name none."),
    _defect(
        "request-refused-with-1002",
        "request-number",
        "Closes sockets with 1002 that ask for what there is not.",
        policy={"refusal_codes": (3000, 1002, 4004)},
    ),
    _defect(
        "missing-model-without-code",
        "no-model-code",
        "Refuses callers without a model without a code.",
        event=errors(said("code", None), code="missing_model"),
    ),
    _overlooks(
        "invalid_model", "unknown-model", "Chooses a model for callers who name an unknown one."
    ),
    _defect(
        "unknown-model-without-code",
        "unknown-model-code",
        "Refuses unknown models without a code.",
        event=errors(said("code", None), code="invalid_model"),
    ),
    _overlooks(
        "model_not_found", "gone-model", "Chooses a model for callers who name one of the beta."
    ),
    _overlooks(
        "transcription_model",
        "transcription-model",
        "Chooses a model for callers who name one that transcribes.",
    ),
    _overlooks(
        "call_id_not_found",
        "unknown-call",
        "Gives callers who name an unknown call a session of their own.",
        also=_because(
            "the handshake is accepted",
            "sideband.unknown-call-status",
            "sideband.unknown-call-code",
        ),
    ),
    # refusals
    _defect(
        "refuses-twice",
        "one-error",
        "Sends the refusal of an unknown key twice.",
        event=_twice,
    ),
    _defect(
        "refused-left-open",
        "closed",
        "Leaves sockets open that it refuses.",
        policy={"close_refused": False},
        also={
            "rt.relay.refusal": "what is to be passed on does not come",
            "rt.sideband.bad-key": "an attachment is refused in the same way",
        },
    ),
    _defect(
        "refuses-without-message",
        "error-shape",
        "Refuses callers without a key without a message.",
        event=errors(said("message", ...), message=_MISSING),
        also={
            "rt.wire.event-schema": "the schema requires a message",
        },
    ),
    # the beta
    _overlooks("beta_header", "beta-header", "Lets clients of the beta in that say so by header."),
    _overlooks(
        "beta_subprotocol",
        "beta-subprotocol",
        "Lets clients of the beta in that say so by subprotocol.",
    ),
    _defect(
        "beta-refused-otherwise",
        "beta-code",
        "Refuses clients of the beta with another code.",
        event=errors(said("code", "invalid_value"), code="beta_api_shape_disabled"),
    ),
    _defect(
        "beta-paths-open",
        "beta-paths",
        "Answers the paths of the beta.",
        reply=granted("beta", {"client_secret": {"value": "ek_0", "expires_at": 4102444800}}),
    ),
)
