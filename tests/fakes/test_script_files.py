from __future__ import annotations

import os
from pathlib import Path

import pytest

from realtime_fakes.brain import EchoBrain, Say, Turn
from realtime_fakes.script_files import ScriptFile, read_script
from realtime_fakes.scripts import ScriptError

TURN = Turn(text="hello", modality="text", instructions="", items=())


def said(file: ScriptFile) -> str:
    (output,) = file.current().answer(TURN, EchoBrain()).output
    assert isinstance(output, Say)
    return output.text


def write(path: Path, text: str, version: int) -> None:
    """Write a file; its time of change is the version, so that no test depends on the clock."""
    path.write_text(text)
    os.utime(path, ns=(version, version))


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        pytest.param("rules:\n  - say: a\n    sya: b\n", "s:3: ", "Did you mean 'say'", id="key"),
        pytest.param(
            "rules:\n  - say: a\n  - when:\n      turn: 0\n    say: b\n",
            "s:4: ",
            ">= 1",
            id="value",
        ),
        pytest.param("rules:\n  - {}\n", "s:2: ", "Add one of", id="element"),
        pytest.param("rule: []\n", "s:1: ", "list of rules", id="no-rules"),
        pytest.param("rules:\n - say: a\n   say: b\n", "s:3: ", "'say' is here twice", id="twice"),
        pytest.param("rules:\n - on: a\n", "s:2: ", "Put it in quotes", id="no-word"),
        pytest.param("rules: [\n", "s:2: ", "This is not YAML", id="unfinished"),
        pytest.param('rules:\n  - say: "a\n', "s:3: ", "This is not YAML", id="quote"),
        pytest.param("rules:\n\t- say: a\n", "s:2: ", "This is not YAML", id="tab"),
        pytest.param("\0", "s: ", "This is not YAML", id="control"),
        pytest.param("[" * 5000, "s: ", "This is not YAML", id="deep"),
        pytest.param("", "s: ", "The script is empty", id="empty"),
        pytest.param("[]", "s:1: ", "expected an object", id="list"),
        pytest.param('{"rules": [{"call": {"f": 1}}]}', "s:1: ", "rules[0].call.f", id="json"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, place: str, told: str) -> None:
    with pytest.raises(ScriptError) as refused:
        read_script(text, source="s")
    assert str(refused.value).startswith(place)
    assert told in str(refused.value)


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    write(path, "rules: [{say: one}]", 1)
    file = ScriptFile(path)
    assert said(file) == "one"
    write(path, "rules: [{say: two}]", 2)
    assert said(file) == "two"
    assert file.describe() == {"source": str(path), "rules": 1, "error": None}


def test_a_file_that_became_wrong_leaves_the_rules(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "s.yaml"
    write(path, "rules: [{say: one}]", 1)
    file = ScriptFile(path)
    write(path, "rules: [{sya: two}]", 2)
    assert [said(file), said(file)] == ["one", "one"]
    (record,) = caplog.records
    assert f"{path}:1: " in record.message
    assert "'say'" in file.describe()["error"]
    path.unlink()
    assert said(file) == "one"
    write(path, "rules: [{say: three}]", 3)
    assert said(file) == "three"
    assert file.describe()["error"] is None


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "cannot be read"), (b"\xff", "UTF-8")],
    ids=["missing", "binary"],
)
def test_a_file_that_is_no_script_is_refused(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "s.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScriptError, match=told):
        ScriptFile(path)
