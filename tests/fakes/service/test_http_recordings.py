"""Recorded HTTP exchanges, asked again of the fake: status, keys, nulls, media type, ids."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

RECORDINGS = Path(__file__).parents[4] / "shared" / "recordings"

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"the recordings are not at {RECORDINGS}"
)

CASES = {
    "openai_client_secret": "openai-2026-09",
    "openai_calls_answer": "openai-2026-09",
    "azure_calls_answer": "azure-ga",
}


def exchanges(name: str) -> list[dict[str, Any]]:
    recording = yaml.safe_load((RECORDINGS / f"{name}.yaml").read_text())
    return recording["interactions"]


def pattern(value: Any) -> Any:
    """Reduce a value to its keys at every level, and to what is null and what is not."""
    if isinstance(value, dict):
        return {key: pattern(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [pattern(entry) for entry in value]
    return None if value is None else type(value).__name__


def shape(location: str) -> str:
    """Reduce a path to the classes of its letters."""
    head, _, call_id = location.rpartition("/")
    if re.fullmatch(r"rtc_[0-9a-f]{32}", call_id):
        return f"{head}/rtc_ and 32 hexadecimal digits"
    return f"{head}/{re.sub('[0-9A-Za-z]{21}$', '21 letters', re.sub('u[0-9]', 'uN', call_id))}"


@pytest.mark.parametrize("name", CASES)
async def test_answers_are_as_recorded(open_world: Any, name: str) -> None:
    client = (await open_world(profile=CASES[name])).client
    key = "sk-fake"
    for exchange in exchanges(name):
        asked, expected = exchange["request"], exchange["response"]
        path = "/" + asked["uri"].partition("/v1/")[2]
        headers = {"Content-Type": asked["headers"]["content-type"][0]}
        if "parsed_body" in asked:
            body = {"json": asked["parsed_body"]}
        else:
            body = {"content": asked["body"], "headers": headers}
        answer = await client.post(path, key=key, **body)

        assert answer.status_code == expected["status"]["code"]
        recorded = {name: values[0] for name, values in expected["headers"].items()}
        assert answer.headers["Content-Type"] == recorded["content-type"]
        if "location" in recorded:
            assert shape(answer.headers["Location"]) == shape(recorded["location"])
        if "parsed_body" in expected:
            assert pattern(answer.json()) == pattern(expected["parsed_body"])
            key = answer.json()["value"]
        else:
            kinds = [re.findall(r"^m=\w+", sdp, re.M) for sdp in (answer.text, _sdp(expected))]
            assert kinds[0] == kinds[1]


def _sdp(response: dict[str, Any]) -> str:
    return response["body"]["string"]
