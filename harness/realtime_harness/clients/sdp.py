"""SDP offers written by hand, ways to damage them, and a small strict reader of answers.

No media stack is needed: a scenario that only looks at how an endpoint *answers* an offer posts
text and reads text. Everything here is pure, and equal arguments give equal text: the ICE
credentials and the fingerprint are constants, because nobody connects with them.

Grammar and words are those of RFC 8866 (SDP), RFC 3264 (offer and answer), RFC 9143 (BUNDLE),
RFC 8839 (ICE), RFC 8842 (DTLS) and RFC 8841 (data channels).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from realtime_harness.errors import MalformedSdp

__all__ = [
    "AIORTC",
    "CHROMIUM",
    "DIRECTIONS",
    "OPUS",
    "Attribute",
    "Codec",
    "Dialect",
    "MediaDescription",
    "SessionDescription",
    "offer",
    "parse",
    "truncated",
    "without_final_crlf",
]

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")

Attribute: TypeAlias = tuple[str, str]


# -- offers ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One format of an RTP section."""

    payload_type: int
    name: str
    """Encoding, clock rate and channels as in ``a=rtpmap``: ``opus/48000/2``."""
    format: str = ""
    """What ``a=fmtp`` says; empty for nothing."""
    feedback: tuple[str, ...] = ()
    """Values of ``a=rtcp-fb``."""

    def lines(self) -> list[str]:
        """Return the attribute lines of the codec."""
        lines = [f"a=rtpmap:{self.payload_type} {self.name}"]
        lines += [f"a=rtcp-fb:{self.payload_type} {value}" for value in self.feedback]
        if self.format:
            lines.append(f"a=fmtp:{self.payload_type} {self.format}")
        return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What differs between the offers of two WebRTC implementations."""

    session: tuple[str, ...]
    """Lines of the session part behind ``a=group``."""
    codecs: tuple[Codec, ...]
    extensions: tuple[str, ...]
    """URIs of RTP header extensions, numbered from 1."""
    ice_options: tuple[str, ...]
    fingerprint: str
    ice_ufrag: str
    ice_pwd: str
    max_message_size: int
    candidates: tuple[str, ...] = ()
    """Values of ``a=candidate`` in each section."""


OPUS = Codec(
    payload_type=111,
    name="opus/48000/2",
    format="minptime=10;useinbandfec=1",
    feedback=("transport-cc",),
)

CHROMIUM = Dialect(
    session=("a=extmap-allow-mixed", "a=msid-semantic: WMS"),
    codecs=(
        OPUS,
        Codec(payload_type=63, name="red/48000/2", format="111/111"),
        Codec(payload_type=9, name="G722/8000"),
        Codec(payload_type=0, name="PCMU/8000"),
        Codec(payload_type=8, name="PCMA/8000"),
        Codec(payload_type=13, name="CN/8000"),
        Codec(payload_type=110, name="telephone-event/48000"),
        Codec(payload_type=126, name="telephone-event/8000"),
    ),
    extensions=(
        "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "urn:ietf:params:rtp-hdrext:sdes:mid",
    ),
    ice_options=("trickle",),
    fingerprint=(
        "sha-256 3A:5F:91:0C:E2:77:4D:B8:16:AF:60:D3:29:8E:F4:5B:"
        "C7:12:9A:6E:04:BD:83:F1:58:2C:A6:E9:70:1D:B5:4F"
    ),
    ice_ufrag="hY7k",
    ice_pwd="Wm3qTz0xRb8LsVn5CjKd2PgA",
    max_message_size=262144,
)
"""A browser that posts its offer before gathering candidates, as the vendor's page does."""

