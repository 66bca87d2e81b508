from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane

RECORDINGS = Path(__file__).parents[4] / "shared" / "recordings"


@cache
def _interactions(path: Path) -> list[dict[str, Any]]:
    interactions: list[dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))["interactions"]
    return interactions


class Recordings:
    """Recorded traffic of real endpoints, where it is at hand."""

    def events(self, name: str) -> list[tuple[Direction, dict[str, Any]]]:
        """Return the events of a recording in wire order; skip the test where it is absent."""
        path = RECORDINGS / f"{name}.yaml"
        if not path.exists():
            pytest.skip(f"no recording at {path}")
        return [
            (Direction(interaction["direction"]), interaction["data"])
            for interaction in _interactions(path)
            if interaction["kind"] == "message"
        ]

    def evidence(self, name: str) -> list[Entry]:
        """Return a recording as evidence."""
        lane = Lane.SIDEBAND if "sideband" in name else Lane.WEBSOCKET
        return [
            Entry(
                seq=seq,
                t_ns=seq,
                lane=lane,
                connection="client",
                direction=direction,
                kind=Kind.EVENT,
                data=data,
            )
            for seq, (direction, data) in enumerate(self.events(name))
        ]


@pytest.fixture(scope="session")
def recordings() -> Recordings:
    return Recordings()


_WRITING = "conversation.item.input_audio_transcription"


class Talk:
    """Writes right conversations, as a service sends them, without a service."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._previous: str | None = None

    def send(self, event_type: str, **fields: Any) -> dict[str, Any]:
        """Append one server event."""
        event = {"type": event_type, "event_id": f"event_{len(self.events)}", **fields}
        self.events.append(event)
        return event

    def user(self, text: str = "Hi") -> None:
        """Append the user's item."""
        item = {
            "id": f"item_{len(self.events)}",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_text", "text": text}],
        }
        self._item("added", item)
        self._item("done", item)

    def created(self, *, out_of_band: bool = False) -> str:
        """Append ``response.created``; return the response's id."""
        identifier = f"resp_{len(self.events)}"
        self._conversation = None if out_of_band else "conv_1"
        self._output: list[dict[str, Any]] = []
        self.send("response.created", response=self._response(identifier, "in_progress"))
        return identifier

    def says(self, response: str, *deltas: str, audio: bool = False) -> None:
        """Append an output item that says the deltas, as text or as sound with a transcript."""
        index, text = len(self._output), "".join(deltas)
        item = self._message(f"item_{len(self.events)}")
        place = {"response_id": response, "output_index": index, "item_id": item["id"]}
        self._opens(response, index, item)
        place["content_index"] = 0
        kind, field = (
            ("output_audio_transcript", "transcript") if audio else ("output_text", "text")
        )
        part = {"type": "audio" if audio else "text"}
        self.send("response.content_part.added", **place, part={**part, field: ""})
        for delta in deltas:
            self.send(f"response.{kind}.delta", **place, delta=delta)
        if audio:
            for _ in range(2):
                self.send("response.output_audio.delta", **place, delta="AAAA" * 30)
            self.send("response.output_audio.done", **place)
        self.send(f"response.{kind}.done", **place, **{field: text})
        self.send("response.content_part.done", **place, part={**part, field: text})
        content = {"type": "output_audio" if audio else "output_text", field: text}
        self._closes(response, index, {**item, "status": "completed", "content": [content]})

    def calls(self, response: str, *deltas: str) -> None:
        """Append a function call with the deltas as its arguments."""
        index = len(self._output)
        call = {"call_id": f"call_{len(self.events)}", "name": "f"}
        item = {
            **{"id": f"item_{len(self.events)}", "type": "function_call", **call},
            **{"status": "in_progress", "arguments": ""},
        }
        self._opens(response, index, item)
        place = {"response_id": response, "output_index": index, "item_id": item["id"]}
        place["call_id"] = call["call_id"]
        for delta in deltas:
            self.send("response.function_call_arguments.delta", **place, delta=delta)
        arguments = "".join(deltas)
        self.send("response.function_call_arguments.done", **place, name="f", arguments=arguments)
        self._closes(response, index, {**item, "status": "completed", "arguments": arguments})

    def done(self, response: str, status: str = "completed") -> None:
        """Append ``response.done``."""
        body = self._response(response, status)
        body["usage"] = {
            **{"total_tokens": 12, "input_tokens": 9, "output_tokens": 3},
            "input_token_details": {
                **{"text_tokens": 7, "audio_tokens": 2, "image_tokens": 0, "cached_tokens": 4},
                "cached_tokens_details": {"text_tokens": 3, "audio_tokens": 1, "image_tokens": 0},
            },
            "output_token_details": {"text_tokens": 1, "audio_tokens": 2},
        }
        self.send("response.done", response=body)
        self.send("rate_limits.updated", rate_limits=[])

    def hears(self, *words: str) -> None:
        """Append a turn of speech that ends by itself, and its transcription."""
        identifier = f"item_{len(self.events)}"
        self.send("input_audio_buffer.speech_started", item_id=identifier, audio_start_ms=100)
        self.send("input_audio_buffer.speech_stopped", item_id=identifier, audio_end_ms=900)
        before = {"previous_item_id": self._previous, "item_id": identifier}
        self.send("input_audio_buffer.committed", **before)
        item = {
            **{"id": identifier, "type": "message", "status": "completed", "role": "user"},
            "content": [{"type": "input_audio", "transcript": None}],
        }
        self._item("added", item)
        self._item("done", item)
        place = {"item_id": identifier, "content_index": 0}
        for word in words:
            self.send(f"{_WRITING}.delta", **place, delta=word)
        usage = {"type": "duration", "seconds": 1}
        self.send(f"{_WRITING}.completed", **place, transcript="".join(words).strip(), usage=usage)

    def plays(self, response: str) -> None:
        """Append that a response is played from its start to its end."""
        self.send("output_audio_buffer.started", response_id=response)
        self.send("output_audio_buffer.stopped", response_id=response)

    def error(self, cause: str | None, **fields: Any) -> None:
        """Append an error that names the client event ``cause``."""
        error = {"type": "invalid_request_error", "message": "No.", "event_id": cause, **fields}
        self.send("error", error=error)

    def _item(self, what: str, item: dict[str, Any]) -> None:
        self.send(f"conversation.item.{what}", previous_item_id=self._previous, item=item)
        if what == "done":
            self._previous = item["id"]

    def _opens(self, response: str, index: int, item: dict[str, Any]) -> None:
        self._output.append(item)
        self.send("response.output_item.added", response_id=response, output_index=index, item=item)
        if self._conversation:
            self._item("added", item)

    def _closes(self, response: str, index: int, item: dict[str, Any]) -> None:
        self._output[index] = item
        if self._conversation:
            self._item("done", item)
        self.send("response.output_item.done", response_id=response, output_index=index, item=item)

    def _message(self, identifier: str) -> dict[str, Any]:
        return {
            "id": identifier,
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }

    def _response(self, identifier: str, status: str) -> dict[str, Any]:
        return {
            "object": "realtime.response",
            "id": identifier,
            "status": status,
            "output": list(self._output),
            "conversation_id": self._conversation,
            "usage": None,
        }


