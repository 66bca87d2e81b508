"""One response: the events from ``response.created`` to ``rate_limits.updated``.

The order is the recorded one (pydantic-ai cassettes ``test_openai_ws__*`` for WebSocket,
``test_openai_ws_sideband__*`` for calls): a response opens, says its deltas, and closes; each part
is closed from the inside out, and the item is done in the conversation before it is in the output.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Iterator
from typing import Any

from realtime_fakes.audience import Effect, Event
from realtime_fakes.conversation import INPUT_ITEM, Conversation, Entry
from realtime_fakes.ids import Ids
from realtime_fakes.input_audio import BYTES_PER_MS, coded
from realtime_fakes.output_audio import OutputAudio
from realtime_fakes.policy import Policy
from realtime_fakes.session_fields import (
    AUDIO_FORMAT,
    MAX_OUTPUT_TOKENS,
    OUTPUT_MODALITIES,
    PROMPT,
    REASONING,
    TOOL_CHOICE,
    TOOLS,
    VOICE,
)
from realtime_fakes.shapes import Shape, array, mapping, nullable, one_of, optional, record, text
from realtime_fakes.usage import (
    AUDIO_MESSAGE,
    SPOKEN_MS,
    TEXT_MESSAGE,
    Tokens,
    count_text,
    usage,
)

__all__ = ["REQUEST", "Response"]

REQUEST: Shape = record(
    {
        "instructions": optional(str),
        "output_modalities": optional(OUTPUT_MODALITIES),
        "audio": optional(
            record(
                {
                    "output": optional(
                        record({"format": optional(AUDIO_FORMAT), "voice": optional(VOICE)})
                    )
                }
            )
        ),
        "tools": optional(TOOLS),
        "tool_choice": optional(TOOL_CHOICE),
        "parallel_tool_calls": optional(bool),
        "reasoning": optional(REASONING),
        "max_output_tokens": optional(MAX_OUTPUT_TOKENS),
        "conversation": optional(one_of("auto", "none")),
        "input": optional(array(INPUT_ITEM)),
        "metadata": nullable(mapping(text(512), most=16, longest_key=64)),
        "prompt": PROMPT,
    }
)
"""``response`` of ``response.create`` (OpenAI SDK, ``realtime_response_create_params``)."""

_TEXT_DELTA = "response.output_text.delta"
_TRANSCRIPT_DELTA = "response.output_audio_transcript.delta"
_MOST_DELTAS = 64
_PAD_TO = 16
_RATE_LIMIT = 15_000_000  # tokens a minute, as recorded
_find_words = re.compile(r"\s*\S+(?:\s+$)?").findall


class Response:
    """A response on its way out.

    Args:
        body: the ``response`` object as it is created.
        words: what it says.
        pcm: that as sound, 24 kHz PCM16; ``None`` in a text response.
        spent: what its input costs.
        conversation: that it belongs to; ``None`` for one out of band.
        output_audio: of the call; ``None`` where sound leaves as events.
        ids: for its item and events.
        policy: the decisions in force.

    """

    def __init__(
        self,
        body: dict[str, Any],
        words: str,
        pcm: bytes | None,
        spent: Tokens,
        *,
        conversation: Conversation | None,
        output_audio: OutputAudio | None,
        ids: Ids,
        policy: Policy,
    ) -> None:
        self.id: str = body["id"]
        self.due: float | None = None
        """When it goes on; ``None`` once it is done."""
        self._body = body
        self._pcm = pcm
        self._spent = spent
        self._conversation = conversation
        self._output_audio = output_audio
        self._ids = ids
        self._policy = policy
        self._item_id = ids.item()
        self._previous_when_done: str | None = None
        self._words, self._is_cut_short = _pieces(words, body["max_output_tokens"])
        self._said = 0
        self._spoken_ms = 0.0
        self._deltas = self._say()

    def start(self, now: float, out: list[Effect]) -> None:
        """Open the response, and say as much as may be said at once."""
        event_id = self._ids.event
        item = {
            "id": self._item_id,
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        out.append({"type": "response.created", "event_id": event_id(), "response": self._body})
        out.append(
            {
                "type": "response.output_item.added",
                "event_id": event_id(),
                "response_id": self.id,
                "output_index": 0,
                "item": item,
            }
        )
        if self._conversation is not None:
            previous, index = self._conversation.append(self._item_id, Entry(item))
            self._previous_when_done = previous
            if index == 1 and self._policy.hide_second_predecessor:
                self._previous_when_done = None
            out.append(
                {
                    "type": "conversation.item.added",
                    "event_id": event_id(),
                    "previous_item_id": previous,
                    "item": item,
                }
            )
        out.append(self._part("added", ""))
        self.go_on(now, out)

    def go_on(self, now: float, out: list[Effect]) -> None:
        """Say what is due by ``now``, and close the response when all is said."""
        pause = self._policy.delta_interval_s
        for delta in self._deltas:
            out.append(delta)
            if pause:
                self.due = now + pause
                return
        if self._output_audio is not None and self._pcm is not None:
            self._output_audio.queue(self.id, self._pcm, now, out)
            self._spoken_ms = len(self._pcm) / BYTES_PER_MS["audio/pcm"]
        if self._is_cut_short:
            details = {"type": "incomplete", "reason": "max_output_tokens"}
            self._close("incomplete", details, out)
        else:
            self._close("completed", None, out)

    def cancel(self, reason: str, out: list[Effect]) -> None:
        """Close the response with what has been said so far."""
        self._close("cancelled", {"type": "cancelled", "reason": reason}, out)

    def _say(self) -> Iterator[dict[str, Any]]:
        """Make the deltas one by one: the words, then the sound if it leaves as events."""
        event_id, letters = self._ids.event, self._ids.letters
        response_id, item_id = self.id, self._item_id
        kind = _TEXT_DELTA if self._pcm is None else _TRANSCRIPT_DELTA
        obfuscate = self._policy.obfuscate_deltas
        for words in self._words:
            event = {
                "type": kind,
                "event_id": event_id(),
                "response_id": response_id,
                "item_id": item_id,
                "output_index": 0,
                "content_index": 0,
                "delta": words,
            }
            if obfuscate:
                event["obfuscation"] = letters()[len(words) % _PAD_TO :]
            self._said += 1
            yield event
        if self._pcm is None or self._output_audio is not None:
            return
        format = self._body["audio"]["output"]["format"]["type"]
        data = coded(self._pcm, format)
        size = self._policy.audio_delta_ms * BYTES_PER_MS[format]
        for start in range(0, len(data), size):
            chunk = data[start : start + size]
            self._spoken_ms += len(chunk) / BYTES_PER_MS[format]
            yield {
                "type": "response.output_audio.delta",
                "event_id": event_id(),
                "response_id": response_id,
                "item_id": item_id,
                "output_index": 0,
                "content_index": 0,
                "delta": b2a_base64(chunk, newline=False).decode(),
            }

    def _close(self, status: str, details: dict[str, Any] | None, out: list[Effect]) -> None:
        self.due = None
        words = "".join(self._words[: self._said])
        spoken_ms = self._spoken_ms
        if self._pcm is None:
            gained = Tokens(TEXT_MESSAGE + count_text(words))
            content = {"type": "output_text", "text": words}
            out.append(self._about_content("response.output_text.done", text=words))
        else:
            gained = Tokens(AUDIO_MESSAGE + count_text(words), int(spoken_ms / SPOKEN_MS))
            content = {"type": "output_audio", "transcript": words}
            out.append(self._about_content("response.output_audio.done"))
            out.append(
                self._about_content("response.output_audio_transcript.done", transcript=words)
            )
        item = {
            "id": self._item_id,
            "type": "message",
            "status": "completed" if status == "completed" else "incomplete",
            "role": "assistant",
            "content": [content],
        }
        event_id = self._ids.event
        out.append(self._part("done", words))
        if self._conversation is not None:
            self._conversation.replace(self._item_id, Entry(item, gained, spoken_ms=spoken_ms))
            if spoken_ms:
                self._conversation.has_assistant_audio = True
            out.append(
                {
                    "type": "conversation.item.done",
                    "event_id": event_id(),
                    "previous_item_id": self._previous_when_done,
                    "item": item,
                }
            )
        out.append(
            {
                "type": "response.output_item.done",
                "event_id": event_id(),
                "response_id": self.id,
                "output_index": 0,
                "item": item,
            }
        )
        cost = usage(self._spent, gained)
        body = {
            **self._body,
            "status": status,
            "status_details": details,
            "output": [item],
            "usage": cost,
        }
        out.append({"type": "response.done", "event_id": event_id(), "response": body})
        if self._policy.send_rate_limits:
            out.append(_rate_limits(event_id(), cost["total_tokens"]))

    def _part(self, what: str, words: str) -> Event:
        part = (
            {"type": "text", "text": words}
            if self._pcm is None
            else {"type": "audio", "transcript": words}
        )
        return self._about_content("response.content_part." + what, part=part)

    def _about_content(self, kind: str, **more: Any) -> Event:
        return {
            "type": kind,
            "event_id": self._ids.event(),
            "response_id": self.id,
            "item_id": self._item_id,
            "output_index": 0,
            "content_index": 0,
            **more,
        }


def _rate_limits(event_id: str, tokens: int) -> dict[str, Any]:
    return {
        "type": "rate_limits.updated",
        "event_id": event_id,
        "rate_limits": [
            {
                "name": "tokens",
                "limit": _RATE_LIMIT,
                "remaining": _RATE_LIMIT - tokens,
                "reset_seconds": 60_000 * tokens // _RATE_LIMIT / 1000,
            }
        ],
    }


def _pieces(words: str, most_tokens: int | str) -> tuple[list[str], bool]:
    """Cut a text into its deltas; return also whether not all of it may be said.

    A long text is cut into longer deltas, so that their number stays bounded.

    """
    pieces = _find_words(words) or ([words] if words else [])
    is_cut_short = False
    if isinstance(most_tokens, int):
        left = most_tokens - TEXT_MESSAGE
        for index, piece in enumerate(pieces):
            left -= count_text(piece)
            if left < 0:
                pieces = pieces[:index]
                is_cut_short = True
                break
    if len(pieces) > _MOST_DELTAS:
        size = -(-len(pieces) // _MOST_DELTAS)
        pieces = ["".join(pieces[at : at + size]) for at in range(0, len(pieces), size)]
    return pieces, is_cut_short
