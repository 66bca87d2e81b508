"""The HTTP endpoints: client secrets, calls, what decides upon calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import orjson
from aiohttp import web

from realtime_fakes.errors import ApiError, api_error
from realtime_fakes.keys import DEFAULT_MODEL
from realtime_fakes.policy import Policy
from realtime_fakes.refusals import key_refused, refusal
from realtime_fakes.sdp import read_offer
from realtime_fakes.service import Service
from realtime_fakes.session_types import check_path, effective, model_for
from realtime_fakes.shapes import Shape, anything, check, integer, one_of, optional, record
from realtime_fakes.switches import HttpReply
from realtime_fakes.websocket import bearer_key, in_force

__all__ = ["ENDPOINTS", "Endpoint", "Handler", "json_reply"]

# As recorded (pydantic-ai cassettes test_webrtc__*), but that it took no time.
_SERVED = {"OpenAI-Version": "2020-10-01", "OpenAI-Processing-Ms": "1"}

Handler: TypeAlias = "Callable[[Service, web.Request], Awaitable[HttpReply]]"


@cache
def _client_secret(shortest_s: int, longest_s: int) -> Shape:
    """Return what a client secret is asked for with."""
    lifetime = {
        "anchor": optional(one_of("created_at")),
        "seconds": optional(integer(shortest_s, longest_s)),
    }
    return record({"expires_after": optional(record(lifetime)), "session": anything})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One HTTP endpoint below ``/v1``."""

    name: str
    """Of the route, for reply taps."""
    path: str
    handler: Handler


