"""Every event that a session of this process sends is held to the SDK and to the recordings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import settings
from openai.types.realtime import RealtimeServerEvent, RealtimeTranslationServerEvent
from pydantic import TypeAdapter, ValidationError

from realtime_fakes.any_session import AnySession
from realtime_fakes.audience import Addressed, Effect
from realtime_fakes.errors import ApiError
from realtime_fakes.host import Host

# What a machine takes for an example says nothing about what is tested.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

RECORDINGS = Path(__file__).parents[2] / "shared" / "recordings"

_MORE = {
    "item/message/assistant": {"phase"},  # of models of the second generation
    "item/function_call": {"phase"},
    "session/realtime": {"reasoning", "parallel_tool_calls"},  # once they were set
    "transcription": {"languages", "keywords", "delay"},  # as the client set them
    "content/input_audio": {"audio"},  # in what was retrieved
    "conversation.item.input_audio_transcription.delta": {"logprobs"},  # if they were asked for
    "conversation.item.input_audio_transcription.completed": {"logprobs", "languages"},
}
"""Keys that no recording has where they are, because nobody asked for them."""

_LESS = {
    "tools/function": {"description", "parameters"},  # the client may leave them out
}
"""Keys that every recording has because its client gave them."""

_SET_BY_CLIENTS = {
    "session/realtime": {"include", "prompt", "tracing"},
    "input": {"noise_reduction", "turn_detection"},
    "turn_detection/server_vad": {"idle_timeout_ms"},
    "transcription": {"language", "prompt", "model"},
    "tools/function": {"description", "parameters"},
    "response/over": {"metadata", "status_details", "conversation_id"},
    "response/in_progress": {"metadata", "conversation_id"},
    "content/input_audio": {"transcript"},  # null until the transcription is there
    "input_audio_buffer.committed": {"previous_item_id"},  # null for the first item alone
}
"""Values that are null, or are not, in all recordings, because of what their clients did."""


def parts(event: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Go through an event and all objects in it, each with the name of what it is."""
    yield event["type"], event
    for key, value in event.items():
        yield from _below(key, value)


def _below(key: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, list):
        for entry in value:
            yield from _below("item" if key == "output" else key, entry)
    elif isinstance(value, dict) and _is_recorded(key, value):
        name = "audio.output" if key == "output" else key
        if key == "response":
            name += "/in_progress" if value.get("status") == "in_progress" else "/over"
        tags = (value[tag] for tag in ("type", "role") if isinstance(value.get(tag), str))
        yield "/".join((name, *tags)), value
        for inner, entry in value.items():
            yield from _below(inner, entry)


def _is_recorded(key: str, value: dict[str, Any]) -> bool:
    """Tell whether an object is the service's own, and one of those that were recorded."""
    if key == "session":
        return value.get("type") == "realtime"
    if key == "usage":
        return value.get("type") != "tokens"  # of transcriptions, which were billed by the second
    return key not in ("parameters", "metadata", "error")


class Pattern:
    """Which keys there are in what was recorded, and which of them are null."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self._keys: dict[str, set[frozenset[str]]] = defaultdict(set)
        self._nulls: dict[tuple[str, str], set[bool]] = defaultdict(set)
        for event in events:
            for name, part in parts(event):
                self._keys[name].add(frozenset(part))
                for key, value in part.items():
                    self._nulls[name, key].add(value is None)

    def differences(self, event: dict[str, Any]) -> list[str]:
        """Return what in an event is otherwise than in any recording; what none has is right."""
        found = []
        for name, part in parts(event):
            if name not in self._keys:
                continue
            free = _MORE.get(name, set())
            least = _LESS.get(name, set())
            keys = frozenset(part) - free
            if not any(keys | least == known | least for known in self._keys[name]):
                found.append(f"{event['type']}: {name} has the keys {sorted(part)}")
            for key in keys - _SET_BY_CLIENTS.get(name, set()):
                seen = self._nulls.get((name, key))
                if seen and (part[key] is None) not in seen:
                    null = "null" if part[key] is None else "not null"
                    found.append(f"{event['type']}: {key} of {name} is {null}")
        return found


@pytest.fixture(scope="session")
def recorded_pattern() -> Pattern:
    """The pattern of all events of OpenAI and Azure; an empty one where they are not at hand."""
    names = [path for path in sorted(RECORDINGS.glob("*.yaml")) if not path.name.startswith("xai")]
    interactions = [
        each for path in names for each in yaml.safe_load(path.read_text("utf-8"))["interactions"]
    ]
    return Pattern([each["data"] for each in interactions if each.get("direction") == "received"])


_SAYING = ("attach", "receive", "receive_audio", "on_timer", "answered")
_TALK = TypeAdapter(RealtimeServerEvent)
_TRANSLATION = TypeAdapter(RealtimeTranslationServerEvent)


@pytest.fixture(autouse=True)
def every_event_is_right(monkeypatch: pytest.MonkeyPatch, recorded_pattern: Any) -> Iterator[None]:
    """Hold every event that is sent, in whatever test, to the SDK's models and the recordings.

    What defects change in an event that is on its way out is behind this, and is not judged.

    """
    wrong: list[str] = []

    def judge(event: dict[str, Any], models: TypeAdapter[Any] = _TALK) -> None:
        event = orjson.loads(orjson.dumps(event))
        wrong.extend(recorded_pattern.differences(event))
        # Azure's errors have no id of their own, and keys pressed on a phone have none anywhere.
        # The models do not know the first.
        if event["type"] == "error" and event["event_id"] is None:
            event["event_id"] = ""
        try:
            models.validate_python(event)
        except ValidationError as error:
            wrong.append(f"{event['type']}: {error}")

    def judging(method: Callable[..., list[Effect]]) -> Callable[..., list[Effect]]:
        @wraps(method)
        def judged(session: AnySession, *args: Any) -> list[Effect]:
            effects = method(session, *args)
            models = _TRANSLATION if session.config["type"] == "translation" else _TALK
            for effect in effects:
                event = effect.event if isinstance(effect, Addressed) else effect
                if isinstance(event, dict):
                    judge(event, models)
            return effects

        return judged

    for kind in (AnySession, *AnySession.__subclasses__()):
        for name in _SAYING:
            if name in vars(kind):
                monkeypatch.setattr(kind, name, judging(vars(kind)[name]))

    announce, refuse = Host.announce, ApiError.event

    def announced(host: Host, event: dict[str, Any]) -> None:
        judge(event)
        announce(host, event)

    def refused(error: ApiError, *ids: Any) -> dict[str, Any]:
        event = refuse(error, *ids)
        judge(event)
        return event

    monkeypatch.setattr(Host, "announce", announced)
    monkeypatch.setattr(ApiError, "event", refused)
    yield
    assert wrong == []
