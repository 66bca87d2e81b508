"""The fake, sent what a real client sent, answers as the live service was recorded to answer.

One table has every recording of OpenAI and Azure. What is otherwise all the same is listed in
``docs/choices.md``, "Recordings".
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import yaml

from realtime_fakes.brain import Answer, Call, Say, Turn
from realtime_fakes.profiles import PROFILES
from realtime_fakes.scripts import Script
from realtime_harness.audio import speech
from realtime_harness.contract.pattern import pattern

RECORDINGS = Path(__file__).parents[4] / "shared" / "recordings"

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"the recordings are not at {RECORDINGS}"
)

OPENAI, AZURE = "openai-2026-09", "azure-ga"
SPOKEN = "Hello, my name is Marcelo, and I would like to know more."


@dataclass(frozen=True)
class Recording:
    """How a recording is played again."""

    profile: str
    over: str
    """``socket``, ``sideband`` or ``http``."""
    is_spoken: bool = False
    """Whether sound was sent. It is blanked: a text of the same length is spoken in its place."""
    costs: bool = True
    """Whether the input of each response costs what it was recorded to cost."""


TABLE = {
    "azure_audio_out_turn": Recording(AZURE, "socket"),
    "azure_calls_answer": Recording(AZURE, "http"),
    "azure_sideband_text_turn": Recording(AZURE, "sideband"),
    "azure_tool_call_round": Recording(AZURE, "socket", costs=False),
    "openai_audio_out_turn": Recording(OPENAI, "socket"),
    "openai_calls_answer": Recording(OPENAI, "http"),
    "openai_client_secret": Recording(OPENAI, "http"),
    "openai_server_vad_turn": Recording(OPENAI, "socket", is_spoken=True),
    "openai_sideband_text_turn": Recording(OPENAI, "sideband"),
    "openai_tool_call_round": Recording(OPENAI, "socket", costs=False),
}
DEVIATING = ("xai",)
"""Vendors whose endpoint is no such service, as the harness says of their recordings."""

TALKS = [name for name, recording in TABLE.items() if recording.over != "http"]
EXCHANGES = [name for name, recording in TABLE.items() if recording.over == "http"]
SPOKEN_TALKS = [name for name in TALKS if TABLE[name].is_spoken]

Event = dict[str, Any]


def interactions(name: str) -> list[dict[str, Any]]:
    text = (RECORDINGS / f"{name}.yaml").read_text("utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)["interactions"]
    return found


def recorded(name: str, direction: str) -> list[Event]:
    return [each["data"] for each in interactions(name) if each["direction"] == direction]


def test_every_recording_is_in_the_table() -> None:
    names = {path.stem for path in RECORDINGS.glob("*.yaml")}
    assert names - set(TABLE) == {name for name in names if name.startswith(DEVIATING)}
    assert set(TABLE) <= names


# Talks


def what_was_recorded(name: str) -> Script:
    """Return a script that answers as the model was recorded to answer."""
    done = [event for event in recorded(name, "received") if event["type"] == "response.done"]

    def answer(turn: Turn) -> Answer:
        output: list[Say | Call] = []
        for item in done[turn.number - 1]["response"]["output"]:
            if item["type"] == "function_call":
                output.append(Call(item["name"], item["arguments"], item["call_id"]))
            else:
                part = item["content"][0]
                output.append(Say(part.get("text") or part["transcript"]))
        return Answer(output)

    return Script([answer])


def sent(name: str) -> list[Event]:
    events = recorded(name, "sent")
    appends = [event for event in events if event["type"] == "input_audio_buffer.append"]
    if TABLE[name].is_spoken:
        sound = bytes(48 * 1760) + speech.encode(SPOKEN) + bytes(48 * 400)
        size = -(-len(sound) // len(appends) // 2) * 2
        for index, event in enumerate(appends):
            event["audio"] = b64encode(sound[index * size : (index + 1) * size]).decode()
    return events


@pytest.fixture
async def answered(name: str, open_world: Any) -> list[Event]:
    """What the fake answers to what was sent, as far as the recording has it."""
    recording = TABLE[name]
    world = await open_world(profile=recording.profile)
    world.server.default.follow(what_was_recorded(name))
    client = world.client
    shown = [event["session"] for event in recorded(name, "received") if "session" in event]
    query = f"?model={shown[0]['model']}"
    if recording.over == "sideband":
        session = {"session": {"type": "realtime", "model": shown[0]["model"]}}
        secret = await client.post("/realtime/client_secrets", json=session)
        caller = await client.call(key=secret.json()["value"], query="")
        query = f"?call_id={caller.call_id}"
    socket = await client.socket(query)
    fence = {"type": "conversation.item.retrieve", "item_id": "fence", "event_id": "fence"}
    await socket.send(*sent(name), fence)
    events = (await socket.until("error"))[:-1]
    # Recorded clients left before the rate limits came, or were not sent any.
    kinds = [event["type"] for event in events]
    behind = [kinds[n - 1] for n, kind in enumerate(kinds) if kind == "rate_limits.updated"]
    limits = PROFILES[recording.profile].policy.send_rate_limits
    assert behind == ["response.done"] * kinds.count("response.done") * limits
    return [event for event in events if event["type"] != "rate_limits.updated"]


Patterns = list[tuple[str, Any]]


def patterns(events: list[Event]) -> tuple[Patterns, Patterns]:
    """Return type and pattern of each event but for transcription, and of that.

    Deltas of one kind in one item are one. When each comes, and the transcription, depends on how
    fast the models are.

    """
    seen: set[tuple[str, str]] = set()
    rest: Patterns = []
    transcription: Patterns = []
    for event in events:
        kind = event["type"]
        if kind.endswith(".delta"):
            if (kind, event["item_id"]) in seen:
                continue
            seen.add((kind, event["item_id"]))
        told = transcription if ".input_audio_transcription." in kind else rest
        told.append((kind, pattern(event)))
    return rest, transcription


@pytest.mark.parametrize("name", TALKS)
def test_order_keys_and_nulls(name: str, answered: list[Event]) -> None:
    expected, expected_transcription = patterns(recorded(name, "received"))
    found, transcription = patterns(answered)
    assert [kind for kind, _ in found] == [kind for kind, _ in expected]
    assert found == expected
    assert transcription == expected_transcription


def shapes(value: Any) -> set[str]:
    """Return the shapes of all ids: what they begin with, and how many letters there are then."""
    found = re.findall(r'"((?:event|item|resp|conv|sess|call|rtc|ek)_\w+)"', json.dumps(value))
    # The digit is that of the region.
    return {re.sub(r"_u\d_", "_uN_", re.sub(r"\w{16,}$", _length, id)) for id in found}


def _length(match: re.Match[str]) -> str:
    named, _, letters = match[0].rpartition("_")
    return f"{named}_{len(letters)}"


@pytest.mark.parametrize("name", TALKS)
def test_ids(name: str, answered: list[Event]) -> None:
    assert shapes(answered) == shapes(recorded(name, "received"))


@pytest.mark.parametrize("name", TALKS)
def test_links(name: str, answered: list[Event]) -> None:
    """Ids are compared by the place at which they were first seen."""

    def links(events: list[Event]) -> list[tuple[Any, ...]]:
        places: dict[str, int] = {}
        fields = ("id", "response_id", "item_id", "call_id", "previous_item_id", "output_index")
        told = [event for event in events if not event["type"].endswith(".delta")]
        found = []
        for kind, group in groupby(told, key=lambda event: event["type"]):
            event = next(group)
            if ".input_audio_transcription." not in kind:
                event = {**event.get("item", {}), **event.get("response", {}), **event}
                values = [event.get(field) for field in fields]
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

    assert links(answered) == links(recorded(name, "received"))


@pytest.mark.parametrize("name", TALKS)
def test_sessions_that_are_shown(name: str, answered: list[Event]) -> None:
    def sessions(events: list[Event]) -> list[Event]:
        shown = [dict(event["session"]) for event in events if "session" in event]
        for session in shown:
            session["lives"] = session.pop("expires_at") > 0
            del session["id"]
            if session["instructions"] != asked.get("instructions"):
                session["instructions"] = "those of the vendor"
        return shown

    asked = recorded(name, "sent")[0]["session"]
    assert sessions(answered) == sessions(recorded(name, "received"))


@pytest.mark.parametrize("name", [name for name in TALKS if TABLE[name].costs])
def test_costs_of_inputs(name: str, answered: list[Event]) -> None:
    def costs(events: list[Event]) -> list[Event]:
        done = [event["response"] for event in events if event["type"] == "response.done"]
        return [response["usage"]["input_token_details"] for response in done]

    assert costs(answered) == costs(recorded(name, "received"))


@pytest.mark.parametrize("name", SPOKEN_TALKS)
def test_times_and_words_of_what_was_spoken(name: str, answered: list[Event]) -> None:
    found = {event["type"]: event for event in answered}
    expected = {event["type"]: event for event in recorded(name, "received")}
    for kind, field in (
        ("input_audio_buffer.speech_started", "audio_start_ms"),
        ("input_audio_buffer.speech_stopped", "audio_end_ms"),
    ):
        assert found[kind][field] == pytest.approx(expected[kind][field], abs=20)
    completed = "conversation.item.input_audio_transcription.completed"
    assert found[completed]["usage"] == expected[completed]["usage"]
    assert found[completed]["transcript"] == SPOKEN
    kinds = [event["type"] for event in answered]
    first = kinds.index("conversation.item.input_audio_transcription.delta")
    assert first == kinds.index("response.created") + 1


def test_what_is_otherwise_is_found(recorded_pattern: Any) -> None:
    """The pattern that every event of every test is held to is no empty one."""
    (done,) = [e for e in recorded(TALKS[0], "received") if e["type"] == "response.done"]
    assert recorded_pattern.differences(done) == []
    response = done["response"]
    assert recorded_pattern.differences({**done, "response": {**response, "usage": None}})
    assert recorded_pattern.differences({**done, "response": {**response, "more": 1}})
    del response["output"][0]["status"]
    assert recorded_pattern.differences(done)


# HTTP

INFRASTRUCTURE = {
    "alt-svc",
    "apim-request-id",
    "azureml-served-by-cluster",
    "connection",
    "strict-transport-security",
    "transfer-encoding",
}
"""Headers of gateways in front of the service."""
SAME = {"access-control-allow-origin", "openai-version", "timing-allow-origin"}


@pytest.mark.parametrize("name", EXCHANGES)
async def test_exchanges(open_world: Any, name: str) -> None:
    client = (await open_world(profile=TABLE[name].profile)).client
    key = "sk-fake"
    for exchange in interactions(name):
        asked, expected = exchange["request"], exchange["response"]
        path = "/" + asked["uri"].partition("/v1/")[2]
        headers = {"Content-Type": asked["headers"]["content-type"][0]}
        if "parsed_body" in asked:
            body = {"json": asked["parsed_body"]}
        else:
            body = {"content": asked["body"], "headers": headers}
        answer = await client.post(path, key=key, **body)

        assert answer.status_code == expected["status"]["code"]
        headers = {name: values[0] for name, values in expected["headers"].items()}
        assert answer.headers["Content-Type"] == headers["content-type"]
        assert set(headers) - INFRASTRUCTURE <= set(answer.headers)
        for same in SAME & set(headers):
            assert answer.headers[same] == headers[same]
        if "location" in headers:
            assert call_shape(answer.headers["Location"]) == call_shape(headers["location"])
        if "parsed_body" in expected:
            assert pattern(answer.json()) == pattern(expected["parsed_body"])
            # The key itself is blanked in what was recorded.
            assert shapes(answer.json()["session"]) == shapes(expected["parsed_body"]["session"])
            key = answer.json()["value"]
            assert re.fullmatch("ek_[0-9a-f]{32}", key)
        else:
            kinds = [re.findall(r"^m=\w+", sdp, re.M) for sdp in (answer.text, _sdp(expected))]
            assert kinds[0] == kinds[1]


def call_shape(location: str) -> str:
    """Reduce a path to the classes of its letters."""
    head, _, call_id = location.rpartition("/")
    if re.fullmatch(r"rtc_[0-9a-f]{32}", call_id):
        return f"{head}/rtc_ and 32 hexadecimal digits"
    return f"{head}/{re.sub('[0-9A-Za-z]{21}$', '21 letters', re.sub('u[0-9]', 'uN', call_id))}"


def _sdp(response: dict[str, Any]) -> str:
    return str(response["body"]["string"])
