from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from realtime_harness.cli import app
from realtime_harness.drift import drifts

RECORDINGS = Path(__file__).parents[3] / "shared" / "recordings"

USER = {
    **{"id": "item_1", "type": "message", "role": "user", "status": "completed"},
    "content": [{"type": "input_text", "text": "Hi"}],
}
ADDED = {
    **{"type": "conversation.item.added", "event_id": "event_1"},
    **{"previous_item_id": None, "item": USER},
}


def told(recorded: dict[str, Any], faked: dict[str, Any] | None) -> list[tuple[str, ...]]:
    found = drifts([recorded], [faked] if faked else [])
    return [(each.path, each.recording, each.contract, each.fake) for each in found]


@pytest.mark.parametrize(
    ("recorded", "faked", "expected"),
    [
        (ADDED, {**ADDED, "event_id": "event_2"}, []),
        (ADDED, None, [("", "1 times", "known", "never")]),
        ({"type": "ping"}, {"type": "ping"}, [("", "1 times", "unknown", "1 times")]),
        ({**ADDED, "more": 1}, ADDED, [("more", "number", "unknown", "absent")]),
        (
            ADDED,
            {**ADDED, "previous_item_id": "item_0"},
            [("previous_item_id", "null", "known", "string")],
        ),
        (
            {**ADDED, "item": {**USER, "status": "incomplete"}},
            ADDED,
            [("item.status", "incomplete", "known", "completed")],
        ),
        (
            {**ADDED, "event_id": None},
            ADDED,
            [
                ("", "as sent", 'event_id: null is not of type "string"', ""),
                ("event_id", "null", "known", "string"),
            ],
        ),
    ],
    ids=["same", "not sent", "unknown", "more", "null", "value", "against the contract"],
)
def test_drifts(
    recorded: dict[str, Any], faked: dict[str, Any] | None, expected: list[tuple[str, ...]]
) -> None:
    assert told(recorded, faked) == expected


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"the recordings are not at {RECORDINGS}")
@pytest.mark.parametrize("name", ["openai_tool_call_round", "openai_sideband_text_turn"])
def test_fake_and_service_do_not_drift_apart(name: str) -> None:
    """What is left is what the SDK does not know, and both send."""
    done = CliRunner().invoke(app, ["drift", "--json", str(RECORDINGS / f"{name}.yaml")])
    found = json.loads(done.output)["drifts"]
    assert found
    assert {each["contract"] for each in found} == {"unknown"}
    assert all(each["recording"] == each["fake"] for each in found)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"the recordings are not at {RECORDINGS}")
def test_another_vendor_drifts() -> None:
    done = CliRunner().invoke(app, ["drift", str(RECORDINGS / "xai_audio_out_turn.yaml")])
    assert "session.modalities" in done.output
    assert "session.output_modalities" in done.output
    assert done.output.rstrip().endswith("differences")
