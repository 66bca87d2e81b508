"""SDP of the calls endpoint: what an offer must hold, and the conventions of the answer.

Offers are judged here, before any WebRTC stack sees them, so that every refusal is ours to word.
What the answer looks like was recorded from OpenAI (pydantic-ai cassette
``test_webrtc__test_answer_webrtc_offer``, July 2026).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from realtime_fakes.policy import Policy
from realtime_fakes.refusals import refusal

__all__ = ["CODECS", "Offer", "Section", "conventional_answer", "read_offer"]

CODECS = frozenset({"opus/48000", "pcmu/8000", "pcma/8000"})
"""What the service speaks, as ``rtpmap`` names in lower case without channels. G722, which
libraries like to offer, is left out of the answer (recorded)."""

_STATIC = {"0": "pcmu/8000", "8": "pcma/8000"}
"""Payload types that need no ``rtpmap`` (RFC 3551)."""

_LINE = re.compile(r"[a-z]=.*")
_PREAMBLE = ("v=0", "o=", "s=")
_PAYLOAD = re.compile(r"a=(?:rtpmap|fmtp|rtcp-fb):(\d+) ")
_ATTRIBUTE = re.compile(r"a=([a-zA-Z0-9-]+)(?::(.*))?")
_NEEDED = ("ice-ufrag", "ice-pwd", "fingerprint", "setup")

_MAX_MESSAGE_SIZE = 1073741823
"""Of the data channel, as the recorded answer has it; browsers refuse to send more than this."""


@dataclass(slots=True)
class Section:
    """One ``m=`` section, or the part before the first, as lines."""

    lines: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """``audio``, ``video``, ``application``; ``""`` before the first section."""
        return self.lines[0].removeprefix("m=").split(" ")[0] if self._is_media else ""

    @property
    def port(self) -> str:
        """The port as written; ``0`` is a section that is switched off."""
        return self.lines[0].split(" ")[1].partition("/")[0]

    @property
    def payload_types(self) -> list[str]:
        """The payload types of an audio or video section, preferred first."""
        return self.lines[0].split(" ")[3:]

    @property
    def _is_media(self) -> bool:
        return bool(self.lines) and self.lines[0].startswith("m=")

    def attribute(self, name: str) -> str | None:
        """Return the value of the first attribute of that name, ``""`` if it has no value."""
        for line in self.lines:
            if (match := _ATTRIBUTE.fullmatch(line)) and match[1] == name:
                return match[2] or ""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer that can be answered."""

    sdp: str
    """For the WebRTC stack: only codecs that the service speaks, no ``.local`` candidates."""
    codec: str
    """The codec that both sides prefer: ``opus``, ``pcmu`` or ``pcma``."""
    bundled: bool
    """Whether the offer groups its sections; the answer does as the offer does."""
    has_audio: bool
    """Always, for a right service."""
    has_data_channel: bool


_RIGHT = Policy()


def read_offer(body: bytes, policy: Policy = _RIGHT) -> Offer:
    """Judge an offer and make it ready for the WebRTC stack.

    Args:
        body: of the request.
        policy: says what an offer needs.

    Raises:
        ApiError: if it cannot be parsed, has no audio section, or cannot be answered.

    """
    session, *media = _sections(body)
    if not any(m.kind in policy.offer_needs and m.port != "0" for m in media):
        raise refusal("no_audio_section")
    audio = next((m for m in media if m.kind == "audio" and m.port != "0"), None)
    if any(_lacks_transport(m, session) for m in media) or not _has_lines(body, policy):
        raise refusal("not_whip")
    for section in media:
        if any(map(_is_mdns_candidate, section.lines)):
            # A stack would look the name up by multicast DNS and stall; the address shows up by
            # itself as a peer-reflexive candidate. Until then the list is not complete.
            section.lines = [
                line
                for line in section.lines
                if not _is_mdns_candidate(line) and line != "a=end-of-candidates"
            ]
        if section.kind == "audio":
            _keep_known_codecs(section)
    if audio is not None and not audio.payload_types:
        raise refusal("not_whip")
    return Offer(
        sdp="".join(line + "\r\n" for part in (session, *media) for line in part.lines),
        codec=_codecs(audio)[audio.payload_types[0]].partition("/")[0] if audio else "opus",
        bundled=any(line.startswith("a=group:BUNDLE") for line in session.lines),
        has_audio=audio is not None,
        has_data_channel=any(m.kind == "application" and m.port != "0" for m in media),
    )


