"""Sessions of type ``transcription``: they hear and write down, and never answer.

Their turn detection has no flags about responses (recorded by https://github.com/gauravzqa/llmgw,
``capabilities/captures-ws.md``). Source of the fields: OpenAI SDK,
``realtime_transcription_session_create_request`` and ``…_response``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realtime_fakes.any_session import AnySession
from realtime_fakes.audience import Effect, Event
from realtime_fakes.client_events import EVENTS_OF_TRANSCRIPTIONS
from realtime_fakes.config import Config
from realtime_fakes.conversation import Conversation, Entry
from realtime_fakes.errors import api_error
from realtime_fakes.hearing import Hearing
from realtime_fakes.ids import Ids
from realtime_fakes.policy import Policy
from realtime_fakes.session_fields import AUDIO_INPUT, INCLUDE
from realtime_fakes.shapes import Refusal, Shape, check, optional, record, tagged

__all__ = ["TranscriptionSession", "effective_transcription", "patch_transcription"]

_STREAMING = ("gpt-realtime-whisper", "gpt-live-transcribe")
"""Models that find the turns themselves: turn detection must be null (OpenAI SDK, as above)."""

_NOT_ECHOED = ("create_response", "interrupt_response", "idle_timeout_ms")
_DETECTION: dict[str, Config] = {
    "server_vad": {"threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500},
    "semantic_vad": {"eagerness": "auto"},
}


def _realtime(value: Any) -> Any:
    raise Refusal("type_change", found="realtime", current="transcription")


_SESSION: Shape = tagged(
    "type",
    {
        "transcription": record(
            {
                "type": str,
                "audio": optional(record({"input": optional(AUDIO_INPUT)})),
                "include": INCLUDE,
            }
        ),
        "realtime": _realtime,
    },
)


def effective_transcription(requested: Any, *, session_id: str, expires_at: int) -> Config:
    """Return the session object that a client gets who asked for ``requested``.

    Raises:
        ApiError: if ``requested`` is not a session of this type.

    """
    detection = {"type": "server_vad", **_DETECTION["server_vad"]}
    asked: Config = check(_SESSION, requested, "session")
    heard = asked.get("audio", {}).get("input", {})
    if (heard.get("transcription") or {}).get("model") in _STREAMING:
        detection = {}
    blank = {
        "type": "transcription",
        "object": "realtime.transcription_session",
        "id": session_id,
        "expires_at": expires_at,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": detection or None,
            }
        },
        "include": None,
    }
    return patch_transcription(blank, requested)


def patch_transcription(current: Config, update: Any) -> Config:
    """Return ``current`` as changed by ``update``; ``current`` itself stays as it is.

    Raises:
        ApiError: if anything in ``update`` is not acceptable.

    """
    asked: Config = check(_SESSION, update, "session")
    old = current["audio"]["input"]
    heard = {**old, **asked.get("audio", {}).get("input", {})}
    detection, transcription = heard["turn_detection"], heard["transcription"]
    if transcription is not None:
        if detection is not None and transcription["model"] in _STREAMING:
            raise api_error("turn_detection_unsupported")
        heard["transcription"] = {"model": None, "language": None, "prompt": None, **transcription}
    if detection is not None and detection is not old["turn_detection"]:
        kind, before = detection["type"], old["turn_detection"] or {}
        known = before if before.get("type") == kind else _DETECTION[kind]
        shown = {name: v for name, v in detection.items() if name not in _NOT_ECHOED}
        heard["turn_detection"] = {"type": kind, **known, **shown}
    return {**current, **asked, "audio": {"input": heard}}


class TranscriptionSession(AnySession):
    """One session that transcribes.

    Args:
        id: of the session.
        config: from :func:`effective_transcription`.
        now: when it starts, in Unix seconds.
        ids: source of its identifiers.
        policy: returns the decisions in force.

    """

    def __init__(
        self, *, id: str, config: Config, now: float, ids: Ids, policy: Callable[[], Policy]
    ) -> None:
        super().__init__(
            id=id, config=config, now=now, ids=ids, policy=policy, events=EVENTS_OF_TRANSCRIPTIONS
        )
        self._conversation = Conversation(ids.conversation())
        self._hearing = Hearing(
            config,
            self._conversation,
            add_item=self._add_item,
            respond=_never,
            interrupt=_never,
            ids=ids,
            policy=policy,
        )

    def receive_audio(self, pcm: bytes, now: float) -> list[Effect]:
        """Hear sound that came over RTP: 24 kHz mono PCM16, little endian."""
        out: list[Effect] = []
        if not self.ended:
            self._ids.at(now)
            self._hearing.append(pcm, "audio/pcm", now, out)
        return out

    def next_timer(self) -> float | None:
        """Return when :meth:`on_timer` is to be called, in Unix seconds."""
        expiry, due = super().next_timer(), self._hearing.due
        return expiry if expiry is None or due is None else min(expiry, due)

    def on_timer(self, now: float) -> list[Effect]:
        """Do all that is due by ``now``."""
        out: list[Effect] = []
        if not self.ended:
            self._ids.at(now)
            if self._hearing.due is not None and self._hearing.due <= now:
                self._hearing.on_timer(now, out)
            self._expire(now, out)
        return out

    def describe(self) -> dict[str, Any]:
        """Return the state, for a tester who looks in from the side."""
        return {
            **super().describe(),
            "items": [item["id"] for item in self._conversation],
            "input_audio_ms": self._hearing.total_ms,
            "buffered_audio_ms": self._hearing.buffered_ms,
        }

    def _act(self, event: Event, now: float, out: list[Effect]) -> None:
        kind, hearing = event["type"], self._hearing
        if kind == "session.update":
            self.config = patch_transcription(self.config, event["session"])
            hearing.configure(self.config)
            out.append(self._event("session.updated", session=self.config))
        elif kind == "input_audio_buffer.append":
            hearing.append(event["audio"], None, now, out)
        elif kind == "input_audio_buffer.commit":
            hearing.commit(now, out)
        elif kind == "input_audio_buffer.clear":
            hearing.clear(out)
        else:
            self._look_up(kind.rpartition(".")[2], event["item_id"], out)

    def _look_up(self, action: str, item_id: str, out: list[Effect]) -> None:
        entry = self._conversation.get(item_id)
        if entry is None:
            raise api_error(f"item_{action}_invalid_item_id", item_id=item_id)
        if action == "delete":
            self._conversation.delete(item_id)
            out.append(self._event("conversation.item.deleted", item_id=item_id))
        else:
            item = entry.retrieved(self.config["audio"]["input"]["format"]["type"])
            out.append(self._event("conversation.item.retrieved", item=item))

    def _add_item(self, item_id: str, entry: Entry, out: list[Effect]) -> None:
        previous, place = self._conversation.append(item_id, entry)
        hidden = place == 1 and self._policy().hide_second_predecessor
        for step, shown in (("added", previous), ("done", None if hidden else previous)):
            kind = f"conversation.item.{step}"
            out.append(self._event(kind, previous_item_id=shown, item=entry.item))

    def _event(self, kind: str, **more: Any) -> Event:
        return {"type": kind, "event_id": self._ids.event(), **more}


def _never(now: float, out: list[Effect]) -> None:
    """Say nothing: these sessions do not answer."""
