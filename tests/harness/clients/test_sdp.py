from __future__ import annotations

from pathlib import Path

import pytest

from realtime_harness.clients import sdp
from realtime_harness.errors import MalformedSdp, TargetViolation

RECORDINGS = Path(__file__).parents[4] / "shared" / "recordings"

SHAPES = {
    "everything": ({"video": True}, ["audio", "video", "application"]),
    "audio and data channel": ({}, ["audio", "application"]),
    "audio only": ({"data_channel": False}, ["audio"]),
    "data channel only": ({"audio": False}, ["application"]),
    "video only": ({"audio": False, "data_channel": False, "video": True}, ["video"]),
}


@pytest.mark.parametrize("dialect", [sdp.CHROMIUM, sdp.AIORTC], ids=["chromium", "aiortc"])
@pytest.mark.parametrize(("arguments", "kinds"), SHAPES.values(), ids=SHAPES)
def test_offer_has_the_sections_asked_for(arguments, kinds, dialect):
    description = sdp.parse(sdp.offer(dialect=dialect, **arguments))
    mids = [str(n) for n in range(len(kinds))]
    assert [section.kind for section in description.media] == kinds
    assert description.mids == description.bundle == mids
    assert description.crlf
    for section in description.media:
        assert section.get("setup") == "actpass"
        assert section.get("fingerprint") == dialect.fingerprint
        assert section.get("ice-ufrag") == dialect.ice_ufrag
        assert section.candidates == list(dialect.candidates)


def test_offer_without_track_announces_no_stream():
    with_track = sdp.parse(sdp.offer()).media[0]
    without = sdp.parse(sdp.offer(track=False)).media[0]
    assert with_track.all("msid")
    assert with_track.all("ssrc")
    assert not without.all("msid")
    assert not without.all("ssrc")
    assert without.direction == "sendrecv"


@pytest.mark.parametrize("direction", sdp.DIRECTIONS)
def test_offer_direction(direction):
    assert sdp.parse(sdp.offer(direction=direction)).media[0].direction == direction


def test_offer_codecs():
    audio = sdp.parse(sdp.offer(codecs=[sdp.OPUS])).media[0]
    assert audio.formats == ("111",)
    assert audio.codecs == {"111": "opus/48000/2"}
    assert sdp.parse(sdp.offer(dialect=sdp.AIORTC)).media[0].codecs == {
        "96": "opus/48000/2",
        "9": "g722/8000",
        "0": "pcmu/8000",
        "8": "pcma/8000",
    }


@pytest.mark.parametrize("dialect", [sdp.CHROMIUM, sdp.AIORTC], ids=["chromium", "aiortc"])
def test_a_real_stack_accepts_the_offer(dialect):
    description = pytest.importorskip("aiortc.sdp").SessionDescription.parse(
        sdp.offer(video=True, dialect=dialect)
    )
    assert [media.kind for media in description.media] == ["audio", "video", "application"]
    assert description.media[0].ice.usernameFragment == dialect.ice_ufrag
    assert len(description.media[0].rtp.codecs) == len(dialect.codecs)


def test_without_final_crlf_takes_nothing_else():
    text = sdp.offer()
    trimmed = sdp.without_final_crlf(text)
    assert trimmed + "\r\n" == text
    assert not sdp.parse(trimmed).crlf


def test_truncated_ends_within_a_line_of_the_audio_section():
    text = sdp.truncated(sdp.offer())
    assert sdp.offer().startswith(text)
    assert "m=audio" in text
    assert "m=application" not in text
    assert not text.endswith("\n")


MINIMAL = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"

MALFORMED = {
    "empty": ("", 1),
    "json": ('{"error": {}}', 1),
    "no version": (MINIMAL.removeprefix("v=0\r\n"), 1),
    "no origin": (MINIMAL.replace("o=- 1 1 IN IP4 0.0.0.0\r\n", ""), 4),
    "no media": (MINIMAL.partition("m=")[0], 4),
    "line without equals sign": (MINIMAL + "hello\r\n", 6),
    "empty line inside": (MINIMAL.replace("t=0", "\r\nt=0"), 4),
    "media without formats": (MINIMAL.replace("SAVPF 0", "SAVPF"), 5),
    "port is no number": (MINIMAL.replace("audio 9", "audio nine"), 5),
}


@pytest.mark.parametrize(("text", "line"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_sdp_names_the_line(text, line):
    with pytest.raises(MalformedSdp) as caught:
        sdp.parse(text)
    assert caught.value.line == line
    assert f"line {line}" in str(caught.value)
    assert isinstance(caught.value, TargetViolation)


def test_section_attributes_win_over_those_of_the_session():
    text = MINIMAL.replace("t=0 0\r\n", "t=0 0\r\na=setup:active\r\na=fingerprint:sha-256 AA\r\n")
    audio = sdp.parse(text + "a=setup:passive\r\n").media[0]
    assert audio.get("setup") == "passive"
    assert audio.get("fingerprint") == "sha-256 AA"
    assert audio.all("fingerprint") == []
    assert audio.get("ice-ufrag") is None


def test_bare_line_feeds_are_read_and_noted():
    description = sdp.parse(MINIMAL.replace("\r\n", "\n"))
    assert not description.crlf
    assert description.bundle == []
    assert description.first("audio") is description.media[0]
    assert description.first("video") is None


def test_static_payload_types_need_no_rtpmap():
    text = MINIMAL.replace("SAVPF 0", "SAVPF 0 96 101") + "a=rtpmap:96 opus/48000/2\r\n"
    assert sdp.parse(text).media[0].codecs == {"0": "pcmu/8000", "96": "opus/48000/2"}


@pytest.mark.parametrize("service", ["openai", "azure"])
def test_recorded_answer(service):
    yaml = pytest.importorskip("yaml")
    path = RECORDINGS / f"{service}_calls_answer.yaml"
    if not path.exists():
        pytest.skip(f"no recordings at {RECORDINGS}")
    recorded = yaml.safe_load(path.read_text())["interactions"][-1]["response"]["body"]["string"]
    answer = sdp.parse(recorded)
    assert answer.crlf
    assert answer.bundle == answer.mids == ["0", "1"]
    audio = answer.first("audio")
    assert audio is not None
    assert audio.codecs == {"96": "opus/48000/2", "0": "pcmu/8000", "8": "pcma/8000"}
    assert audio.get("setup") == "active"
    assert audio.get("fingerprint")
    assert audio.candidates
