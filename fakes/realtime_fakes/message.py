"""A message of the assistant, on its way out: words, and the sound of them if sound is asked for.

The order is the recorded one (pydantic-ai cassettes ``test_openai_ws__*`` for WebSocket,
``test_openai_ws_sideband__*`` for calls): the transcript leads, the sound follows, both at once
in a long answer, and the part is closed from the inside out.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Iterator
from typing import Any

from realtime_fakes.audience import Effect, Event
from realtime_fakes.brain import Say
from realtime_fakes.conversation import Entry, Item
from realtime_fakes.input_audio import BYTES_PER_MS, coded
from realtime_fakes.output_item import Setting
from realtime_fakes.usage import AUDIO_MESSAGE, SPOKEN_MS, TEXT_MESSAGE, Tokens, count_text

__all__ = ["PAD_TO", "Message"]

PAD_TO = 16
"""A delta and its ``obfuscation`` have a multiple of this many letters together."""

_TEXT_DELTA = "response.output_text.delta"
_TRANSCRIPT_DELTA = "response.output_audio_transcript.delta"
_MOST_DELTAS = 64
_LEAD_MS = 3_000  # of the transcript before the sound: short answers are told before they sound
_find_words = re.compile(r"\s*\S+(?:\s+$)?").findall


class Message:
    """A message of the assistant (an :class:`~realtime_fakes.output_item.OutputItem`).

    Args:
        said: what it says.
        setting: of its response.
        index: of the item in the response.
        most_tokens: that it may cost; ``None`` for any number.
        is_last: whether no other item follows it.

    """

    __slots__ = (
        "_index",
        "_pcm",
        "_phase",
        "_played",
        "_said",
        "_setting",
        "_spoken_ms",
        "_words",
        "cost",
        "id",
        "is_cut_short",
    )

    def __init__(
        self, said: Say, setting: Setting, index: int, most_tokens: int | None, is_last: bool
    ) -> None:
        self.id = setting.ids.item()
        self._setting = setting
        self._index = index
        self._phase: str | None = None
        if setting.shows_phase:
            self._phase = "final_answer" if is_last else "commentary"
        self._words, self.is_cut_short = _pieces(said.text, most_tokens)
        self.cost = 0 if most_tokens is None else TEXT_MESSAGE + sum(map(count_text, self._words))
        self._said = 0
        self._spoken_ms = 0.0
        self._played = 0  # bytes, on a call
        self._pcm = None if setting.speak is None else setting.speak("".join(self._words))
        if self._pcm is not None and said.lead_s:
            self._pcm = bytes(round(1000 * said.lead_s) * BYTES_PER_MS["audio/pcm"]) + self._pcm

    def opening(self) -> Item:
        """Return the message as it is added."""
        return self._item("in_progress", [])

    def begin(self, out: list[Effect]) -> None:
        """Add its one part."""
        out.append(self._part("response.content_part.added", ""))

    def deltas(self) -> Iterator[Event]:
        """Make the words one by one, and the sound behind them if it leaves as events."""
        setting = self._setting
        event_id, letters = setting.ids.event, setting.ids.letters
        response_id, item_id, index = setting.response_id, self.id, self._index
        kind = _TEXT_DELTA if self._pcm is None else _TRANSCRIPT_DELTA
        obfuscate = setting.policy.obfuscate_deltas
        sound = None
        if self._pcm is not None and setting.output_audio is None:
            sound = self._sound(self._pcm)
            letter_ms = len(self._pcm) / 48 / (sum(map(len, self._words)) or 1)
            due_ms = -float(_LEAD_MS)
        for words in self._words:
            event = {
                "type": kind,
                "event_id": event_id(),
                "response_id": response_id,
                "item_id": item_id,
                "output_index": index,
                "content_index": 0,
                "delta": words,
            }
            if obfuscate:
                event["obfuscation"] = letters()[len(words) % PAD_TO :]
            self._said += 1
            yield event
            if sound is not None:
                due_ms += letter_ms * len(words)
                while self._spoken_ms + setting.policy.audio_delta_ms <= due_ms:
                    yield next(sound)
        if sound is not None:
            yield from sound

    def play(self, now: float, out: list[Effect], *, more: bool = True) -> None:
        """Play the sound of the words that were said, if the response is on a call.

        Args:
            now: Unix seconds.
            out: gets the effects.
            more: whether other words follow.

        """
        setting, pcm = self._setting, self._pcm
        if pcm is None or setting.output_audio is None:
            return
        end = len(pcm)
        if self._said < len(self._words):
            letters = sum(map(len, self._words))
            said = sum(map(len, self._words[: self._said]))
            end = end // 2 * said // letters * 2
        sound = pcm[self._played : end]
        setting.output_audio.queue(setting.response_id, self.id, sound, now, out, more=more)
        self._played = end
        self._spoken_ms = end / BYTES_PER_MS["audio/pcm"]

    def end(self, status: str, now: float, out: list[Effect]) -> Entry:
        """Close the part, and play what was not played yet if the response is on a call."""
        words = "".join(self._words[: self._said])
        setting, pcm = self._setting, self._pcm
        if pcm is None:
            gained = Tokens(TEXT_MESSAGE + count_text(words))
            content = {"type": "output_text", "text": words}
            out.append(
                {
                    "type": "response.output_text.done",
                    "event_id": setting.ids.event(),
                    "response_id": setting.response_id,
                    "item_id": self.id,
                    "output_index": self._index,
                    "content_index": 0,
                    "text": words,
                }
            )
        else:
            self.play(now, out, more=False)
            gained = Tokens(AUDIO_MESSAGE + count_text(words), int(self._spoken_ms / SPOKEN_MS))
            content = {"type": "output_audio", "transcript": words}
            out.append(self._about_content("response.output_audio.done"))
            out.append(
                self._about_content("response.output_audio_transcript.done", transcript=words)
            )
        out.append(self._part("response.content_part.done", words))
        return Entry(self._item(status, [content]), gained, spoken_ms=self._spoken_ms)

    def _sound(self, pcm: bytes) -> Iterator[Event]:
        setting = self._setting
        format = setting.audio_format
        data = coded(pcm, format)
        size = setting.policy.audio_delta_ms * BYTES_PER_MS[format]
        for start in range(0, len(data), size):
            chunk = data[start : start + size]
            self._spoken_ms += len(chunk) / BYTES_PER_MS[format]
            yield self._about_content(
                "response.output_audio.delta", delta=b2a_base64(chunk, newline=False).decode()
            )

    def _item(self, status: str, content: list[dict[str, Any]]) -> Item:
        item = {
            "id": self.id,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }
        if self._phase is not None:
            item["phase"] = self._phase
        return item

    def _part(self, kind: str, words: str) -> Event:
        setting = self._setting
        part = (
            {"type": "text", "text": words}
            if self._pcm is None
            else {"type": "audio", "transcript": words}
        )
        event = {
            "type": kind,
            "event_id": setting.ids.event(),
            "response_id": setting.response_id,
            "item_id": self.id,
            "output_index": self._index,
            "content_index": 0,
            "part": part,
        }
        if setting.policy.repeat_part_as_content:
            event["content"] = part
        return event

    def _about_content(self, kind: str, **more: Any) -> Event:
        setting = self._setting
        return {
            "type": kind,
            "event_id": setting.ids.event(),
            "response_id": setting.response_id,
            "item_id": self.id,
            "output_index": self._index,
            "content_index": 0,
            **more,
        }


def _pieces(words: str, most_tokens: int | None) -> tuple[list[str], bool]:
    """Cut a text into its deltas; return also whether not all of it may be said.

    A long text is cut into longer deltas, so that their number stays bounded.

    """
    pieces = _find_words(words) or ([words] if words else [])
    is_cut_short = False
    if most_tokens is not None:
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
