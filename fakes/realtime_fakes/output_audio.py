"""The output audio buffer of a call: what has been queued for RTP, and until when it plays.

Events run ahead of the sound. ``started`` comes when sound is queued, ``stopped`` when it has been
played, which is after the end of the response (recorded: pydantic-ai cassettes
``test_openai_ws_sideband__*``). ``cleared`` takes the place of ``stopped``.
"""

from __future__ import annotations

from typing import NamedTuple

from realtime_fakes.audience import ClearPlayback, Effect, Event, Play
from realtime_fakes.ids import Ids

__all__ = ["OutputAudio"]

_BYTES_PER_S = 48_000


class _Stretch(NamedTuple):
    """Sound of one item, and when it plays, in Unix seconds."""

    item_id: str
    start: float
    end: float


class OutputAudio:
    """What plays on a call."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._ends: dict[str, float] = {}  # by response
        self._unfinished: set[str] = set()
        self._stretches: list[_Stretch] = []

    def queue(
        self,
        response_id: str,
        item_id: str,
        pcm: bytes,
        now: float,
        out: list[Effect],
        *,
        more: bool = False,
    ) -> None:
        """Play ``pcm``, 24 kHz PCM16, behind what is still playing.

        Args:
            response_id: of the response that speaks.
            item_id: of the item that is spoken.
            pcm: the sound.
            now: Unix seconds.
            out: gets the effects.
            more: whether the item goes on, so that a pause is not the end.

        """
        (self._unfinished.add if more else self._unfinished.discard)(response_id)
        if not pcm:
            return
        if response_id not in self._ends:
            out.append(self._event("started", response_id))
        out.append(Play(pcm, response_id))
        start = max(now, self.end or now)
        end = start + len(pcm) / _BYTES_PER_S
        self._ends[response_id] = end
        self._stretches.append(_Stretch(item_id, start, end))

    @property
    def end(self) -> float | None:
        """When all will have been played; ``None`` if nothing plays."""
        return max(self._ends.values(), default=None)

    @property
    def _due(self) -> dict[str, float]:
        if not self._unfinished:
            return self._ends
        return {key: end for key, end in self._ends.items() if key not in self._unfinished}

    def clear(self, out: list[Effect]) -> None:
        """Drop all that has not been played."""
        for response_id in self._ends:
            out.append(ClearPlayback(response_id))
            out.append(self._event("cleared", response_id))
        self._ends.clear()
        self._unfinished.clear()
        self._stretches.clear()

    def interrupt(self, now: float, out: list[Effect]) -> list[tuple[str, int]]:
        """Drop all that has not been played.

        Returns:
            of each item that was cut off, its id and how much of it was played, in milliseconds.

        """
        played: dict[str, float] = {}
        cut = set()
        for item_id, start, end in self._stretches:
            played[item_id] = played.get(item_id, 0.0) + max(0.0, min(now, end) - start)
            if end > now:
                cut.add(item_id)
        self.clear(out)
        return [(item_id, round(s * 1000)) for item_id, s in played.items() if item_id in cut]

    def next_timer(self) -> float | None:
        """Return when the next response will have been played."""
        return min(self._due.values(), default=None)

    def on_timer(self, now: float, out: list[Effect]) -> None:
        """Say what has been played by now."""
        for response_id in [key for key, end in self._due.items() if end <= now]:
            del self._ends[response_id]
            out.append(self._event("stopped", response_id))
        if not self._ends:
            self._stretches.clear()

    def _event(self, what: str, response_id: str) -> Event:
        return {
            "type": f"output_audio_buffer.{what}",
            "event_id": self._ids.event(),
            "response_id": response_id,
        }