AIORTC = Dialect(
    session=("a=msid-semantic:WMS *",),
    codecs=(
        Codec(payload_type=96, name="opus/48000/2"),
        Codec(payload_type=9, name="G722/8000"),
        Codec(payload_type=0, name="PCMU/8000"),
        Codec(payload_type=8, name="PCMA/8000"),
    ),
    extensions=(
        "urn:ietf:params:rtp-hdrext:sdes:mid",
        "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    ),
    ice_options=(),
    fingerprint=(
        "sha-256 B1:08:6D:F3:92:4E:C5:7A:1F:D0:63:A8:35:EB:5C:97:"
        "20:FE:49:81:DA:36:B7:0A:6C:13:E5:9F:42:88:7D:C4"
    ),
    ice_ufrag="Qr4d",
    ice_pwd="pL9vXe2sHw6YtBk1NfMz7J",
    max_message_size=65536,
    candidates=("1 1 udp 2130706431 127.0.0.1 51603 typ host",),
)
"""A Python client: no header bidding, candidates inside, few codecs."""

_VIDEO = (
    Codec(payload_type=96, name="VP8/90000", feedback=("nack", "nack pli", "ccm fir")),
    Codec(payload_type=97, name="rtx/90000", format="apt=96"),
)


def offer(
    *,
    audio: bool = True,
    data_channel: bool = True,
    video: bool = False,
    direction: str = "sendrecv",
    track: bool = True,
    codecs: Sequence[Codec] | None = None,
    dialect: Dialect = CHROMIUM,
) -> str:
    """Write an offer.

    Args:
        audio: whether it has an ``m=audio`` section.
        data_channel: whether it has an ``m=application`` section, always the last one.
        video: whether it has an ``m=video`` section.
        direction: of the audio section.
        track: whether the audio section announces a stream (``a=msid`` and ``a=ssrc``).
        codecs: of the audio section; those of the dialect by default.
        dialect: whose offer it looks like.

    Returns:
        The text, with CRLF behind every line including the last, and the sections' mids ``0``,
        ``1``, … in one BUNDLE group.

    """
    transport = [
        f"a=ice-ufrag:{dialect.ice_ufrag}",
        f"a=ice-pwd:{dialect.ice_pwd}",
        *(f"a=ice-options:{value}" for value in dialect.ice_options),
        f"a=fingerprint:{dialect.fingerprint}",
        "a=setup:actpass",
        *(f"a=candidate:{value}" for value in dialect.candidates),
    ]
    extensions = [f"a=extmap:{n} {uri}" for n, uri in enumerate(dialect.extensions, 1)]

    def rtp(kind: str, formats: Sequence[Codec], direction: str, stream: Sequence[str]) -> _Section:
        numbers = " ".join(str(codec.payload_type) for codec in formats)
        return (
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {numbers}",
            [
                *extensions,
                f"a={direction}",
                *stream,
                "a=rtcp:9 IN IP4 0.0.0.0",
                "a=rtcp-mux",
                "a=rtcp-rsize",
                *(line for codec in formats for line in codec.lines()),
            ],
        )

    stream = ["a=msid:- microphone", "a=ssrc:2719538043 cname:k0mZvXw1sT5r"] if track else []
    sections: list[_Section] = []
    if audio:
        sections.append(rtp("audio", codecs or dialect.codecs, direction, stream))
    if video:
        sections.append(rtp("video", _VIDEO, "sendrecv", ["a=msid:- camera"]))
    if data_channel:
        size = f"a=max-message-size:{dialect.max_message_size}"
        sections.append(
            ("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", ["a=sctp-port:5000", size])
        )

    lines = ["v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    lines.append(" ".join(("a=group:BUNDLE", *map(str, range(len(sections))))))
    lines += dialect.session
    for mid, (media, attributes) in enumerate(sections):
        lines += [media, "c=IN IP4 0.0.0.0", *transport, f"a=mid:{mid}", *attributes]
    return "".join(line + "\r\n" for line in lines)


_Section: TypeAlias = "tuple[str, list[str]]"


def without_final_crlf(sdp: str) -> str:
    """Return ``sdp`` as ``trim()`` leaves it: nothing behind its last line."""
    return sdp.rstrip("\r\n")


def truncated(sdp: str) -> str:
    """Return ``sdp`` cut off inside the first section, in the middle of a line."""
    cut = sdp.index("a=fingerprint:", sdp.index("\r\nm=")) + len("a=finger")
    return sdp[:cut]


# -- answers ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaDescription:
    """One ``m=`` section."""

    kind: str
    """``audio``, ``video`` or ``application``."""
    port: int
    """0 says that the section is rejected."""
    protocol: str
    formats: tuple[str, ...]
    """Payload types as written, or ``webrtc-datachannel``."""
    attributes: tuple[Attribute, ...]
    inherited: tuple[Attribute, ...]
    """Attributes of the session part, which hold here unless the section says otherwise."""

    def all(self, name: str) -> list[str]:
        """Return the values of all the section's own attributes ``name``."""
        return [value for key, value in self.attributes if key == name]

    def get(self, name: str) -> str | None:
        """Return the value of attribute ``name``, the section's own or else the session's."""
        for key, value in (*self.attributes, *self.inherited):
            if key == name:
                return value
        return None

    @property
    def mid(self) -> str | None:
        """Identification of the section."""
        return self.get("mid")

    @property
    def direction(self) -> str:
        """One of :data:`DIRECTIONS`; ``sendrecv`` where nothing is said (RFC 8866, 6.7)."""
        return next((key for key, _ in self.attributes if key in DIRECTIONS), "sendrecv")

    @property
    def candidates(self) -> list[str]:
        """The section's own ICE candidates."""
        return self.all("candidate")

    @property
    def codecs(self) -> dict[str, str]:
        """Payload type -> codec in lower case (``opus/48000/2``), for every format offered.

        A format that nothing names is left out. One channel is not written out, so that
        ``PCMU/8000/1`` and ``PCMU/8000`` are the same.
        """
        names = dict(_STATIC_PAYLOAD_TYPES)
        for value in self.all("rtpmap"):
            number, _, name = value.partition(" ")
            names[number] = name.strip().lower().removesuffix("/1")
        return {number: names[number] for number in self.formats if number in names}


_STATIC_PAYLOAD_TYPES = {"0": "pcmu/8000", "8": "pcma/8000", "9": "g722/8000", "13": "cn/8000"}
"""RFC 3551, table 4: these need no ``a=rtpmap``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDescription:
    """An SDP text, read."""

    attributes: tuple[Attribute, ...]
    """Of the session part."""
    media: tuple[MediaDescription, ...]
    crlf: bool
    """Whether every line ends with CRLF, the last one too."""

    @property
    def mids(self) -> list[str | None]:
        """The mids of all sections, in order."""
        return [section.mid for section in self.media]

    @property
    def bundle(self) -> list[str]:
        """Mids of the BUNDLE group; empty if there is none."""
        for key, value in self.attributes:
            if key == "group" and value.split()[:1] == ["BUNDLE"]:
                return value.split()[1:]
        return []

    def first(self, kind: str) -> MediaDescription | None:
        """Return the first section of ``kind``."""
        return next((section for section in self.media if section.kind == kind), None)


_LINE = re.compile(r"[a-z]=.+")
_MEDIA = re.compile(r"(?P<kind>[\w-]+) (?P<port>\d+)(?:/\d+)? (?P<protocol>\S+) (?P<formats>.+)")


def parse(sdp: str) -> SessionDescription:
    """Read an SDP text; strict about lines and sections, silent about unknown attributes.

    Raises:
        MalformedSdp: if it is not SDP, or has no ``o=``, ``s=``, ``t=`` or ``m=`` line; names the
            line.

    """
    lines = sdp.splitlines()
    if lines[:1] != ["v=0"]:
        raise MalformedSdp(line=1, text=lines[0] if lines else "", expected="v=0")
    session: list[Attribute] = []
    sections: list[tuple[re.Match[str], list[Attribute]]] = []
    seen = set()
    for number, line in enumerate(lines, 1):
        if not _LINE.fullmatch(line):
            raise MalformedSdp(line=number, text=line, expected="<type>=<value>")
        kind, value = line[0], line[2:]
        seen.add(kind)
        if kind == "m":
            media = _MEDIA.fullmatch(value)
            if media is None:
                raise MalformedSdp(
                    line=number, text=line, expected="m=<media> <port> <protocol> <formats>"
                )
            sections.append((media, []))
        elif kind == "a":
            name, _, rest = value.partition(":")
            (sections[-1][1] if sections else session).append((name, rest.strip()))
    for kind in "ostm":
        if kind not in seen:
            raise MalformedSdp(line=len(lines), text=lines[-1], expected=f"a {kind}= line before")
    return SessionDescription(
        attributes=tuple(session),
        media=tuple(
            MediaDescription(
                kind=media["kind"],
                port=int(media["port"]),
                protocol=media["protocol"],
                formats=tuple(media["formats"].split()),
                attributes=tuple(attributes),
                inherited=tuple(session),
            )
            for media, attributes in sections
        ),
        crlf=sdp.endswith("\r\n") and sdp.count("\r\n") == len(lines),
    )
