"""Violations that the checks of ``offers`` find."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from realtime_fakes.switches import AnswerTap, HttpReply, ReplyTap, Switch

__all__ = ["SWITCHES"]


# -- Refusals: every reply of the calls route whose status is 4xx. ---------------------------------


def _refusal(change: Callable[[HttpReply], HttpReply], says: str = "") -> ReplyTap:
    """Return a tap that changes refusals of calls whose body holds ``says``."""

    def tap(route: str, reply: HttpReply) -> HttpReply:
        is_meant = route == "calls" and reply.status >= 400 and says.encode() in reply.body
        return change(reply) if is_meant else reply

    return tap


def _status(status: int) -> Callable[[HttpReply], HttpReply]:
    return lambda reply: replace(reply, status=status)


def _error(**members: Any) -> Callable[[HttpReply], HttpReply]:
    """Return a change of members of the error object."""

    def change(reply: HttpReply) -> HttpReply:
        body = orjson.loads(reply.body)
        return replace(reply, body=orjson.dumps({**body, "error": {**body["error"], **members}}))

    return change


def _without_envelope(reply: HttpReply) -> HttpReply:
    detail = orjson.loads(reply.body)["error"]["message"]
    return replace(reply, body=orjson.dumps({"detail": detail}))


def _header(name: str, value: str) -> Callable[[HttpReply], HttpReply]:
    return lambda reply: replace(reply, headers={**reply.headers, name: value})


_NO_AUDIO = "audio media section"
_UNREADABLE = "Failed to parse offer"
_TYPE = "Unsupported content type"
_KEY_MISSING = "Missing bearer"
_KEY_UNKNOWN = "Incorrect API key"
_MODEL_MISSING = "must provide a model"

_REFUSALS = (
    Switch(
        name="data-channel-is-enough",
        summary="Accepts offers without an audio section, if they have a data channel.",
        violates="rt.offers.missing-audio-status",
        also={"rt.offers.video-only": "its offer has a data channel too"},
        policy={"offer_needs": ("audio", "application")},
    ),
    Switch(
        name="video-is-enough",
        summary="Accepts offers without an audio section, if they have a video section.",
        violates="rt.offers.video-only",
        policy={"offer_needs": ("audio", "video")},
    ),
    Switch(
        name="missing-audio-type",
        summary="Calls a missing audio section an error of the server.",
        violates="rt.offers.missing-audio-type",
        reply=_refusal(_error(type="server_error"), _NO_AUDIO),
    ),
    Switch(
        name="missing-audio-status",
        summary="Refuses a missing audio section with status 422.",
        violates="rt.offers.missing-audio-status",
        reply=_refusal(_status(422), _NO_AUDIO),
    ),
    Switch(
        name="missing-audio-code",
        summary="Gives no code for a missing audio section.",
        violates="rt.offers.missing-audio-code",
        reply=_refusal(_error(code=None), _NO_AUDIO),
    ),
    Switch(
        name="missing-audio-param",
        summary="Blames the parameter sdp for a missing audio section.",
        violates="rt.offers.missing-audio-param",
        reply=_refusal(_error(param="sdp"), _NO_AUDIO),
    ),
    Switch(
        name="missing-audio-message",
        summary="Says no more than that the offer is bad, where audio is missing.",
        violates="rt.offers.missing-audio-message",
        reply=_refusal(_error(message="Bad offer."), _NO_AUDIO),
    ),
    Switch(
        name="unreadable-is-our-fault",
        summary="Fails with status 500 where an offer cannot be read.",
        violates="rt.offers.unreadable",
        also={"rt.offers.unreadable-status": "500 is not 400 either"},
        reply=_refusal(_status(500), _UNREADABLE),
    ),
    Switch(
        name="unreadable-status",
        summary="Refuses with status 422 what cannot be read.",
        violates="rt.offers.unreadable-status",
        reply=_refusal(_status(422), _UNREADABLE),
    ),
    Switch(
        name="content-type-is-our-fault",
        summary="Fails with status 500 where a body is of another kind.",
        violates="rt.offers.wrong-content-type",
        reply=_refusal(_status(500), _TYPE),
    ),
    Switch(
        name="no-key-is-forbidden",
        summary="Refuses with status 403 who shows no key.",
        violates="rt.offers.no-key-status",
        reply=_refusal(_status(403), _KEY_MISSING),
    ),
    Switch(
        name="bad-key-is-forbidden",
        summary="Refuses with status 403 who shows a key that does not exist.",
        violates="rt.offers.bad-key-status",
        reply=_refusal(_status(403), _KEY_UNKNOWN),
    ),
    Switch(
        name="bad-key-without-code",
        summary="Gives no code for a key that does not exist.",
        violates="rt.offers.bad-key-code",
        reply=_refusal(_error(code=None), _KEY_UNKNOWN),
    ),
    Switch(
        name="no-model-is-our-fault",
        summary="Fails with status 500 where no model is named.",
        violates="rt.offers.no-model",
        reply=_refusal(_status(500), _MODEL_MISSING),
    ),
    Switch(
        name="refusal-without-envelope",
        summary="Refuses with the body of a web framework: an object with a member detail.",
        violates="rt.offers.refusal-envelope",
        reply=_refusal(_without_envelope),
    ),
    Switch(
        name="refusal-as-text",
        summary="Labels refusals text/plain.",
        violates="rt.offers.refusal-media-type",
        reply=_refusal(lambda reply: replace(reply, media_type="text/plain")),
    ),
    Switch(
        name="refusal-hidden-from-pages",
        summary="Lets only pages of the vendor's own origin read refusals.",
        violates="rt.offers.refusal-cors",
        reply=_refusal(_header("Access-Control-Allow-Origin", "https://platform.openai.com")),
    ),
    Switch(
        name="refusal-names-a-call",
        summary="Sends the Location of a call with refusals.",
        violates="rt.offers.refusal-leaves-no-call",
        reply=_refusal(_header("Location", "/v1/realtime/calls/rtc_u1_refused")),
    ),
    Switch(
        name="refused-call-stays",
        summary="Keeps a call for an offer that it refused.",
        violates="rt.offers.refusal-leaves-no-call",
        policy={"keep_refused_calls": True},
    ),
    Switch(
        name="refusal-spends-the-key",
        summary="Takes an ephemeral key back when an offer made with it is refused.",
        violates="rt.offers.goes-on",
        policy={"refusal_spends_key": True},
    ),
)


# -- Calls that are opened: replies of the calls route with status 201. ----------------------------


def _created(change: Callable[[HttpReply], HttpReply]) -> ReplyTap:
    """Return a tap that changes answers to offers."""

    def tap(route: str, reply: HttpReply) -> HttpReply:
        return change(reply) if route == "calls" and reply.status == 201 else reply

    return tap


def _location_of_another_kind(reply: HttpReply) -> HttpReply:
    """Leave the id in the last place, where clients look for it."""
    call_id = reply.headers["Location"].rpartition("/")[2]
    return replace(reply, headers={**reply.headers, "Location": f"/v1/calls/{call_id}"})


def _only_content_type_allowed(route: str, reply: HttpReply) -> HttpReply:
    if route == "preflight":
        headers = {**reply.headers, "Access-Control-Allow-Headers": "content-type"}
        return replace(reply, headers=headers)
    return reply


_ACCEPTANCE = (
    Switch(
        name="status-200",
        summary="Answers hand-written offers of browsers with status 200.",
        violates="rt.offers.created",
        reply=_created(
            lambda reply: replace(reply, status=200) if _is_browsers(reply.body.decode()) else reply
        ),
    ),
    Switch(
        name="location-of-another-kind",
        summary="Names another path than that of the call in Location.",
        violates="rt.offers.location",
        reply=_created(_location_of_another_kind),
    ),
    Switch(
        name="recvonly-refused",
        summary="Refuses offers with a recvonly section.",
        violates="rt.offers.accepts-recvonly",
        also={"rt.text-over-webrtc.opens": "one of its calls only wants to listen"},
        policy={"offer_lines_refused": ("a=recvonly",)},
    ),
    Switch(
        name="trackless-refused",
        summary="Refuses offers that announce no stream.",
        violates="rt.offers.accepts-trackless",
        also={"rt.offers.accepts-recvonly": "who only wants to listen announces no stream"},
        policy={"offer_lines_needed": ("a=msid:",)},
    ),
    Switch(
        name="audio-only-refused",
        summary="Refuses offers without a data channel.",
        violates="rt.offers.accepts-audio-only",
        policy={"offer_lines_needed": ("m=application",)},
        also={"rt.sideband.recorded-turn": "such a call is what the sideband was to run"},
    ),
    Switch(
        name="form-data-refused",
        summary="Refuses forms whose parts have no content type.",
        violates="rt.offers.accepts-form-data",
        policy={"read_untyped_parts": False},
    ),
    Switch(
        name="ephemeral-key-refused",
        summary="Refuses ephemeral keys at the calls endpoint, where they belong.",
        violates="rt.offers.accepts-ephemeral-key",
        policy={"call_with_ephemeral_key": False},
        also={"rt.keys.opens-call": "it is the same key at the same endpoint"},
    ),
    Switch(
        name="answer-as-json",
        summary="Labels the SDP answer application/json.",
        violates="rt.offers.answer-media-type",
        policy={"answer_media_type": "application/json"},
    ),
    Switch(
        name="answer-hidden-from-pages",
        summary="Lets only pages of the vendor's own origin read answers.",
        violates="rt.offers.cors-origin",
        reply=_created(_header("Access-Control-Allow-Origin", "https://platform.openai.com")),
    ),
    Switch(
        name="location-hidden-from-pages",
        summary="Does not expose Location to pages.",
        violates="rt.offers.cors-exposes-location",
        reply=_created(_header("Access-Control-Expose-Headers", "X-Request-Id")),
    ),
    Switch(
        name="preflight-forbids-the-key",
        summary="Allows pages to send Content-Type and nothing else.",
        violates="rt.offers.preflight",
        reply=_only_content_type_allowed,
    ),
)


# -- SDP answers. ----------------------------------------------------------------------------------


def _is_browsers(answer: str) -> bool:
    """Whether an answer is to a browser, which gives Opus the payload type 111.

    Only those are spoiled, so that the calls which the other suites lead with a Python client
    come about.
    """
    return "a=rtpmap:111 " in answer


def _spoiled(pattern: str, replacement: str) -> AnswerTap:
    """Return a tap that replaces the matches of ``pattern`` in answers to browsers."""
    find = re.compile(pattern, re.MULTILINE)

    def tap(sdp: str) -> str:
        return find.sub(replacement, sdp) if _is_browsers(sdp) else sdp

    return tap


_ANSWERS = (
    Switch(
        name="answer-with-a-comment",
        summary="Puts a line into the answer that is no SDP.",
        violates="rt.offers.answer-parses",
        answer=_spoiled(r"^t=0 0\r\n", "t=0 0\r\n# generated\r\n"),
    ),
    Switch(
        name="answer-with-line-feeds",
        summary="Ends the lines of the answer with LF.",
        violates="rt.offers.answer-crlf",
        answer=_spoiled(r"\r\n", "\n"),
    ),
    Switch(
        name="answer-with-other-mids",
        summary="Names the sections of the answer by their kind.",
        violates="rt.offers.answer-sections",
        answer=_spoiled(r"^a=mid:", "a=mid:section-"),
    ),
    Switch(
        name="answer-without-bundle",
        summary="Leaves the BUNDLE group out of the answer.",
        violates="rt.offers.answer-bundle",
        answer=_spoiled(r"^a=group:BUNDLE.*\r\n", ""),
    ),
    Switch(
        name="answer-without-rtcp-mux",
        summary="Does not multiplex RTP and RTCP.",
        violates="rt.offers.answer-rtcp-mux",
        answer=_spoiled(r"^a=rtcp-mux\r\n", ""),
    ),
    Switch(
        name="answer-with-another-codec",
        summary="Answers with a codec that was not offered.",
        violates="rt.offers.answer-codecs",
        answer=_spoiled(r"^a=rtpmap:111 [^\r]*", "a=rtpmap:111 L16/48000/2"),
    ),
    Switch(
        name="answer-inactive",
        summary="Answers a sendrecv section with inactive.",
        violates="rt.offers.answer-direction",
        answer=_spoiled(r"^a=sendrecv", "a=inactive"),
    ),
    Switch(
        name="answer-actpass",
        summary="Leaves the DTLS role open in the answer, too.",
        violates="rt.offers.answer-dtls-role",
        answer=_spoiled(r"^a=setup:\w+", "a=setup:actpass"),
    ),
    Switch(
        name="answer-without-candidates",
        summary="Leaves the candidates out of the answer, as if it could send them later.",
        violates="rt.offers.answer-candidates",
        answer=_spoiled(r"^a=candidate:.*\r\n", ""),
    ),
    Switch(
        name="answer-without-fingerprint",
        summary="Leaves the certificate's fingerprint out of the answer.",
        violates="rt.offers.answer-fingerprint",
        answer=_spoiled(r"^a=fingerprint:.*\r\n", ""),
    ),
    Switch(
        name="answer-with-a-short-password",
        summary="Cuts the ICE password to 8 characters.",
        violates="rt.offers.answer-ice-credentials",
        answer=_spoiled(r"^(a=ice-pwd:.{8}).*\r\n", "\\1\r\n"),
    ),
    Switch(
        name="data-channel-rejected",
        summary="Rejects the data channel in the answer.",
        violates="rt.offers.answer-data-channel",
        answer=_spoiled(r"^m=application \d+", "m=application 0"),
    ),
)

SWITCHES: tuple[Switch, ...] = (*_REFUSALS, *_ACCEPTANCE, *_ANSWERS)
