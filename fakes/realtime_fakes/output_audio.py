"""The output audio buffer of a call: what has been queued for RTP, and until when it plays.

Events run ahead of the sound. ``started`` comes when sound is queued, ``stopped`` when it has been
played, which is after the end of the response (recorded: pydantic-ai cassettes
``test_openai_ws_sideband__*``). ``cleared`` takes the place of ``stopped``.
"""

from __future__ import annotations

from realtime_fakes.audience import ClearPlayback, Effect, Event, Play
from realtime_fakes.ids import Ids

__all__ = ["OutputAudio"]

_BYTES_PER_S = 48_000


class OutputAudio:
    """What plays on a call."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._ends: dict[str, float] = {}

    def queue(self, response_id: str, pcm: bytes, now: float, out: list[Effect]) -> None:
        """Play ``pcm``, 24 kHz PCM16, behind what is still playing."""
        out.append(self._event("started", response_id))
        out.append(Play(pcm, response_id))
        self._ends[response_id] = max([now, *self._ends.values()]) + len(pcm) / _BYTES_PER_S

    def clear(self, out: list[Effect]) -> None:
        """Drop all that has not been played."""
        for response_id in self._ends:
            out.append(ClearPlayback(response_id))
            out.append(self._event("cleared", response_id))
        self._ends.clear()

    def next_timer(self) -> float | None:
        """Return when the next response will have been played."""
        return min(self._ends.values(), default=None)

    def on_timer(self, now: float, out: list[Effect]) -> None:
        """Say what has been played by now."""
        for response_id in [key for key, end in self._ends.items() if end <= now]:
            del self._ends[response_id]
            out.append(self._event("stopped", response_id))

    def _event(self, what: str, response_id: str) -> Event:
        return {
            "type": f"output_audio_buffer.{what}",
            "event_id": self._ids.event(),
            "response_id": response_id,
        }
