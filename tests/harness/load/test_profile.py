from __future__ import annotations

from pathlib import Path

import pytest

from realtime_harness.errors import UsageError
from realtime_harness.load.profile import Profile, built_in, find
from realtime_harness.load.sessions import JOURNEYS, journey_class
from realtime_harness.load.slo import parse

MINE = """
name = "mine"
answers = "How is it?"
journey = "text"
"""


def test_what_comes_with_us() -> None:
    assert set(built_in()) == set(JOURNEYS)
    for name, profile in built_in().items():
        assert profile.name == name
        assert profile.answers.endswith("?")
        assert journey_class(profile.journey)
        assert all(map(parse, profile.objectives))


def test_one_of_the_users(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        MINE + 'think_s = 0\nusers = 3\n[parameters]\ntext = "Hi"\n'
        '[slo]\nobjectives = ["p95(ttft_ms) < 400"]\n'
    )
    profile = find(str(file))
    assert (profile.name, profile.users, profile.think_s) == ("mine", 3, 0)
    assert profile.parameters == {"text": "Hi"}
    assert profile.objectives == ("p95(ttft_ms) < 400",)
    assert Profile.from_json(profile.to_json()) == profile


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MINE + "user = 3", "user: unknown; known are name, answers"),
        (MINE + "users = 0", "users: has to be a whole number above 0"),
        (MINE + "users = true", "users: has to be a whole number"),
        (MINE + "think_s = -1", "think_s: has to be a number of seconds, 0 or more"),
        (MINE + 'spawn_rate = "fast"', "spawn_rate: has to be a number of sessions a second"),
        (MINE + "parameters = 3", "parameters: has to be a table"),
        (MINE + "[slo]\nobjective = []", "slo.objective: unknown; known is objectives"),
        (MINE + "[slo]\nobjectives = [3]", "slo.objectives: has to be a table"),
        ('name = "mine"', "answers: is missing"),
        ("name =", "is not TOML"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as raised:
        find(str(file))
    assert str(raised.value).startswith(str(file))
    assert said in str(raised.value)


def test_names_that_there_are_not() -> None:
    with pytest.raises(UsageError, match="no load profile named txt; there are barge-in"):
        find("txt")
    with pytest.raises(UsageError, match=r"mine\.toml does not exist"):
        find("mine.toml")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("txt", "unknown; known are text"),
        ("nowhere_at_all:Class", "cannot be imported"),
        ("json:JSONEncoder", "is no subclass"),
    ],
)
def test_journeys_that_there_are_not(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        journey_class(name)