def received(
    events: list[dict[str, Any]], *, lane: Lane = Lane.WEBSOCKET, sent: tuple[str, ...] = ()
) -> list[Entry]:
    """Return server events as evidence, behind updates of the session with the ids ``sent``."""
    both = {"type": "realtime", "output_modalities": ["audio", "text"]}
    update = {"type": "session.update", "session": both}
    frames = [(Direction.SENT, {**update, "event_id": i}) for i in sent]
    frames += [(Direction.SENT, {"type": "input_audio_buffer.clear"})] if sent else []
    frames += [(Direction.RECEIVED, event) for event in events]
    return [
        Entry(
            seq=seq,
            t_ns=seq,
            lane=lane,
            connection="client",
            direction=direction,
            kind=Kind.EVENT,
            data=data,
        )
        for seq, (direction, data) in enumerate(frames)
    ]


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
def conversation(talk: Talk) -> Talk:
    """A conversation that has something for every rule to look at."""
    session = {"type": "realtime", "output_modalities": ["audio"]}
    talk.send("session.created", session=session)
    talk.error("mine")
    talk.user()
    response = talk.created()
    talk.says(response, "You", " said", ": Hi")
    talk.done(response)
    talk.user()
    response = talk.created()
    talk.says(response, "Let me", " look", audio=True)
    talk.calls(response, '{"a', '": 1}')
    talk.done(response)
    talk.plays(response)
    talk.send("input_audio_buffer.cleared")
    talk.hears(" Hello", " there.")
    talk.error("mine", param="session.output_modalities")
    talk.send("session.updated", session={"type": "realtime", "output_modalities": ["audio"]})
    talk.error(None, code="session_expired")
    return talk


@pytest.fixture
def as_evidence() -> Any:
    return received
