"""The input side of a session: what is heard, where turns begin and end, and what was said.

The order of events is the recorded one (pydantic-ai cassette
``test_openai_ws__test_audio_in_server_vad_turn``): speech starts, under the id of the item that it
will be; speech stops; it is committed; the item is added and done; the response begins; the
transcription follows when it likes.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

from realtime_fakes.audience import Effect, Event
from realtime_fakes.config import Config
from realtime_fakes.conversation import Conversation, Entry, user_audio
from realtime_fakes.errors import api_error
from realtime_fakes.ids import Ids
from realtime_fakes.input_audio import InputAudio, samples
from realtime_fakes.policy import Policy
from realtime_fakes.transcription import transcribe, understand
from realtime_fakes.turn_detection import SpeechStarted, TurnDetector

__all__ = ["Hearing", "Reaction"]

Reaction: TypeAlias = Callable[[float, list[Effect]], None]

_MOST_KEPT_MS = 600_000
_MOST_KEPT_OF_SILENCE_MS = 5_000
_DEFAULTS: dict[str, Any] = {
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 200,
    "eagerness": "auto",
}
_LOGPROBS = "item.input_audio_transcription.logprobs"


class Hearing:
    """What one session hears.

    Args:
        config: of the session.
        conversation: that gets what was said.
        add_item: adds an item to it, and says so.
        respond: answers a turn.
        interrupt: ends what the assistant says.
        ids: for items and events.
        policy: returns the decisions in force.

    """

    def __init__(
        self,
        config: Config,
        conversation: Conversation,
        *,
        add_item: Callable[[str, Entry, list[Effect]], None],
        respond: Reaction,
        interrupt: Reaction,
        ids: Ids,
        policy: Callable[[], Policy],
    ) -> None:
        self.due: float | None = None
        """When :meth:`on_timer` is to be called, in Unix seconds."""
        self.idle_ms = 0
        """After how much silence the user is prompted; 0 for never."""
        self._input = InputAudio()
        self._conversation = conversation
        self._add_item = add_item
        self._respond = respond
        self._interrupt = interrupt
        self._ids = ids
        self._policy = policy
        self._detector: TurnDetector | None = None
        self._detection: dict[str, Any] | None = None
        self._has_heard_speech = False
        self._quiet_from_ms = 0.0
        # Set while somebody speaks.
        self._item_id: str | None = None
        self._start_ms = 0
        # Set between the end of a response and the next turn, if silence is to be answered.
        self._idle_from_ms: float | None = None
        self._idle_due: float | None = None
        self._transcriptions: list[tuple[float, str, list[Event]]] = []
        self._configure(config, config["audio"]["input"]["turn_detection"])

    @property
    def total_ms(self) -> float:
        """All that was ever heard."""
        return self._input.total_ms

    @property
    def buffered_ms(self) -> float:
        """What was heard and not committed."""
        return self._input.ms

    def configure(self, config: Config) -> None:
        """Go on with another configuration; what was heard stays."""
        self._configure(config, self._in_force(config["audio"]["input"]["turn_detection"]))

    def _configure(self, config: Config, detection: dict[str, Any] | None) -> None:
        self._config = config["audio"]["input"]
        self._with_logprobs = _LOGPROBS in (config.get("include") or ())
        if detection == self._detection:
            return
        self._detection = detection
        self.idle_ms = (detection or {}).get("idle_timeout_ms") or 0
        self._item_id = None
        self.stop_waiting()
        self._detector = None
        if detection is not None:
            self._detector = TurnDetector(
                detection, at_ms=self._input.total_ms, words_until=self._words_until
            )

    def append(self, data: bytes, format: str | None, now: float, out: list[Effect]) -> None:
        """Hear sound, and act on what is heard in it.

        Args:
            data: the sound.
            format: of it; ``None`` for the input format of the session.
            now: Unix seconds.
            out: gets the effects.

        """
        if not data:
            return
        policy, is_appended = self._policy(), format is None
        format = format or self._config["format"]["type"]
        if format in policy.misread_formats:
            format = "audio/pcm"
        self._input.append(data, format)
        detector = self._detector
        if detector is None:
            self._input.keep_last(_MOST_KEPT_MS)
            return
        for boundary in detector.hear(*samples(data, format)):
            if isinstance(boundary, SpeechStarted):
                self._start(boundary.start_ms, now, out)
            else:
                self._stop(boundary.end_ms, now, out)
        if detector.is_speaking:
            self._input.keep_last(_MOST_KEPT_MS)
            return
        self._input.keep_last(max(self.idle_ms, _MOST_KEPT_OF_SILENCE_MS))
        ghost_ms = policy.ghost_after_ms if is_appended and not self.idle_ms else None
        if ghost_ms is not None and self.total_ms >= self._quiet_from_ms + ghost_ms:
            self._start(round(self.total_ms), now, out)
        if self._idle_from_ms is not None and self.total_ms >= self._idle_from_ms + self.idle_ms:
            self._time_out(self._idle_from_ms + self.idle_ms, now, out)

    def commit(self, now: float, out: list[Effect]) -> None:
        """Make an item of all that is buffered, because the client says so.

        Raises:
            ApiError: if that is too little.

        """
        policy, heard = self._policy(), self._input.ms
        least = policy.commit_minimum_ms
        if heard < least:
            raise api_error("input_audio_buffer_commit_empty", limit=least, found=heard)
        item_id = self._item_id or self._ids.item()
        self._start_over(self.total_ms)
        pcm = self._input.take() if policy.commit_empties else self._input.peek(0)
        self._commit(item_id, pcm, now, out, respond=policy.answer_commits)

    def clear(self, out: list[Effect]) -> None:
        """Forget what is buffered."""
        # Calls bring silence all the time, which nobody takes for something that was heard.
        policy, was_empty = self._policy(), not any(self._input.peek(0))
        if policy.clear_empties:
            self._input.clear()
        self._start_over(self.total_ms)
        if was_empty or policy.answer_clears:
            out.append(self._event("input_audio_buffer.cleared"))

    def wait(self, now: float, playback_s: float) -> None:
        """Wait for the user: a response is over, and will have been played in a while.

        The silence is over when it was either heard or has passed on the clock, because a client
        may send sound faster than it lasts, or none while there is silence.

        """
        if self._item_id is None:
            self._idle_from_ms = self.total_ms + playback_s * 1000
            self._idle_due = now + playback_s + self.idle_ms / 1000
            self._set_due()

    def stop_waiting(self) -> None:
        """Wait no longer: somebody speaks."""
        self._idle_from_ms = self._idle_due = None
        self._set_due()

    def on_timer(self, now: float, out: list[Effect]) -> None:
        """Do what is due by ``now``."""
        for due, item_id, events in self._transcriptions[:]:
            if due <= now:
                self._transcriptions.remove((due, item_id, events))
                self._tell(item_id, events, out, len(out))
        if self._idle_due is not None and self._idle_due <= now:
            self._time_out(self.total_ms, now, out)
        self._set_due()

    def _start(self, start_ms: int, now: float, out: list[Effect]) -> None:
        self.stop_waiting()
        self._start_ms, self._item_id = start_ms, self._ids.item()
        self._has_heard_speech, self._quiet_from_ms = True, self.total_ms
        out.append(
            self._event(
                "input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=self._item_id
            )
        )
        if self._wants("interrupt_response"):
            self._interrupt(now, out)

    def _stop(self, end_ms: int, now: float, out: list[Effect]) -> None:
        item_id = self._item_id or self._ids.item()
        self._item_id, self._quiet_from_ms = None, self.total_ms
        out.append(
            self._event("input_audio_buffer.speech_stopped", audio_end_ms=end_ms, item_id=item_id)
        )
        pcm = self._input.take(self._start_ms, end_ms)
        self._commit(item_id, pcm, now, out, respond=self._wants("create_response"))

    def _time_out(self, end_ms: float, now: float, out: list[Effect]) -> None:
        """Answer a silence. Its sound is committed (OpenAI SDK, ``timeout_triggered``)."""
        start_ms = min(self._idle_from_ms or 0.0, end_ms)
        self.stop_waiting()
        self._start_over(end_ms)
        item_id = self._ids.item()
        out.append(
            self._event(
                "input_audio_buffer.timeout_triggered",
                audio_start_ms=round(start_ms),
                audio_end_ms=round(end_ms),
                item_id=item_id,
            )
        )
        pcm = self._input.take(start_ms, end_ms)
        self._commit(item_id, pcm, now, out, respond=self._policy().answer_idle)

    def _commit(
        self, item_id: str, pcm: bytes, now: float, out: list[Effect], *, respond: bool
    ) -> None:
        out.append(
            self._event(
                "input_audio_buffer.committed",
                previous_item_id=self._conversation.last_id,
                item_id=item_id,
            )
        )
        entry = user_audio(item_id, pcm)
        self._add_item(item_id, entry, out)
        place = len(out)
        if respond:
            self._respond(now, out)
        settings, policy = self._config["transcription"], self._policy()
        if settings is None and policy.transcribe_unasked:
            settings = {"model": None}
        if settings is None:
            return
        events = transcribe(
            entry.heard(0),
            len(pcm) / 48,
            item_id=item_id,
            content_index=0,
            settings=settings,
            with_logprobs=self._with_logprobs,
            ids=self._ids,
            policy=policy,
        )
        wait_s = Random(item_id).uniform(*policy.latency.transcription)
        if wait_s:
            self._transcriptions.append((now + wait_s, item_id, events))
            self._set_due()
        else:
            # Behind ``response.created``, if the response has begun.
            self._tell(item_id, events, out, min(place + 1, len(out)))

    def _tell(self, item_id: str, events: list[Event], out: list[Effect], place: int) -> None:
        out[place:place] = events
        entry = self._conversation.get(item_id)
        if entry is not None and "transcript" in events[-1]:
            transcribed = entry.transcribed(0, events[-1]["transcript"])
            self._conversation.replace(item_id, transcribed)

    def _in_force(self, asked: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return turn detection that a session asks for, as the policy has it."""
        policy = self._policy()
        is_switched = (asked is None) != (self._detector is None)
        stuck = "on" if asked is None else "off"
        if self._has_heard_speech and is_switched and policy.stuck_detection == stuck:
            return self._detection
        if asked is None:
            return None
        return {**asked, **{name: _DEFAULTS[name] for name in policy.ignored_detection}}

    def _wants(self, flag: str) -> bool:
        # Sessions that only transcribe have no such flags.
        asked = (self._detection or {}).get(flag)
        return bool(dict(self._policy().forced_turn_flags).get(flag, asked))

    def _words_until(self, end_ms: int) -> str:
        return understand(self._input.peek(self._start_ms, end_ms))

    def _start_over(self, earliest_ms: float) -> None:
        self._item_id = None
        if self._detector is not None:
            self._detector.start_over(earliest_ms)

    def _set_due(self) -> None:
        dues = [due for due, _, _ in self._transcriptions]
        if self._idle_due is not None:
            dues.append(self._idle_due)
        self.due = min(dues, default=None)

    def _event(self, kind: str, **more: Any) -> Event:
        return {"type": kind, "event_id": self._ids.event(), **more}
