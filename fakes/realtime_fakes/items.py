"""What is told of the items of a conversation, and what clients do to those that are there."""

from __future__ import annotations

from collections.abc import Callable

from realtime_fakes.audience import Effect, Event
from realtime_fakes.conversation import Conversation, Entry, Item
from realtime_fakes.errors import api_error
from realtime_fakes.ids import Ids
from realtime_fakes.policy import Policy

__all__ = ["Items"]


class Items:
    """The items of one session.

    Args:
        conversation: that holds them.
        ids: source of identifiers.
        policy: returns the decisions in force.

    """

    def __init__(
        self, conversation: Conversation, *, ids: Ids, policy: Callable[[], Policy]
    ) -> None:
        self._conversation = conversation
        self._ids = ids
        self._policy = policy

    def append(self, item_id: str, entry: Entry, out: list[Effect]) -> None:
        """Add an item at the end."""
        previous, index = self._conversation.append(item_id, entry)
        # The live service shows no predecessor in the ``done`` of the second item, in every
        # recording of a conversation that grew at its end.
        hidden = index == 1 and self._policy().hide_second_predecessor
        self._announce(entry.item, previous, None if hidden else previous, out)

    def insert(self, item_id: str, entry: Entry, after: str | None, out: list[Effect]) -> None:
        """Add an item behind another one, or at the beginning."""
        self._conversation.insert(item_id, entry, after)
        self._announce(entry.item, after, after, out)

    def retrieve(self, event: Event, format: str, out: list[Effect]) -> None:
        """Show an item, its sound in the input format of the session.

        Raises:
            ApiError: if there is none with this id.

        """
        entry = self._entry(event, "item_retrieve_invalid_item_id")
        out.append(
            {
                "type": "conversation.item.retrieved",
                "event_id": self._ids.event(),
                "item": entry.retrieved(format),
            }
        )

    def delete(self, event: Event, out: list[Effect]) -> None:
        """Delete an item.

        Raises:
            ApiError: if there is none with this id.

        """
        self._entry(event, "item_delete_invalid_item_id")
        self._conversation.delete(event["item_id"])
        out.append(
            {
                "type": "conversation.item.deleted",
                "event_id": self._ids.event(),
                "item_id": event["item_id"],
            }
        )

    def truncate(self, event: Event, out: list[Effect]) -> None:
        """Shorten what the assistant said, as a client asks for.

        Raises:
            ApiError: if there is none with this id, no sound in it, or less than is asked for.

        """
        item_id, end, lax = event["item_id"], event["audio_end_ms"], self._policy().truncates_too
        if "unknown" in lax and self._conversation.get(item_id) is None:
            self._say_truncated(item_id, end, out)
            return
        entry = self._entry(event, "item_truncate_invalid_item_id")
        if not entry.spoken_ms:
            if ("user" if entry.item.get("role") == "user" else "text") not in lax:
                raise api_error("item_truncate_not_audio")
            self._say_truncated(item_id, end, out)
        elif end > entry.spoken_ms and "beyond" not in lax:
            raise api_error("item_truncate_too_late", found=int(entry.spoken_ms), limit=end)
        else:
            self._shorten(item_id, entry, end, out)

    def cut_off(self, item_id: str, played_ms: int, out: list[Effect]) -> None:
        """Shorten what the assistant said to what was played of it, if that is less."""
        entry = self._conversation.get(item_id)
        if entry is not None and played_ms < entry.spoken_ms:
            self._shorten(item_id, entry, played_ms, out)

    def _announce(
        self, item: Item, previous: str | None, previous_when_done: str | None, out: list[Effect]
    ) -> None:
        event_id = self._ids.event
        out.append(
            {
                "type": "conversation.item.added",
                "event_id": event_id(),
                "previous_item_id": previous,
                "item": item,
            }
        )
        out.append(
            {
                "type": "conversation.item.done",
                "event_id": event_id(),
                "previous_item_id": previous_when_done,
                "item": item,
            }
        )

    def _shorten(self, item_id: str, entry: Entry, end_ms: int, out: list[Effect]) -> None:
        if self._policy().truncate_shortens:
            self._conversation.replace(item_id, entry.truncated(end_ms))
        self._say_truncated(item_id, end_ms, out)

    def _say_truncated(self, item_id: str, end_ms: int, out: list[Effect]) -> None:
        out.append(
            {
                "type": "conversation.item.truncated",
                "event_id": self._ids.event(),
                "item_id": item_id,
                "content_index": 0,
                "audio_end_ms": end_ms,
            }
        )

    def _entry(self, event: Event, refusal: str) -> Entry:
        entry = self._conversation.get(event["item_id"])
        if entry is None:
            raise api_error(refusal, item_id=event["item_id"])
        return entry
