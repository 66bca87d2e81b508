"""The conversation: items in order, and what a client may make of them.

Items go over the wire without ``object``; those of function calls outputs have no ``status``
(recorded: pydantic-ai cassettes ``test_openai_ws__*``). An item is never changed in place, so that
an event may hold one.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from realtime_fakes.images import data_uri, image_tokens
from realtime_fakes.input_audio import coded, decoded, sound
from realtime_fakes.mcp_items import MCP_ITEMS
from realtime_fakes.shapes import (
    Shape,
    anything,
    array,
    by_type,
    nullable,
    one_of,
    optional,
    record,
    tagged,
    text,
)
from realtime_fakes.transcription import UNINTELLIGIBLE, understand
from realtime_fakes.usage import (
    AUDIO_MESSAGE,
    HEARD_MS,
    NOTHING,
    SPOKEN_MS,
    TEXT_MESSAGE,
    Tokens,
    count_text,
)

__all__ = [
    "INPUT_ITEM",
    "ITEM",
    "Conversation",
    "Entry",
    "Item",
    "last_user_text",
    "made_by_client",
    "user_audio",
]

Item: TypeAlias = dict[str, Any]

_LONGEST_ID = 32

_HEAD: dict[str, Shape] = {
    "type": str,
    "id": nullable(text(_LONGEST_ID)),
    "object": optional(one_of("realtime.item")),
    "status": nullable(one_of("completed", "incomplete", "in_progress")),
}
_INPUT_TEXT = record({"type": str, "text": str}, required=("text",))
_OUTPUT_TEXT = record(
    {"type": str, "text": str, "annotations": optional(anything)}, required=("text",)
)
_INPUT_AUDIO = record(
    {"type": str, "audio": sound, "transcript": nullable(str)}, required=("audio",)
)
_INPUT_IMAGE = record(
    {
        "type": str,
        "image_url": by_type({str: data_uri}),
        "detail": optional(one_of("auto", "low", "high")),
    },
    required=("image_url",),
)


def _message(contents: Mapping[str, Shape], **more: Shape) -> Shape:
    content = array(tagged("type", contents))
    return record({**_HEAD, "role": str, "content": content, **more}, required=("content",))


_ITEMS: dict[str, Shape] = {
    "message": tagged(
        "role",
        {
            "system": _message({"input_text": _INPUT_TEXT}),
            "user": _message(
                {
                    "input_text": _INPUT_TEXT,
                    "input_audio": _INPUT_AUDIO,
                    "input_image": _INPUT_IMAGE,
                }
            ),
            # What the assistant said aloud cannot be made up afterwards.
            "assistant": _message(
                {"output_text": _OUTPUT_TEXT},
                phase=nullable(one_of("commentary", "final_answer")),
            ),
        },
    ),
    "function_call": record(
        {**_HEAD, "name": str, "call_id": text(_LONGEST_ID), "arguments": str},
        required=("name", "call_id", "arguments"),
    ),
    "function_call_output": record(
        {**_HEAD, "call_id": text(_LONGEST_ID), "output": str}, required=("call_id", "output")
    ),
    **{
        kind: record({**_HEAD, **about.fields}, required=about.required)
        for kind, about in MCP_ITEMS.items()
    },
}
ITEM: Shape = tagged("type", _ITEMS)
"""``item`` of ``conversation.item.create``."""

INPUT_ITEM: Shape = tagged(
    "type",
    {**_ITEMS, "item_reference": record({"type": str, "id": str}, required=("id",))},
)
"""An element of ``response.input``."""


@dataclass(slots=True)
class Entry:
    """An item, and what the wire does not show of it."""

    item: Item
    tokens: Tokens = NOTHING
    """What it costs whenever it is part of an input."""
    sounds: dict[int, bytes] | None = None
    """What the user said, by index of the content, as 24 kHz PCM16."""
    spoken_ms: float = 0.0
    """How long the assistant speaks in it."""
    is_forgotten: bool = False
    """Whether it is no part of an input any more, because there was too much of it."""
    _heard: dict[int, str] | None = None
    """What was understood of ``sounds`` so far."""

    def heard(self, index: int) -> str:
        """Return what the user says aloud in the content of this index."""
        heard = self._heard = self._heard or {}
        if index not in heard:
            words = understand((self.sounds or {})[index])
            if words == UNINTELLIGIBLE:
                words = self.item["content"][index]["transcript"] or words
            heard[index] = words
        return heard[index]

    def user_text(self) -> str:
        """Return what the user says in it, in writing and aloud."""
        content = self.item["content"]
        if len(content) == 1 and content[0]["type"] == "input_text":
            return str(content[0]["text"])
        sounds = self.sounds or {}
        parts = [
            part["text"] if part["type"] == "input_text" else self.heard(index)
            for index, part in enumerate(self.item["content"])
            if part["type"] == "input_text" or index in sounds
        ]
        return " ".join(filter(None, parts))

    def spoken_text(self) -> str:
        """Return what the user says in it aloud."""
        return " ".join(filter(None, map(self.heard, self.sounds or {})))

    def transcribed(self, index: int, words: str) -> Entry:
        """Return the entry with a transcript of the sound in the content of this index."""
        content = list(self.item["content"])
        content[index] = {**content[index], "transcript": words}
        return replace(self, item={**self.item, "content": content})

    def retrieved(self, format: str = "audio/pcm") -> Item:
        """Return the item with the user's sound in it, in the input format of the session."""
        sounds = self.sounds
        if not sounds:
            return self.item
        content = [
            {
                "type": "input_audio",
                "audio": b64encode(coded(sounds[index], format)).decode(),
                **part,
            }
            if index in sounds
            else part
            for index, part in enumerate(self.item["content"])
        ]
        return {**self.item, "content": content}

    def truncated(self, end_ms: int) -> Entry:
        """Return the entry without what the assistant says after ``end_ms``.

        A word of which the end was not heard is left out. Where a word was spoken is not known:
        all letters are taken to be equally long, as they are in what the default brain says.

        """
        words = self.item["content"][0]["transcript"].encode()
        end = int(len(words) * end_ms / self.spoken_ms)
        kept = words[:end].decode(errors="ignore")
        if words[end : end + 1].strip():
            kept = kept.rpartition(" ")[0]
        kept = kept.rstrip()
        item = {**self.item, "content": [{"type": "output_audio", "transcript": kept}]}
        tokens = Tokens(AUDIO_MESSAGE + count_text(kept), end_ms // SPOKEN_MS)
        return Entry(item, tokens, spoken_ms=end_ms)


def made_by_client(item: Item, item_id: str, format: str = "audio/pcm") -> Entry:
    """Return the entry for an item that has passed :data:`ITEM`.

    Args:
        item: as the client made it.
        item_id: that it gets.
        format: of the sound in it, which is the input format of the session.

    """
    kind = item["type"]
    if kind == "message":
        return _entry_of_message(item, item_id, format)
    if kind == "function_call":
        made = {
            "id": item_id,
            "type": kind,
            "status": "completed",
            "name": item["name"],
            "call_id": item["call_id"],
            "arguments": item["arguments"],
        }
        words = item["name"] + " " + item["arguments"]
    elif kind in MCP_ITEMS:
        about = MCP_ITEMS[kind]
        made = {"id": item_id, "type": kind, **about.shown(item)}
        words = about.words(item)
    else:
        made = {"id": item_id, "type": kind, "call_id": item["call_id"], "output": item["output"]}
        words = item["output"]
    return Entry(made, Tokens(TEXT_MESSAGE + count_text(words)))


def user_audio(item_id: str, pcm: bytes) -> Entry:
    """Return the entry for sound that was committed."""
    return _entry_of_message(
        {"role": "user", "content": [{"type": "input_audio", "audio": pcm}]}, item_id, "audio/pcm"
    )


def last_user_text(entries: Iterable[Entry]) -> str:
    """Return the text of the first user message in ``entries``, which come newest first."""
    for entry in entries:
        if entry.item.get("role") == "user":
            return entry.user_text()
    return ""


def _entry_of_message(item: Item, item_id: str, format: str) -> Entry:
    content: list[dict[str, Any]] = []
    words = TEXT_MESSAGE
    heard = seen = 0
    sounds: dict[int, bytes] = {}
    for part in item["content"]:
        kind = part["type"]
        if kind == "input_audio":
            pcm = sounds[len(content)] = decoded(part["audio"], format)
            heard += len(pcm) // (48 * HEARD_MS)
            words = max(words, AUDIO_MESSAGE)
            part = {"type": "input_audio", "transcript": part.get("transcript")}
        elif kind == "input_image":
            seen += image_tokens(part["image_url"], part.get("detail", "auto"))
        else:
            words += count_text(part["text"])
        content.append(part)
    made = {
        "id": item_id,
        "type": "message",
        "status": "completed",
        "role": item["role"],
        "content": content,
    }
    return Entry(made, Tokens(words, heard, seen), sounds or None)


class _Remembered:
    """The items of a conversation that are not forgotten."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries

    def __iter__(self) -> Iterator[Item]:
        return (entry.item for entry in self._entries.values() if not entry.is_forgotten)


class Conversation:
    """Items in order, and what they cost together."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.text_tokens = 0
        self.audio_tokens = 0
        self.image_tokens = 0
        self.has_assistant_audio = False
        self._entries: dict[str, Entry] = {}
        self._last: str | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Item]:
        return (entry.item for entry in self._entries.values())

    def has_call(self, call_id: str) -> bool:
        """Return whether a function was called by that id."""
        return any(item["type"] == "function_call" and item["call_id"] == call_id for item in self)

    def get(self, item_id: str) -> Entry | None:
        """Return the entry of that id, if there is one."""
        return self._entries.get(item_id)

    def newest_first(self) -> Iterator[Entry]:
        """Return the entries, the last one first."""
        return reversed(self._entries.values())

    @property
    def last_id(self) -> str | None:
        """Id of the last item."""
        return self._last

    def append(self, item_id: str, entry: Entry) -> tuple[str | None, int]:
        """Add an item at the end; return the id before it, and its index."""
        before, index = self._last, len(self._entries)
        self._entries[item_id] = entry
        self._last = item_id
        if entry.tokens is not NOTHING:
            self._count(entry.tokens, 1)
        return before, index

    def insert(self, item_id: str, entry: Entry, after: str | None) -> None:
        """Add an item behind ``after``, an id of an item here; ``None`` is the front."""
        entries = {} if after is not None else {item_id: entry}
        for key, other in self._entries.items():
            entries[key] = other
            if key == after:
                entries[item_id] = entry
        self._entries = entries
        self._last = next(reversed(entries))
        self._count(entry.tokens, 1)

    def replace(self, item_id: str, entry: Entry) -> None:
        """Put ``entry`` in the place of the item of that id; nothing happens if it is gone."""
        old = self._entries.get(item_id)
        if old is None:
            return
        self._entries[item_id] = entry
        if old.is_forgotten:
            entry.is_forgotten = True
            return
        if old.tokens is not NOTHING:
            self._count(old.tokens, -1)
        self._count(entry.tokens, 1)

    def delete(self, item_id: str) -> None:
        """Remove the item of that id."""
        entry = self._entries.pop(item_id)
        if not entry.is_forgotten:
            self._count(entry.tokens, -1)
        self._last = next(reversed(self._entries), None)

    @property
    def tokens(self) -> int:
        """What all of it costs as an input."""
        return self.text_tokens + self.audio_tokens + self.image_tokens

    @property
    def remembered(self) -> Iterable[Item]:
        """The items that are part of an input; may be gone through many times."""
        return _Remembered(self._entries)

    def forget_oldest(self, tokens: int) -> None:
        """Leave the oldest items out of further inputs, until these cost ``tokens`` at most.

        The last item is kept, whatever it costs.

        """
        for item_id, entry in self._entries.items():
            if self.tokens <= tokens or item_id == self._last:
                break
            if not entry.is_forgotten:
                entry.is_forgotten = True
                self._count(entry.tokens, -1)

    def _count(self, tokens: Tokens, sign: int) -> None:
        text, audio, image = tokens
        self.text_tokens += sign * text
        self.audio_tokens += sign * audio
        self.image_tokens += sign * image
