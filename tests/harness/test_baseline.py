from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from realtime_harness.baseline import Baseline, Known, base_id, client_of, updated
from realtime_harness.errors import UsageError

ENTRY = 'scenario = "a/one"\ncheck = "rt.a.x"\nreason = "it is old"\n'
FILE = f"""\
# Kept by hand.
[[known]]
{ENTRY}issue = "https://example.com/1"
until = 2027-03-01  # then it is mended

[[known]]
scenario = "a/two"
check = "rt.a.y"
reason = "only there"
target = "staging*"

[[flaky]]
scenario = "a/three"
check = "rt.a.z"
reason = "shared runner"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "baseline.toml"
    path.write_text(FILE)
    return path


def test_entries_of_a_target(path: Path) -> None:
    baseline = Baseline.read(path, "fake")
    known = baseline.find("a/one#3~2", "rt.a.x")
    assert known is not None
    assert (known.until, known.flaky) == (date(2027, 3, 1), False)
    assert str(known) == "it is old; https://example.com/1; until 2027-03-01"
    assert baseline.find("a/two", "rt.a.y") is None
    assert baseline.find("a/three", "rt.a.z").flaky
    assert Baseline.read(path, "staging-2").find("a/two", "rt.a.y").reason == "only there"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[[know]]", "know: unknown; write", id="table"),
        pytest.param('known = "x"', r"known: has to be tables: write \[\[known\]\]", id="text"),
        pytest.param("[[known", "is not TOML", id="syntax"),
        pytest.param('[[known]]\ncheck="a"\nreason="b"', "1: scenario: is missing", id="gone"),
        pytest.param(f"[[known]]\n{ENTRY}untill=1", "known 1: untill: unknown; known", id="key"),
        pytest.param(f'[[known]]\n{ENTRY}until="2027-03-01"', "without quotes", id="quoted-date"),
        pytest.param(f"[[known]]\n{ENTRY}until=2027-03-01T00:00:00", "write a date", id="time"),
        pytest.param(f"[[known]]\n{ENTRY}issue=17", "1: issue: has to be a text", id="number"),
        pytest.param(f'[[known]]\n{ENTRY}issue=" "', "not empty", id="blank"),
        pytest.param(f"[[known]]\n{ENTRY}[[flaky]]\n{ENTRY}", "in a/one is listed", id="two"),
    ],
)
def test_what_cannot_be_used_is_named(path: Path, text: str, message: str) -> None:
    path.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        Baseline.read(path, "fake")
    assert str(path) in str(caught.value)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="baseline update RUN"):
        Baseline.read(tmp_path / "none.toml", "fake")


@pytest.mark.parametrize(
    "scenario", ["a/one", "a/one#2", "a/one~2", "a/one#2~3"], ids=["plain", "#", "~", "#~"]
)
def test_base_id(scenario: str) -> None:
    assert base_id(scenario) == "a/one"


def test_update_leaves_the_rest_alone(path: Path) -> None:
    gone = Known(scenario="a/three", check="rt.a.z", reason="")
    new = Known(scenario="b/new", check="rt.b.n", reason='says "no"', until=date(2027, 1, 2))
    text, added, removed = updated(path, add=[new], remove=[gone], target="fake")
    assert (added, removed) == (1, 1)
    assert text.startswith(FILE[: FILE.index("[[flaky]]")])
    path.write_text(text)
    baseline = Baseline.read(path, "fake")
    assert set(baseline.entries) == {("a/one", "rt.a.x"), ("b/new", "rt.b.n")}
    assert baseline.entries["b/new", "rt.b.n"] == new


def test_update_takes_an_entry_of_another_message_out(path: Path) -> None:
    path.write_text(f'[[known]]\n{ENTRY}message = "got 1"\n')
    new = Known(scenario="a/one", check="rt.a.x", reason="still old")
    text, *counts = updated(path, add=[new], remove=[], target="fake")
    assert counts == [1, 1]
    assert "got 1" not in text


def test_update_touches_no_entry_of_another_target(path: Path) -> None:
    gone = Known(scenario="a/two", check="rt.a.y", reason="")
    text, *counts = updated(path, add=[], remove=[gone], target="fake")
    assert (text, counts) == (FILE, [0, 0])


def test_update_makes_a_file(tmp_path: Path) -> None:
    new = Known(scenario="b/new", check="rt.b.n", reason="new", target="staging")
    path = tmp_path / "made.toml"
    text, *_ = updated(path, add=[new], remove=[], target="staging")
    path.write_text(text)
    assert Baseline.read(path, "staging").entries["b/new", "rt.b.n"] == new


def test_a_client_is_part_of_the_scenario() -> None:
    assert base_id("a/one@chromium#2~3") == "a/one@chromium"
    assert client_of("a/one@chromium#2~3") == "chromium"
    assert client_of("a/one#2") == ""