def json_reply(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpReply:
    """Return a reply with a JSON body."""
    return HttpReply(status=status, body=orjson.dumps(value), headers=headers or {})


async def _client_secrets(service: Service, request: web.Request) -> HttpReply:
    """Make an ephemeral key for a session that talks or transcribes."""
    return await _mint(service, request, {})


async def _translation_secrets(service: Service, request: web.Request) -> HttpReply:
    """Make an ephemeral key for a session that translates."""
    return await _mint(service, request, {"type": "translation"})


async def _mint(service: Service, request: web.Request, given: dict[str, Any]) -> HttpReply:
    """Make an ephemeral key; ``given`` is what the path says of the session."""
    policy = in_force(service, request).policy
    key = bearer_key(request, policy)
    if policy.mint_with_ephemeral_keys:
        service.keys.admit(key)
    else:
        service.keys.admit_standard(key)
    _admit_to_pay(policy)
    shortest, default, longest = policy.key_lifetimes_s
    shape = _client_secret(shortest, longest)
    body = check(shape, _json_object(await request.read() or b"{}", "body"))
    seconds = (body.get("expires_after") or {}).get("seconds", default)
    requested = body.get("session")
    if requested is None:
        requested = {} if given else {"type": "realtime"}
    requested = {**given, **_object(requested, "session")}
    check_path(requested, translates=bool(given))
    if given:
        model_for(requested, None)
    service.ids.at(service.clock.now())
    # expires_at is 0 until a session starts (recorded: pydantic-ai cassette
    # test_webrtc__test_create_client_secret).
    session = effective(
        requested,
        model=str(requested.get("model", DEFAULT_MODEL)),
        session_id=service.ids.session(),
        expires_at=0,
        recall=service.recall,
    )
    made = service.keys.mint(requested, seconds=seconds, made_with=key)
    body = {"value": made.value, "expires_at": made.expires_at, "session": session}
    return json_reply(body, headers=_SERVED)


async def _calls(service: Service, request: web.Request) -> HttpReply:
    """Answer an SDP offer."""
    return await _call(service, request, {})


async def _translation_calls(service: Service, request: web.Request) -> HttpReply:
    """Answer an SDP offer with a session that translates."""
    if "model" in request.query:
        raise api_error("unknown_parameter", param="model")
    return await _call(service, request, {"type": "translation"})


async def _call(service: Service, request: web.Request, given: dict[str, Any]) -> HttpReply:
    """Answer an SDP offer; ``given`` is what the path says of the session."""
    policy = in_force(service, request).policy
    user_agent = request.headers.get("User-Agent", "")
    key = bearer_key(request, policy)
    ephemeral = service.keys.admit(key)
    if ephemeral is not None and not policy.call_with_ephemeral_key:
        raise key_refused(key or "")
    if ephemeral is None and not policy.call_with_standard_key:
        raise refusal("ephemeral_key_needed")
    _admit_to_pay(policy)
    sdp, session = await _call_body(request, policy)
    try:
        offer = read_offer(sdp, policy)
    except ApiError:
        if ephemeral is not None and policy.refusal_spends_key:
            service.keys.spend(ephemeral)
        if policy.keep_refused_calls:
            service.calls.keep_refused(user_agent)
        raise
    requested = {
        **given,
        **(ephemeral.session if ephemeral is not None else {}),
        **(session or {}),
    }
    requested.setdefault("type", "realtime")
    check_path(requested, translates=bool(given))
    model = request.query.get("model", ephemeral.model if ephemeral is not None else None)
    if ephemeral is not None and "call" in policy.single_use_keys:
        service.keys.spend(ephemeral)
    call, answer = await service.calls.create(
        offer,
        requested,
        model=model,
        user_agent=user_agent,
        key=key,
        is_filtered=policy.filter_on_request and request.query.get("webrtcfilter") == "on",
    )
    return HttpReply(
        status=201,
        body=answer.encode(),
        media_type=policy.answer_media_type,
        # Azure leaves its own root out (pydantic-ai cassette test_azure_webrtc__*).
        headers={
            **_SERVED,
            "Timing-Allow-Origin": "*",
            "Location": f"{request.path.replace('/openai/v1/', '/v1/')}/{call.id}",
        },
    )


async def _hangup(service: Service, request: web.Request) -> HttpReply:
    """End a call for everybody on it."""
    policy = in_force(service, request).policy
    service.keys.admit_standard(bearer_key(request, policy))
    call = service.calls.get(request.match_info["call_id"])
    if call is None:
        raise refusal("call_id_not_found")
    if policy.hangup_reaches_caller:
        call.host.end(policy.hangup_code, cause="hangup")
    else:
        call.host.close_sidebands(policy.hangup_code)
    return HttpReply(status=200)


async def _accept(service: Service, request: web.Request) -> HttpReply:
    """Answer a SIP call with the session in the body."""
    call_id, body = await _call_order(service, request)
    service.trunk.accept(call_id, body, key=bearer_key(request, service.policy))
    return HttpReply(status=200)


async def _reject(service: Service, request: web.Request) -> HttpReply:
    """Decline a SIP call."""
    call_id, body = await _call_order(service, request)
    service.trunk.reject(call_id, body)
    return HttpReply(status=200)


async def _refer(service: Service, request: web.Request) -> HttpReply:
    """Send the caller of a SIP call to somebody else."""
    call_id, body = await _call_order(service, request)
    service.trunk.refer(call_id, body)
    return HttpReply(status=200)


async def _beta(service: Service, request: web.Request) -> HttpReply:
    """Refuse the paths of the beta API."""
    raise refusal("beta_api_shape_disabled")


ENDPOINTS = (
    Endpoint("client_secrets", "/realtime/client_secrets", _client_secrets),
    Endpoint("client_secrets", "/realtime/translations/client_secrets", _translation_secrets),
    Endpoint("calls", "/realtime/calls", _calls),
    Endpoint("calls", "/realtime/translations/calls", _translation_calls),
    Endpoint("hangup", "/realtime/calls/{call_id}/hangup", _hangup),
    Endpoint("accept", "/realtime/calls/{call_id}/accept", _accept),
    Endpoint("reject", "/realtime/calls/{call_id}/reject", _reject),
    Endpoint("refer", "/realtime/calls/{call_id}/refer", _refer),
    Endpoint("beta", "/realtime", _beta),
    Endpoint("beta", "/realtime/sessions", _beta),
    Endpoint("beta", "/realtime/transcription_sessions", _beta),
)
"""All of them are POST."""


def _admit_to_pay(policy: Policy) -> None:
    """Let nobody pass whose quota is used up.

    Raises:
        ApiError: if it is.

    """
    if policy.out_of_quota:
        raise refusal("insufficient_quota")


async def _call_order(service: Service, request: web.Request) -> tuple[str, dict[str, Any]]:
    """Return which call is decided upon, and the JSON that says how."""
    service.keys.admit_standard(bearer_key(request, service.policy))
    return request.match_info["call_id"], _json_object(await request.read() or b"{}", "body")


async def _call_body(request: web.Request, policy: Policy) -> tuple[bytes, dict[str, Any] | None]:
    """Return the offer and, if it was sent, the session configuration.

    Raises:
        ApiError: if the body is of another kind, or its form or JSON cannot be read.

    """
    if request.content_type == "application/sdp":
        return await request.read(), None
    if request.content_type != "multipart/form-data":
        raise refusal(
            "unsupported_content_type",
            given=request.headers.get("Content-Type", ""),
            accepted="'application/sdp' and 'multipart/form-data'",
        )
    try:
        form = await request.post()
        sdp, session = _part(form.get("sdp")), _part(form.get("session"))
    except (ValueError, AssertionError, KeyError) as error:
        raise refusal("unparsable_body", reason=str(error) or "not a form") from error
    if sdp is None:
        raise api_error("missing_required_parameter", param="sdp")
    if isinstance(form.get("sdp"), str) and not policy.read_untyped_parts:
        raise refusal("unparsable_body", reason="a part has no content type")
    return sdp, None if session is None else _json_object(session, "session")


def _part(value: Any) -> bytes | None:
    """Return a part of a form as bytes.

    Browsers send parts without a type, SDKs with one, some tools with a file name; aiohttp gives
    them as ``str``, ``bytearray`` and ``FileField``.
    """
    if value is None:
        return None
    if isinstance(value, web.FileField):
        return value.file.read()
    return value.encode() if isinstance(value, str) else bytes(value)


def _json_object(body: bytes, param: str) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise refusal("unparsable_body", reason=str(error)) from error
    return _object(value, param)


def _object(value: Any, param: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise api_error(
            "invalid_type", param=param, expected="an object", found=type(value).__name__
        )
    return value
