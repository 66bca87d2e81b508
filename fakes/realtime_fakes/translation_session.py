"""Sessions of type ``translation``: what is heard comes back in another language, without turns.

Events, fields and the frames in which sound is taken are those of the OpenAI SDK
(``realtime_translation_*``). No language is known here: a translation is what was said behind the
name of the language, ``[es] hello``, in writing and in sound. It comes word by word, while the
speaker goes on; a pause only makes the next word begin another phrase.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Callable
from typing import Any

from realtime_fakes.any_session import AnySession
from realtime_fakes.audience import Close, Effect, Event, Play
from realtime_fakes.brain import Brain
from realtime_fakes.client_events import EVENTS_OF_TRANSLATIONS
from realtime_fakes.config import Config
from realtime_fakes.errors import api_error
from realtime_fakes.ids import Ids
from realtime_fakes.input_audio import InputAudio, samples
from realtime_fakes.policy import Policy
from realtime_fakes.session_fields import NOISE_REDUCTION
from realtime_fakes.shapes import check, nullable, one_of, optional, record
from realtime_fakes.transcription import UNINTELLIGIBLE, understand
from realtime_fakes.turn_detection import SpeechStarted, TurnDetector

__all__ = ["TRANSLATION_MODEL", "TranslationSession", "effective_translation"]

TRANSLATION_MODEL = "gpt-realtime-translate"

_FRAME_MS = 200
_FRAME_BYTES = 48 * _FRAME_MS
_MOST_KEPT_MS = 600_000
_LONGEST_PHRASE_MS = 6_000  # all of a phrase is understood anew for each word
_PHRASES = {"type": "server_vad", "silence_duration_ms": 400, "prefix_padding_ms": 300}
"""How what is heard is cut into phrases."""

_find_pieces = re.compile(r"\s*\S+").findall

_AUDIO = record(
    {
        "input": optional(
            record(
                {
                    "transcription": nullable(record({"model": str}, required=("model",))),
                    "noise_reduction": NOISE_REDUCTION,
                }
            )
        ),
        "output": optional(record({"language": optional(str)})),
    }
)
_UPDATE = record({"type": one_of("translation"), "audio": optional(_AUDIO)})
_SESSION = record(
    {"type": one_of("translation"), "model": optional(str), "audio": optional(_AUDIO)}
)


def effective_translation(
    requested: Any, *, model: str, session_id: str, expires_at: int
) -> Config:
    """Return the session object that a client gets who asked for ``requested``.

    Raises:
        ApiError: if ``requested`` is not a session of this type.

    """
    asked: Config = check(_SESSION, requested, "session")
    blank = {
        "id": session_id,
        "type": "translation",
        "model": model,
        "expires_at": expires_at,
        "audio": {
            "input": {"transcription": None, "noise_reduction": None},
            "output": {"language": "en"},
        },
    }
    return _merged(blank, asked)


def _merged(current: Config, asked: Config) -> Config:
    old, new = current["audio"], asked.get("audio", {})
    return {**current, "audio": {side: {**old[side], **new.get(side, {})} for side in old}}


class TranslationSession(AnySession):
    """One session that translates.

    Args:
        id: of the session.
        config: from :func:`effective_translation`.
        now: when it starts, in Unix seconds.
        ids: source of its identifiers.
        brain: gives the words a sound.
        policy: returns the decisions in force.
        on_call: whether its sound goes over RTP.

    """

    def __init__(
        self,
        *,
        id: str,
        config: Config,
        now: float,
        ids: Ids,
        brain: Brain,
        policy: Callable[[], Policy],
        on_call: bool,
    ) -> None:
        super().__init__(
            id=id, config=config, now=now, ids=ids, policy=policy, events=EVENTS_OF_TRANSLATIONS
        )
        self._brain = brain
        self._on_call = on_call
        self._input = InputAudio()
        self._detector = TurnDetector(_PHRASES, at_ms=0, words_until=lambda end_ms: "")
        self._unframed = bytearray()
        # Of the phrase that is being heard.
        self._start_ms: float | None = None
        self._told = ""
        self._has_told = False

    def receive_audio(self, pcm: bytes, now: float) -> list[Effect]:
        """Hear sound that came over RTP: 24 kHz mono PCM16, little endian."""
        out: list[Effect] = []
        if not self.ended:
            self._ids.at(now)
            self._hear(pcm, out)
        return out

    def describe(self) -> dict[str, Any]:
        """Return the state, for a tester who looks in from the side."""
        return {**super().describe(), "input_audio_ms": self._input.total_ms}

    def _act(self, event: Event, now: float, out: list[Effect]) -> None:
        if event["type"] == "session.update":
            self.config = _merged(self.config, check(_UPDATE, event["session"], "session"))
            out.append(self._event("session.updated", session=self.config))
        elif event["type"] == "session.close":
            self._hear_frame(bytes(self._unframed), out)
            if self._start_ms is not None:
                self._end_phrase(self._input.total_ms, out)
            out.append(self._event("session.closed"))
            if self._policy().close_translations:
                out.append(Close(1000, ""))
                self.ended = True
        else:
            audio: bytes = event["audio"]
            if len(audio) % 2:
                reason = "expected 24 kHz mono PCM16."
                raise api_error("unsupported_value", param="audio", reason=reason)
            self._hear(audio, out)

    def _hear(self, pcm: bytes, out: list[Effect]) -> None:
        """Take sound in frames, as the service does; what is left waits for more."""
        unframed = self._unframed
        unframed += pcm
        whole = len(unframed) // _FRAME_BYTES * _FRAME_BYTES
        if not whole:
            return
        for start in range(0, whole, _FRAME_BYTES):
            self._hear_frame(bytes(unframed[start : start + _FRAME_BYTES]), out)
        del unframed[:whole]
        # Once for all that came at once: understanding costs more than anything else here.
        if self._start_ms is not None:
            self._translate(self._start_ms, self._input.total_ms, out, is_over=False)

    def _hear_frame(self, pcm: bytes, out: list[Effect]) -> None:
        if not pcm:
            return
        self._input.append(pcm, "audio/pcm")
        for boundary in self._detector.hear(*samples(pcm, "audio/pcm")):
            if isinstance(boundary, SpeechStarted):
                self._start_ms = boundary.start_ms
            elif self._start_ms is not None:
                self._end_phrase(boundary.end_ms, out)
        now_ms = self._input.total_ms
        if self._start_ms is not None and now_ms - self._start_ms >= _LONGEST_PHRASE_MS:
            self._end_phrase(now_ms, out)
            self._start_ms = now_ms
        self._input.keep_last(_MOST_KEPT_MS)

    def _end_phrase(self, end_ms: float, out: list[Effect]) -> None:
        if self._start_ms is not None:
            self._translate(self._start_ms, end_ms, out, is_over=True)
            self._input.take(self._start_ms, end_ms)
        self._start_ms, self._told = None, ""

    def _translate(
        self, start_ms: float, end_ms: float, out: list[Effect], *, is_over: bool
    ) -> None:
        """Tell those words of a phrase that are complete and were not told."""
        words = understand(self._input.peek(start_ms, end_ms))
        if not is_over:
            # The last word may go on, and what is not understood yet may be so later.
            words = "" if words == UNINTELLIGIBLE else words.rpartition(" ")[0]
        fresh = words[len(self._told) :]
        if not fresh:
            return
        audio = self.config["audio"]
        lead = "" if self._told or not self._has_told else " "
        language = "" if self._told else f"[{audio['output']['language']}] "
        self._told, self._has_told = words, True
        elapsed_ms = int(end_ms) // _FRAME_MS * _FRAME_MS
        translated = language + fresh
        told = [("session.output_transcript.delta", lead + translated)]
        if audio["input"]["transcription"] is not None:
            told.insert(0, ("session.input_transcript.delta", lead + fresh))
        for kind, text in told:
            for piece in _find_pieces(text):
                out.append(self._event(kind, delta=piece, elapsed_ms=elapsed_ms))
        pcm = self._brain.speak(lead + translated)
        if self._on_call:
            out.append(Play(pcm, ""))
            return
        for start in range(0, len(pcm), _FRAME_BYTES):
            out.append(
                self._event(
                    "session.output_audio.delta",
                    delta=b2a_base64(pcm[start : start + _FRAME_BYTES], newline=False).decode(),
                    elapsed_ms=elapsed_ms,
                    format="pcm16",
                    sample_rate=24_000,
                    channels=1,
                )
            )

    def _event(self, kind: str, **more: Any) -> Event:
        return {"type": kind, "event_id": self._ids.event(), **more}
