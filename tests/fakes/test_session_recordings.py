"""The fake, sent what a real client sent, answers as the live service was recorded to answer."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import yaml

from realtime_fakes.audience import Role
from realtime_fakes.brain import Answer, Call, EchoBrain, Say, Turn
from realtime_fakes.profiles import PROFILES
from realtime_harness.audio import speech

RECORDINGS = Path(__file__).parents[3] / "shared" / "recordings"

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"the recordings are not at {RECORDINGS}"
)

OPENAI, AZURE = "openai-2026-09", "azure-ga"
CASES: dict[str, dict[str, Any]] = {
    "openai_sideband_text_turn": {"on_call": True, "sideband": True, "profile": OPENAI},
    "openai_audio_out_turn": {"on_call": False, "sideband": False, "profile": OPENAI},
    "azure_sideband_text_turn": {"on_call": True, "sideband": True, "profile": AZURE},
    "azure_audio_out_turn": {"on_call": False, "sideband": False, "profile": AZURE},
}


def recorded(name: str, direction: str) -> list[dict[str, Any]]:
    recording = yaml.safe_load((RECORDINGS / f"{name}.yaml").read_text())
    return [frame["data"] for frame in recording["interactions"] if frame["direction"] == direction]


def pattern(value: Any) -> Any:
    """Reduce a value to its keys at every level, and to what is null and what is not."""
    if isinstance(value, dict):
        return {key: pattern(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [pattern(entry) for entry in value]
    return None if value is None else type(value).__name__


def patterns(events: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """Return type and pattern of each event, the deltas of one kind in one item as one.

    How those of a transcript and of its sound are mixed is left open: see ``docs/choices.md``.
    """
    seen: set[tuple[str, str]] = set()
    found = []
    for event in events:
        kind = event["type"]
        if kind.endswith(".delta"):
            if (kind, event["item_id"]) in seen:
                continue
            seen.add((kind, event["item_id"]))
        found.append((kind, pattern(event)))
    return found


@pytest.mark.parametrize("name", CASES)
def test_answers_have_the_recorded_order_keys_and_nulls(open_stage: Any, name: str) -> None:
    case = CASES[name]
    stage = open_stage(on_call=case["on_call"], modality="audio")
    policy = PROFILES[case["profile"]].policy
    stage.policy = policy
    party = stage.parties[0]
    if case["sideband"]:
        party = stage.join(Role.SIDEBAND, "sideband")
    stage.send(*recorded(name, "sent"), by=party)

    expected = patterns(recorded(name, "received"))
    answered = patterns(stage.received[party.name])
    assert [kind for kind, _ in answered[: len(expected)]] == [kind for kind, _ in expected]
    assert answered[: len(expected)] == expected
    # The recordings end at the response; what follows it is known from others.
    behind = ["rate_limits.updated"] if policy.send_rate_limits else []
    assert [kind for kind, _ in answered[len(expected) :]] == behind


@pytest.mark.parametrize("name", CASES)
def test_the_session_that_is_echoed_has_the_recorded_values(open_stage: Any, name: str) -> None:
    stage = open_stage(on_call=True, modality="audio")
    (updated,) = stage.send(recorded(name, "sent")[0])
    (expected,) = [e for e in recorded(name, "received") if e["type"] == "session.updated"]
    expected["session"] |= {key: updated["session"][key] for key in ("id", "expires_at")}
    assert updated["session"] == expected["session"]


@pytest.mark.parametrize("name", CASES)
def test_a_short_turn_costs_what_it_was_recorded_to_cost(open_stage: Any, name: str) -> None:
    stage = open_stage(modality="audio")
    answered = stage.send(*recorded(name, "sent"))
    usage = next(e for e in answered if e["type"] == "response.done")["response"]["usage"]
    expected = next(e for e in recorded(name, "received") if e["type"] == "response.done")
    assert usage["input_token_details"] == expected["response"]["usage"]["input_token_details"]


# The model that was recorded decided what to call and what to say; here a brain of one's own does.

TOOL_ROUNDS: dict[str, dict[str, Any]] = {
    "openai_tool_call_round": {},
    "azure_tool_call_round": {"send_rate_limits": False, "repeat_part_as_content": True},
}


class RecordedBrain(EchoBrain):
    """Calls and says what was recorded."""

    def __init__(self, name: str) -> None:
        done = [e for e in recorded(name, "received") if e["type"] == "response.done"]
        self.items = [event["response"]["output"][0] for event in done]

    def answer(self, turn: Turn) -> Answer:
        item = self.items[turn.number - 1]
        if item["type"] == "function_call":
            return Answer((Call(item["name"], item["arguments"], item["call_id"]),))
        assert turn.tool_outputs
        return Answer((Say(item["content"][0]["text"]),))


def tool_round(open_stage: Any, name: str) -> list[dict[str, Any]]:
    stage = open_stage(modality="audio", brain=RecordedBrain(name))
    stage.change(**TOOL_ROUNDS[name])
    stage.send(*recorded(name, "sent"))
    received: list[dict[str, Any]] = stage.received["client"]
    return received


@pytest.mark.parametrize("name", TOOL_ROUNDS)
def test_a_tool_round_has_the_recorded_order_keys_and_nulls(open_stage: Any, name: str) -> None:
    # The client that was recorded closed before the rate limits, or was not sent them.
    answered = [e for e in tool_round(open_stage, name) if e["type"] != "rate_limits.updated"]
    assert patterns(answered) == patterns(recorded(name, "received"))


@pytest.mark.parametrize("name", TOOL_ROUNDS)
def test_ids_of_a_tool_round_have_the_recorded_shape(open_stage: Any, name: str) -> None:
    def shapes(events: list[dict[str, Any]]) -> set[str]:
        text = json.dumps(events)
        found = re.findall(r'"((?:event|item|resp|conv|sess|call)_\w+)"', text)
        return {re.sub(r"(?<=_).*", lambda rest: str(len(rest[0])), id) for id in found}

    answered = tool_round(open_stage, name)
    for event in answered:  # given by the stage, not by the service
        event.get("session", {}).pop("id", None)
    expected = shapes(recorded(name, "received")) - {"sess_21"}
    assert shapes(answered) == expected


@pytest.mark.parametrize("name", TOOL_ROUNDS)
def test_links_between_the_events_of_a_tool_round_are_the_recorded_ones(
    open_stage: Any, name: str
) -> None:
    """Ids are compared by the place at which they were first seen."""

    def links(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        places: dict[str, int] = {}
        fields = ("response_id", "item_id", "call_id", "previous_item_id", "output_index")
        found = []
        for kind, group in groupby(events, key=lambda event: event["type"]):
            event = next(group)
            if kind != "rate_limits.updated":
                told = {**event.get("item", {}), **event}
                values = [told.get(field) for field in ("id", *fields)]
                found.append(
                    (
                        kind,
                        *(
                            places.setdefault(value, len(places)) if type(value) is str else value
                            for value in values
                        ),
                    )
                )
        return found

    assert links(tool_round(open_stage, name)) == links(recorded(name, "received"))


# The recorded sound is blanked. In its place a text of the same length is spoken.

SPOKEN = "Hello, my name is Marcelo, and I would like to know more."
VOICE = "openai_server_vad_turn"
TRANSCRIPTION = "conversation.item.input_audio_transcription."


def recorded_with_sound() -> list[dict[str, Any]]:
    """Return the recorded client events, speech in the appends: as many, of the same length."""
    events = recorded(VOICE, "sent")
    appends = [event for event in events if event["type"] == "input_audio_buffer.append"]
    sound = bytes(48 * 1760) + speech.encode(SPOKEN) + bytes(48 * 400)
    size = -(-len(sound) // len(appends) // 2) * 2
    for index, event in enumerate(appends):
        event["audio"] = b64encode(sound[index * size : (index + 1) * size]).decode()
    return events


def told_apart(events: list[dict[str, Any]]) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    """Return patterns of all but transcription, and of that; of deltas, the first of each type.

    When a delta comes, and the transcription, depends on how fast the models are.
    """
    seen: set[str] = set()
    rest: list[tuple[str, Any]] = []
    transcription: list[tuple[str, Any]] = []
    for event in events:
        kind = event["type"]
        if kind.endswith(".delta"):
            if kind in seen:
                continue
            seen.add(kind)
        told = transcription if kind.startswith(TRANSCRIPTION) else rest
        told.append((kind, pattern(event)))
    return rest, transcription


def test_a_spoken_turn_has_the_recorded_order_keys_and_nulls(open_stage: Any) -> None:
    stage = open_stage(modality="audio")
    stage.send(*recorded_with_sound())
    received = stage.received[stage.parties[0].name]
    expected, expected_transcription = told_apart(recorded(VOICE, "received"))
    answered, transcription = told_apart(received)
    assert [kind for kind, _ in answered] == [
        *(kind for kind, _ in expected),
        "rate_limits.updated",
    ]
    assert answered[:-1] == expected
    assert transcription == expected_transcription
    kinds = [event["type"] for event in received]
    assert kinds.index(TRANSCRIPTION + "delta") == kinds.index("response.created") + 1


def test_a_spoken_turn_has_the_recorded_times_and_cost(open_stage: Any) -> None:
    stage = open_stage(modality="audio")
    answered = {event["type"]: event for event in stage.send(*recorded_with_sound())}
    expected = {event["type"]: event for event in recorded(VOICE, "received")}
    for kind, field in (
        ("input_audio_buffer.speech_started", "audio_start_ms"),
        ("input_audio_buffer.speech_stopped", "audio_end_ms"),
    ):
        assert answered[kind][field] == pytest.approx(expected[kind][field], abs=20)
    done = "response.done"
    usage = answered[done]["response"]["usage"]["input_token_details"]
    assert usage == expected[done]["response"]["usage"]["input_token_details"]
    completed = TRANSCRIPTION + "completed"
    assert answered[completed]["usage"] == expected[completed]["usage"]
    assert answered[completed]["transcript"] == SPOKEN
