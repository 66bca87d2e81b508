from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from realtime_harness.shape import beta_sign

RECORDINGS = Path(__file__).parents[3] / "shared" / "recordings"

BETA_SESSION = {"id": "sess_1", "modalities": ["text"], "input_audio_format": "pcm16"}


@pytest.mark.parametrize(
    ("event", "sign"),
    [
        ({"type": "response.text.delta"}, "response.text.delta"),
        ({"type": "response.audio_transcript.done"}, "response.audio_transcript.done"),
        (
            {"type": "session.created", "session": BETA_SESSION},
            "session.created with session.input_audio_format and without session.type",
        ),
        ({"type": "session.created", "session": {**BETA_SESSION, "type": "realtime"}}, ""),
        ({"type": "session.created", "session": {"id": "sess_1", "modalities": ["text"]}}, ""),
        ({"type": "session.created"}, ""),
        ({"type": "response.output_text.delta"}, ""),
        ({}, ""),
    ],
    ids=["text", "transcript", "session", "typed-session", "bare", "none", "ga", "nothing"],
)
def test_signs(event: dict[str, Any], sign: str) -> None:
    assert beta_sign(event) == sign


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not here")
def test_services_that_were_recorded_do_not_speak_it() -> None:
    read = 0
    for path in RECORDINGS.glob("*_turn.yaml"):
        for each in yaml.safe_load(path.read_text())["interactions"]:
            if each.get("direction") == "received" and isinstance(each.get("data"), dict):
                assert beta_sign(each["data"]) == "", path.name
                read += 1
    assert read
