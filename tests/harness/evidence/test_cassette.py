from __future__ import annotations

from pathlib import Path

import pytest

from realtime_harness.errors import UsageError
from realtime_harness.evidence.cassette import read_cassette
from realtime_harness.evidence.entry import Direction, Kind, Lane

CASSETTE = """\
version: 1
interactions:
- kind: message
  direction: sent
  data: {type: response.create}
- kind: message
  direction: received
  data: {type: response.created, value: ek_0123456789abcdef}
- request:
    method: POST
    uri: https://api.openai.com/v1/realtime/client_secrets
    headers: {Content-Type: [application/json]}
    parsed_body: {session: {type: realtime}}
  response:
    status: {code: 201, message: Created}
    headers: {location: [/v1/realtime/calls/rtc_1], x-more: [a, b]}
    body: {string: v=0}
"""


@pytest.fixture
def cassette(tmp_path: Path) -> Path:
    path = tmp_path / "turn.yaml"
    path.write_text(CASSETTE, encoding="utf-8")
    return path


def test_messages_and_exchanges(cassette: Path) -> None:
    entries = read_cassette(cassette)
    assert [(entry.lane, entry.direction, entry.kind) for entry in entries] == [
        (Lane.WEBSOCKET, Direction.SENT, Kind.EVENT),
        (Lane.WEBSOCKET, Direction.RECEIVED, Kind.EVENT),
        (Lane.HTTP, Direction.SENT, Kind.REQUEST),
        (Lane.HTTP, Direction.RECEIVED, Kind.RESPONSE),
    ]
    assert [entry.seq for entry in entries] == [0, 1, 2, 3]
    assert entries[0].data == {"type": "response.create"}
    assert entries[1].data["value"] == "[redacted]"
    assert entries[2].data == {
        "method": "POST",
        "url": "https://api.openai.com/v1/realtime/client_secrets",
        "headers": {"content-type": "application/json"},
        "body": '{"session":{"type":"realtime"}}',
    }
    assert entries[3].data == {
        "status": 201,
        "headers": {"location": "/v1/realtime/calls/rtc_1", "x-more": "a, b"},
        "body": "v=0",
    }


def test_those_of_sidebands_are_named_so(cassette: Path) -> None:
    renamed = cassette.rename(cassette.with_name("a_sideband_turn.yaml"))
    assert read_cassette(renamed)[0].lane is Lane.SIDEBAND


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: b: c", ", line 1: is not YAML"),
        ("- a", ", line 1: has no list of interactions"),
        ("interactions: 3", ", line 1: has no list of interactions"),
        ("interactions:\n- kind: message\n  data: {}", ", line 2: 'direction' is missing"),
        ("interactions:\n- kind: frame", ", line 2: the kind 'frame' is not known"),
        ("interactions:\n\n- 3", ", line 3: an interaction has to be a mapping"),
        (
            "interactions:\n- {kind: message, direction: sent, data: text}",
            ", line 2: data has to be an event",
        ),
        (
            "interactions:\n- {kind: message, direction: up, data: {}}",
            ", line 2: 'up' is not a valid Direction",
        ),
    ],
)
def test_what_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_cassette(path)
    assert f"{path}{said}" in str(caught.value)
    assert "give a cassette" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_cassette(tmp_path / "c.yaml")
