"""What a response is made of: output items, each a small object that plays itself.

A response opens an item, passes its deltas on, and ends it; it also tells the conversation of it.
The item makes the events that only its kind has. A kind is a class that satisfies
:class:`OutputItem` and has a row in :data:`realtime_fakes.response.KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from realtime_fakes.audience import Effect, Event
from realtime_fakes.conversation import Entry, Item
from realtime_fakes.ids import Ids
from realtime_fakes.output_audio import OutputAudio
from realtime_fakes.policy import Policy

__all__ = ["OutputItem", "Setting"]


@dataclass(slots=True)
class Setting:
    """What all items of a response share. Read only."""

    response_id: str
    ids: Ids
    policy: Policy
    audio_format: str
    """Of sound that leaves as events."""
    speak: Callable[[str], bytes] | None
    """Makes 24 kHz PCM16 of words; ``None`` in a text response."""
    output_audio: OutputAudio | None
    """Of the call; ``None`` where sound leaves as events."""
    shows_phase: bool
    """Whether messages say if they are commentary or the final answer."""


class OutputItem(Protocol):
    """An item on its way out. Its methods are called in the order in which they stand here."""

    id: str
    is_cut_short: bool
    """Whether not all of it may be said."""
    cost: int
    """Output tokens of all that it will say, without sound."""

    def opening(self) -> Item:
        """Return the item as it is added: in progress, and empty."""
        ...

    def begin(self, out: list[Effect]) -> None:
        """Say what comes between the item's being added and its first delta."""
        ...

    def deltas(self) -> Iterator[Event]:
        """Make the deltas one by one. Whoever asks may stop at any of them."""
        ...

    def end(self, status: str, now: float, out: list[Effect]) -> Entry:
        """Say that the deltas are over; return the item as far as it was said.

        Args:
            status: ``completed`` or ``incomplete``.
            now: Unix seconds.
            out: gets the events.

        """
        ...