def conventional_answer(sdp: str, offer: Offer) -> str:
    """Rewrite a stack's answer to the conventions of the service.

    Names the stream ``realtimeapi`` and its track ``audio``, announces the recorded maximum message
    size, keeps the SHA-256 fingerprint alone, and groups sections only if the offer does.
    """
    unwanted = ("a=fingerprint:sha-384", "a=fingerprint:sha-512") + (
        () if offer.bundled else ("a=group:BUNDLE",)
    )
    lines: list[str] = []
    kind = ""
    for line in sdp.splitlines():
        if line.startswith("m="):
            kind, _, rest = line[2:].partition(" ")
            lines.append(f"m={kind} 9 {rest.partition(' ')[2]}")
        elif line.startswith("c="):
            lines.append("c=IN IP4 0.0.0.0")
        elif line.startswith(unwanted):
            continue
        elif line.startswith("a=max-message-size:"):
            lines.append(f"a=max-message-size:{_MAX_MESSAGE_SIZE}")
        elif line.startswith("a=msid:") and kind == "audio":
            lines.append("a=msid:realtimeapi audio")
        elif line.startswith("a=ssrc:") and kind == "audio":
            ssrc = line.removeprefix("a=ssrc:").partition(" ")[0]
            lines += [f"a=ssrc:{ssrc} cname:realtimeapi", f"a=ssrc:{ssrc} msid:realtimeapi audio"]
        else:
            lines.append(line)
    return "".join(line + "\r\n" for line in lines)


def _sections(body: bytes) -> list[Section]:
    """Split an offer; the first section is what precedes the media.

    Raises:
        ApiError: with the service's one parse error, whatever is wrong.

    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise refusal("unparsable_offer") from None
    # The last line must be ended too: a trimmed offer is refused by the service.
    if not text.endswith("\n"):
        raise refusal("unparsable_offer")
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line]
    if not all(map(_LINE.fullmatch, lines)) or not all(
        any(line.startswith(start) for line in lines[:4]) for start in _PREAMBLE
    ):
        raise refusal("unparsable_offer")
    sections = [Section()]
    for line in lines:
        if line.startswith("m="):
            if len(line.split(" ")) < 4:
                raise refusal("unparsable_offer")
            sections.append(Section())
        sections[-1].lines.append(line)
    return sections


def _lacks_transport(section: Section, session: Section) -> bool:
    """Whether ICE or DTLS of a section cannot be set up (both may also stand before the media)."""
    return section.port != "0" and any(
        section.attribute(name) is None and session.attribute(name) is None for name in _NEEDED
    )


def _has_lines(body: bytes, policy: Policy) -> bool:
    """Whether the offer has the lines that the policy asks for, and none that it refuses."""
    lines = body.decode().splitlines()
    return all(
        any(line.startswith(start) for line in lines) for start in policy.offer_lines_needed
    ) and not any(line.startswith(policy.offer_lines_refused) for line in lines)


def _codecs(section: Section) -> dict[str, str]:
    """Return payload type -> codec name of a section."""
    names = dict(_STATIC)
    for line in section.lines:
        if line.startswith("a=rtpmap:"):
            payload_type, _, name = line.removeprefix("a=rtpmap:").partition(" ")
            names[payload_type] = "/".join(name.strip().lower().split("/")[:2])
    return {p: names[p] for p in section.payload_types if p in names}


def _keep_known_codecs(section: Section) -> None:
    """Drop every codec that the service does not speak; describe the others in order.

    aiortc prefers what is described first, whatever the ``m=`` line says.
    """
    known = [p for p, name in _codecs(section).items() if name in CODECS]
    start = section.lines[0].split(" ")[:3]
    descriptions: dict[str, list[str]] = {}
    others: list[str] = []
    for line in section.lines[1:]:
        match = _PAYLOAD.match(line)
        (others if match is None else descriptions.setdefault(match[1], [])).append(line)
    section.lines = [
        " ".join([*start, *known]),
        *others,
        *(line for p in known for line in descriptions.get(p, [])),
    ]


def _is_mdns_candidate(line: str) -> bool:
    return line.startswith("a=candidate:") and ".local " in line
