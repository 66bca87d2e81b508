from __future__ import annotations

import importlib.metadata
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from realtime_harness.contract import schemas

SCRIPT = Path(__file__).parents[2] / "harness" / "generate_contract.py"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    if not SCRIPT.exists():
        pytest.skip("the generator is only in the source tree")
    return runpy.run_path(str(SCRIPT))


def test_stored_contract_is_what_the_generator_makes(
    script: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    installed = f"openai-{importlib.metadata.version('openai')}"
    if installed != schemas.REVISION:
        pytest.skip(f"the contract is {schemas.REVISION}, installed is {installed}")
    assert script["main"](["--check"]) == 0, capsys.readouterr().err


def test_no_prose_is_carried_over(script: dict[str, Any]) -> None:
    def keywords(schema: Any) -> set[str]:
        if isinstance(schema, list):
            return set().union(*map(keywords, schema))
        if not isinstance(schema, dict):
            return set()
        found = set(schema)
        for keyword, value in schema.items():
            if keyword in {"properties", "patternProperties"}:
                found |= set().union(*map(keywords, value.values()))
            elif keyword not in {"const", "enum", "required"}:
                found |= keywords(value)
        return found

    definitions = script["generate"]()["$defs"]
    found = set().union(*map(keywords, definitions.values()))
    assert found <= {
        *("$ref", "anyOf", "type", "const", "enum", "properties", "required", "items"),
        *("additionalProperties", "maximum", "minimum"),
    }


def test_difference_is_reported(
    script: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(script["main"].__globals__, "FOLDER", tmp_path)
    assert script["main"](["--check"]) == 1
    assert "run harness/generate_contract.py" in capsys.readouterr().err
    assert script["main"]([]) == 0
    assert script["main"](["--check"]) == 0
    (written,) = tmp_path.iterdir()
    assert json.loads(written.read_text())["revision"] == written.stem


def test_amendment_that_changes_nothing_is_refused(script: dict[str, Any]) -> None:
    amendment = script["AMENDMENTS"][0]
    definitions = {amendment.model: {"properties": {amendment.field: amendment.schema}}}
    with pytest.raises(SystemExit, match="remove the amendment"):
        script["_amend"](definitions, amendment)
