from __future__ import annotations

import pytest

from realtime_fakes.errors import ApiError
from realtime_fakes.sdp import conventional_answer, read_offer

TRANSPORT = [
    "a=ice-ufrag:YnNx",
    "a=ice-pwd:jIsRuXZmV9Yq00qk4a33Xe",
    "a=fingerprint:sha-256 97:A7",
    "a=setup:actpass",
]
SESSION = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=group:BUNDLE 0 1"]
AUDIO = [
    "m=audio 9 UDP/TLS/RTP/SAVPF 96 9 0 8",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    "a=rtpmap:96 opus/48000/2",
    "a=fmtp:96 minptime=10",
    "a=rtpmap:9 G722/8000",
    "a=rtpmap:0 PCMU/8000",
    *TRANSPORT,
]
DATA = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:1", *TRANSPORT]
VIDEO = ["m=video 9 UDP/TLS/RTP/SAVPF 97", "a=mid:2", "a=rtpmap:97 VP8/90000", *TRANSPORT]


def text(*parts: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for part in parts for line in part).encode()


GOOD = text(SESSION, AUDIO, DATA)
NO_AUDIO = "Invalid SDP offer. Offer did not have an audio media section."
WHIP = "Invalid SDP offer. Please try again with a WHIP-compliant offer."
PARSE = "Failed to parse offer: failed to unmarshal SDP: EOF"

BAD = {
    "data channel only": (text(SESSION, DATA), NO_AUDIO, "invalid_offer"),
    "video only": (text(SESSION, VIDEO), NO_AUDIO, "invalid_offer"),
    "no media": (text(SESSION), NO_AUDIO, "invalid_offer"),
    "audio switched off": (
        GOOD.replace(b"m=audio 9", b"m=audio 0"),
        NO_AUDIO,
        "invalid_offer",
    ),
    "empty": (b"", PARSE, None),
    "not SDP": (b"hello\r\n", PARSE, None),
    "JSON": (b'{"sdp": "v=0"}\r\n', PARSE, None),
    "not UTF-8": (b"v=0\r\n\xff\r\n", PARSE, None),
    "truncated in a line": (GOOD[: GOOD.index(b"jIsRu") + 3], PARSE, None),
    "without final CRLF": (GOOD.removesuffix(b"\r\n"), PARSE, None),
    "m= line cut short": (text(SESSION, ["m=audio"]), PARSE, None),
    "truncated behind m=": (text(SESSION, AUDIO[:4]), WHIP, "invalid_offer"),
    "no codec of ours": (
        text(SESSION, ["m=audio 9 UDP/TLS/RTP/SAVPF 9", "a=rtpmap:9 G722/8000", *TRANSPORT]),
        WHIP,
        "invalid_offer",
    ),
    "data channel without DTLS": (
        text(SESSION, AUDIO, [line for line in DATA if "fingerprint" not in line]),
        WHIP,
        "invalid_offer",
    ),
}


@pytest.mark.parametrize(("body", "message", "code"), BAD.values(), ids=list(BAD))
def test_a_bad_offer(body, message, code):
    with pytest.raises(ApiError) as caught:
        read_offer(body)
    error = caught.value
    assert (error.status, error.type, error.param) == (400, "invalid_request_error", None)
    assert (error.message, error.code) == (message, code)


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        GOOD.replace(b"\r\n", b"\n"),
        text(SESSION, AUDIO),
        text(SESSION, DATA, AUDIO),
        text([*SESSION, *TRANSPORT], AUDIO[:5]),
    ],
    ids=["usual", "LF only", "audio only", "data channel first", "transport in session part"],
)
def test_a_good_offer(body):
    assert read_offer(body).codec == "opus"


def test_only_known_codecs_are_left():
    lines = read_offer(GOOD).sdp.splitlines()
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 96 0 8" in lines
    assert not any("G722" in line for line in lines)
    assert "a=fmtp:96 minptime=10" in lines


@pytest.mark.parametrize(
    ("payload_types", "codec"), [("96 0", "opus"), ("0 96", "pcmu"), ("8 0", "pcma")]
)
def test_the_offer_decides_which_codec_is_preferred(payload_types, codec):
    body = GOOD.replace(b"SAVPF 96 9 0 8", f"SAVPF {payload_types}".encode())
    assert read_offer(body).codec == codec


def test_names_of_multicast_dns_are_dropped_and_addresses_kept():
    candidates = [
        "a=candidate:1 1 udp 2113937151 0c6a1b1e-7c0f-4f6e.local 50000 typ host",
        "a=candidate:2 1 udp 2113937151 192.0.2.7 50000 typ host",
    ]
    lines = read_offer(text(SESSION, [*AUDIO, *candidates], DATA)).sdp.splitlines()
    assert candidates[0] not in lines
    assert candidates[1] in lines


ANSWER = text(
    SESSION,
    [
        "m=audio 40000 UDP/TLS/RTP/SAVPF 96 0 8",
        "c=IN IP4 127.0.0.1",
        "a=msid:1 2",
        "a=ssrc:77 cname:x",
        "a=fingerprint:sha-256 AA",
        "a=fingerprint:sha-384 BB",
        "a=fingerprint:sha-512 CC",
    ],
    ["m=application 40000 UDP/DTLS/SCTP webrtc-datachannel", "a=max-message-size:65536"],
).decode()


def test_an_answer_follows_the_conventions():
    assert conventional_answer(ANSWER, read_offer(GOOD)).splitlines() == [
        *SESSION,
        "m=audio 9 UDP/TLS/RTP/SAVPF 96 0 8",
        "c=IN IP4 0.0.0.0",
        "a=msid:realtimeapi audio",
        "a=ssrc:77 cname:realtimeapi",
        "a=ssrc:77 msid:realtimeapi audio",
        "a=fingerprint:sha-256 AA",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "a=max-message-size:1073741823",
    ]


def test_an_answer_groups_nothing_that_the_offer_did_not():
    offer = read_offer(GOOD.replace(b"a=group:BUNDLE 0 1\r\n", b""))
    assert "BUNDLE" not in conventional_answer(ANSWER, offer)
