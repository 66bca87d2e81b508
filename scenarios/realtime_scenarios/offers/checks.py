"""The checks of ``offers``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "ACCEPTS_AUDIO_ONLY",
    "ACCEPTS_EPHEMERAL_KEY",
    "ACCEPTS_FORM_DATA",
    "ACCEPTS_RECVONLY",
    "ACCEPTS_TRACKLESS",
    "ANSWER",
    "ANSWER_BUNDLE",
    "ANSWER_CANDIDATES",
    "ANSWER_CODECS",
    "ANSWER_CRLF",
    "ANSWER_DATA_CHANNEL",
    "ANSWER_DIRECTION",
    "ANSWER_DTLS_ROLE",
    "ANSWER_FINGERPRINT",
    "ANSWER_ICE_CREDENTIALS",
    "ANSWER_MEDIA_TYPE",
    "ANSWER_PARSES",
    "ANSWER_RTCP_MUX",
    "ANSWER_SECTIONS",
    "BAD_KEY_CODE",
    "BAD_KEY_STATUS",
    "CHECKS",
    "CORS_EXPOSES_LOCATION",
    "CORS_ORIGIN",
    "CREATED",
    "GOES_ON",
    "LOCATION",
    "MISSING_AUDIO_CODE",
    "MISSING_AUDIO_MESSAGE",
    "MISSING_AUDIO_PARAM",
    "MISSING_AUDIO_STATUS",
    "MISSING_AUDIO_TYPE",
    "NO_KEY_STATUS",
    "NO_MODEL",
    "PREFLIGHT",
    "RECVONLY_DIRECTION",
    "REFUSAL",
    "REFUSAL_CORS",
    "REFUSAL_ENVELOPE",
    "REFUSAL_LEAVES_NO_CALL",
    "REFUSAL_MEDIA_TYPE",
    "TRIMMED",
    "UNREADABLE",
    "UNREADABLE_STATUS",
    "VIDEO_ONLY",
    "WRONG_CONTENT_TYPE",
]

_RECORDED = "pydantic-ai cassette test_webrtc__test_answer_webrtc_offer (api.openai.com, July 2026)"
_AUDIO_ONLY_RECORDED = (
    "pydantic-ai cassette test_openai_ws__test_webrtc_sideband_audio_turn (api.openai.com)"
)
_REFERENCE = "https://platform.openai.com/docs/api-reference/realtime/create-call"
_WEBRTC_GUIDE = "https://platform.openai.com/docs/guides/realtime-webrtc"
_ERROR_CODES = "https://platform.openai.com/docs/guides/error-codes"
_ERROR_SCHEMA = "https://github.com/openai/openai-openapi (schemas Error, ErrorResponse)"
_NO_AUDIO = (
    "https://community.openai.com/t/can-webrtc-be-used-for-a-real-time-text-to-text-chatbot"
    "-instead-of-websockets/1136482 (answer of api.openai.com)"
)
_UNREADABLE = "https://github.com/ACM-VIT/ExamCooker/pull/589 (answer of api.openai.com)"
_CALL_ID = "https://github.com/openai/openai-agents-js/issues/483 and /issues/487"
_FETCH = "https://fetch.spec.whatwg.org/#http-cors-protocol"

# -- offers that have to be refused ----------------------------------------------------------------

MISSING_AUDIO_STATUS = Check(
    id="rt.offers.missing-audio-status",
    level=Level.MUST,
    clause="An offer with a data channel and no audio section is refused with status 400.",
    source=_NO_AUDIO,
)
MISSING_AUDIO_TYPE = Check(
    id="rt.offers.missing-audio-type",
    level=Level.MUST,
    clause="Refusing an offer without audio, error.type is invalid_request_error.",
    source=_NO_AUDIO,
)
MISSING_AUDIO_CODE = Check(
    id="rt.offers.missing-audio-code",
    level=Level.MUST,
    clause="Refusing an offer without audio, error.code is invalid_offer.",
    source=_NO_AUDIO,
)
MISSING_AUDIO_PARAM = Check(
    id="rt.offers.missing-audio-param",
    level=Level.SHOULD,  # other reports of the same body leave the member out
    clause="Refusing an offer without audio, error.param is there and null.",
    source=_NO_AUDIO,
)
MISSING_AUDIO_MESSAGE = Check(
    id="rt.offers.missing-audio-message",
    level=Level.MUST,
    clause="Refusing an offer without audio, the message says it had no audio media section.",
    source=_NO_AUDIO,
)
VIDEO_ONLY = Check(
    id="rt.offers.video-only",
    level=Level.MUST,
    clause="An offer with video and no audio section is refused with a 4xx status.",
    source=_NO_AUDIO,
)
UNREADABLE = Check(
    id="rt.offers.unreadable",
    level=Level.MUST,
    clause="A body that cannot be read as an offer (empty, no SDP, cut off) gets a 4xx status.",
    source=f"{_UNREADABLE}; {_REFERENCE} (sdp is required)",
)
UNREADABLE_STATUS = Check(
    id="rt.offers.unreadable-status",
    level=Level.SHOULD,
    clause="An offer that is cut off is refused with status 400.",
    source=_UNREADABLE,
)
TRIMMED = Check(
    id="rt.offers.trimmed",
    level=Level.INFO,
    clause="What becomes of a good offer whose final CRLF was trimmed off.",
    source=_UNREADABLE,
)
WRONG_CONTENT_TYPE = Check(
    id="rt.offers.wrong-content-type",
    level=Level.SHOULD,
    clause="A body that is neither application/sdp nor multipart/form-data gets a 4xx status.",
    source=f"{_REFERENCE} (request bodies); RFC 9110, 15.5.16",
)
NO_KEY_STATUS = Check(
    id="rt.offers.no-key-status",
    level=Level.MUST,
    clause="A call without a key is refused with status 401.",
    source=f"{_ERROR_CODES}; RFC 9110, 15.5.2",
)
BAD_KEY_STATUS = Check(
    id="rt.offers.bad-key-status",
    level=Level.MUST,
    clause="A call with a key that does not exist is refused with status 401.",
    source=_ERROR_CODES,
)
BAD_KEY_CODE = Check(
    id="rt.offers.bad-key-code",
    level=Level.SHOULD,
    clause="Refusing a key that does not exist, error.code is invalid_api_key.",
    source=_ERROR_CODES,
)
NO_MODEL = Check(
    id="rt.offers.no-model",
    level=Level.SHOULD,
    clause="A bare SDP offer with a standard key and without ?model= gets a 4xx status.",
    source=_WEBRTC_GUIDE,
)

REFUSAL_ENVELOPE = Check(
    id="rt.offers.refusal-envelope",
    level=Level.MUST,
    clause="A refusal is an object error with string message and type, and string or null code.",
    source=_ERROR_SCHEMA,
)
REFUSAL_MEDIA_TYPE = Check(
    id="rt.offers.refusal-media-type",
    level=Level.MUST,
    clause="A refusal has the media type application/json.",
    source=_ERROR_SCHEMA,
)
REFUSAL_CORS = Check(
    id="rt.offers.refusal-cors",
    level=Level.SHOULD,
    clause="A page of any origin can read a refusal: Access-Control-Allow-Origin is *.",
    source=f"{_FETCH}; https://github.com/openai/openai-agents-js (shows error.message to users)",
)
REFUSAL_LEAVES_NO_CALL = Check(
    id="rt.offers.refusal-leaves-no-call",
    level=Level.MUST,
    clause="A refused offer leaves nothing behind: it names no call, and there is none.",
    source=f"{_REFERENCE} (Location belongs to the 201)",
)
GOES_ON = Check(
    id="rt.offers.goes-on",
    level=Level.MUST,
    clause="After a refused offer the same key opens a call with a good one.",
    source=f"{_NO_AUDIO} (the reporter's next offer is accepted)",
)

REFUSAL = (
    REFUSAL_ENVELOPE,
    REFUSAL_MEDIA_TYPE,
    REFUSAL_CORS,
    REFUSAL_LEAVES_NO_CALL,
    GOES_ON,
)
"""Judged wherever something is refused."""

# -- offers that have to be accepted ---------------------------------------------------------------

CREATED = Check(
    id="rt.offers.created",
    level=Level.MUST,
    clause="A good offer, bare or in a form with a session, is answered with status 201.",
    source=_RECORDED,
)
LOCATION = Check(
    id="rt.offers.location",
    level=Level.MUST,
    clause="Location is the call's path: …/realtime/calls/rtc_ and the rest of the call id.",
    source=_RECORDED,
)
ACCEPTS_RECVONLY = Check(
    id="rt.offers.accepts-recvonly",
    level=Level.MUST,
    clause="An offer whose audio section is recvonly is accepted.",
    source=f"{_NO_AUDIO} (nothing but an audio section is asked for); RFC 3264, 6.1",
)
RECVONLY_DIRECTION = Check(
    id="rt.offers.recvonly-direction",
    level=Level.INFO,
    clause="Which direction the answer gives to an audio section that was offered recvonly.",
    source="RFC 3264, 6.1 (sendonly or inactive)",
)
ACCEPTS_TRACKLESS = Check(
    id="rt.offers.accepts-trackless",
    level=Level.MUST,
    clause="An offer whose audio section announces no stream is accepted.",
    source=f"{_NO_AUDIO} (addTransceiver without a track)",
)
ACCEPTS_AUDIO_ONLY = Check(
    id="rt.offers.accepts-audio-only",
    level=Level.MUST,
    clause="An offer without a data channel is accepted.",
    source=_AUDIO_ONLY_RECORDED,
)
ACCEPTS_FORM_DATA = Check(
    id="rt.offers.accepts-form-data",
    level=Level.MUST,
    clause="A browser's FormData with sdp and session, neither part with a type, is accepted.",
    source=_WEBRTC_GUIDE,
)
ACCEPTS_EPHEMERAL_KEY = Check(
    id="rt.offers.accepts-ephemeral-key",
    level=Level.MUST,
    clause="A bare SDP offer with an ephemeral key and no ?model= is accepted.",
    source=f"{_WEBRTC_GUIDE}; https://github.com/openai/openai-agents-js (openaiRealtimeWebRtc.ts)",
)

ANSWER_MEDIA_TYPE = Check(
    id="rt.offers.answer-media-type",
    level=Level.SHOULD,
    clause="The answer's media type is application/sdp (documented) or text/plain (recorded).",
    source=f"{_REFERENCE}; {_RECORDED}",
)
ANSWER_PARSES = Check(
    id="rt.offers.answer-parses",
    level=Level.MUST,
    clause="The answer is SDP.",
    source="RFC 8866, 5 and 9",
)
ANSWER_CRLF = Check(
    id="rt.offers.answer-crlf",
    level=Level.SHOULD,
    clause="Every line of the answer ends with CRLF, the last one too.",
    source=f"RFC 8866, 5; {_RECORDED}",
)
ANSWER_SECTIONS = Check(
    id="rt.offers.answer-sections",
    level=Level.MUST,
    clause="The answer has the offer's sections, in its order and with its mids.",
    source="RFC 3264, 6; RFC 9429, 5.3.1",
)
ANSWER_BUNDLE = Check(
    id="rt.offers.answer-bundle",
    level=Level.MUST,
    clause="The answer bundles all sections that the offer bundles.",
    source=f"{_RECORDED}; RFC 9143, 7.3",
)
ANSWER_RTCP_MUX = Check(
    id="rt.offers.answer-rtcp-mux",
    level=Level.MUST,
    clause="The answer multiplexes RTP and RTCP, as the offer does.",
    source=f"{_RECORDED}; RFC 8834, 4.5",
)
ANSWER_CODECS = Check(
    id="rt.offers.answer-codecs",
    level=Level.MUST,
    clause="The answer's audio codecs are one or more of those offered.",
    source=f"{_RECORDED}; RFC 3264, 6.1",
)
ANSWER_DIRECTION = Check(
    id="rt.offers.answer-direction",
    level=Level.MUST,
    clause="An audio section that was offered sendrecv is answered sendrecv.",
    source=_RECORDED,
)
ANSWER_DTLS_ROLE = Check(
    id="rt.offers.answer-dtls-role",
    level=Level.MUST,
    clause="To actpass the answer says active or passive, never actpass.",
    source="RFC 8842, 5.3; RFC 4145, 4.1",
)
ANSWER_CANDIDATES = Check(
    id="rt.offers.answer-candidates",
    level=Level.MUST,
    clause="The answer holds the endpoint's candidates: there is no way to send them later.",
    source=_RECORDED,
)
ANSWER_FINGERPRINT = Check(
    id="rt.offers.answer-fingerprint",
    level=Level.MUST,
    clause="The answer holds a certificate's fingerprint: hash function and upper-case hex pairs.",
    source=f"RFC 8122, 5; {_RECORDED}",
)
ANSWER_ICE_CREDENTIALS = Check(
    id="rt.offers.answer-ice-credentials",
    level=Level.MUST,
    clause="The answer's ice-ufrag has 4 to 256 characters, its ice-pwd 22 to 256.",
    source="RFC 8839, 5.4",
)
ANSWER_DATA_CHANNEL = Check(
    id="rt.offers.answer-data-channel",
    level=Level.MUST,
    clause="A data channel that was offered is not rejected, and has an SCTP port.",
    source=f"{_RECORDED}; RFC 8841, 10.3",
)

ANSWER = (
    CREATED,
    LOCATION,
    ANSWER_MEDIA_TYPE,
    ANSWER_PARSES,
    ANSWER_CRLF,
    ANSWER_SECTIONS,
    ANSWER_BUNDLE,
    ANSWER_RTCP_MUX,
    ANSWER_CODECS,
    ANSWER_DIRECTION,
    ANSWER_DTLS_ROLE,
    ANSWER_CANDIDATES,
    ANSWER_FINGERPRINT,
    ANSWER_ICE_CREDENTIALS,
    ANSWER_DATA_CHANNEL,
)
"""Judged on the answer to a complete offer."""

# -- pages of another origin -----------------------------------------------------------------------

CORS_ORIGIN = Check(
    id="rt.offers.cors-origin",
    level=Level.MUST,
    clause="A page of any origin can read the answer: Access-Control-Allow-Origin is *.",
    source=_RECORDED,
)
CORS_EXPOSES_LOCATION = Check(
    id="rt.offers.cors-exposes-location",
    level=Level.MUST,
    clause="A page can read the call id: Access-Control-Expose-Headers names Location.",
    source=f"{_RECORDED}; {_CALL_ID}",
)
PREFLIGHT = Check(
    id="rt.offers.preflight",
    level=Level.MUST,
    clause="A preflight needs no key and allows the headers that stock clients ask for.",
    source=f"{_FETCH}; {_WEBRTC_GUIDE} (posts from the page)",
)

CHECKS = (
    MISSING_AUDIO_STATUS,
    MISSING_AUDIO_TYPE,
    MISSING_AUDIO_CODE,
    MISSING_AUDIO_PARAM,
    MISSING_AUDIO_MESSAGE,
    VIDEO_ONLY,
    UNREADABLE,
    UNREADABLE_STATUS,
    TRIMMED,
    WRONG_CONTENT_TYPE,
    NO_KEY_STATUS,
    BAD_KEY_STATUS,
    BAD_KEY_CODE,
    NO_MODEL,
    *REFUSAL,
    ACCEPTS_RECVONLY,
    RECVONLY_DIRECTION,
    ACCEPTS_TRACKLESS,
    ACCEPTS_AUDIO_ONLY,
    ACCEPTS_FORM_DATA,
    ACCEPTS_EPHEMERAL_KEY,
    *ANSWER,
    CORS_ORIGIN,
    CORS_EXPOSES_LOCATION,
    PREFLIGHT,
)
"""Every check of the suite, in the order of the report."""
