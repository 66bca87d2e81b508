"""Load profiles: what each session does, in TOML.

.. code-block:: toml

    name = "patient"
    answers = "How fast are turns of people who think for a while?"
    journey = "text"              # one of the journeys, or "module:Class" of your own
    users = 20                    # sessions, if neither --users nor --arrival-rate is given
    think_s = 5.0                 # between the end of a turn and the next one

    [parameters]                  # of the journey
    text = "How are you?"

    [slo]
    objectives = ["p95(ttft_ms) < 800", "rate(ok) > 0.99"]

The profiles that come with us are files of that form as well, in ``profiles/``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from realtime_harness.errors import UsageError

__all__ = ["Profile", "built_in", "find", "parse", "read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What each session of a run does."""

    name: str
    answers: str
    """The question to which a run of it is the answer."""
    journey: str
    """Name of one of :data:`realtime_harness.load.sessions.JOURNEYS`, or ``module:Class``."""
    users: int = 10
    """Sessions, if nothing else is said."""
    think_s: float = 1.0
    """From the end of an operation until the next one is due, seconds."""
    timeout_s: float = 15.0
    """For how long anything is waited for, seconds."""
    spawn_rate: float = 50.0
    """Sessions started a second, if nothing else is said."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """Of the journey."""
    objectives: tuple[str, ...] = ()
    """Objectives that hold unless others are given."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, for another process."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Profile:
        """Read back what :meth:`to_json` returned."""
        return cls(**{**values, "objectives": tuple(values["objectives"])})


_TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "answers": (str,),
    "journey": (str,),
    "users": (int,),
    "think_s": (int, float),
    "timeout_s": (int, float),
    "spawn_rate": (int, float),
    "parameters": (dict,),
    "slo": (dict,),
}
_REMEDIES: dict[str, str] = {
    "name": 'has to be a string: name = "mine"',
    "answers": "has to be a string: the question that a run answers",
    "journey": 'has to be a string: journey = "text", or "module:Class" of your own',
    "users": "has to be a whole number above 0",
    "think_s": "has to be a number of seconds, 0 or more",
    "timeout_s": "has to be a number of seconds above 0",
    "spawn_rate": "has to be a number of sessions a second above 0",
    "parameters": "has to be a table: [parameters]",
    "slo": 'has to be a table: [slo] with objectives = ["p95(ttft_ms) < 400"]',
}
_MAY_BE_NOTHING = frozenset({"think_s"})


def built_in() -> dict[str, Profile]:
    """Return the profiles that come with us, by name."""
    folder = files("realtime_harness.load").joinpath("profiles")
    found = [
        parse(each.read_text(encoding="utf-8"), each.name)
        for each in folder.iterdir()
        if each.name.endswith(".toml")
    ]
    return {each.name: each for each in sorted(found, key=lambda profile: profile.name)}


def find(name: str) -> Profile:
    """Return a profile that comes with us, or that of a file.

    Raises:
        UsageError: if there is none, or the file cannot be used.

    """
    if name.endswith(".toml"):
        return read(Path(name))
    known = built_in()
    if name not in known:
        raise UsageError(
            f"no load profile named {name}; there are {', '.join(known)}, and files of your own: "
            "load ./mine.toml"
        )
    return known[name]


def read(path: Path) -> Profile:
    """Read the profile of a file.

    Raises:
        UsageError: if it cannot be read, or is no profile; it says which file, key and remedy.

    """
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist: name a TOML file with a load profile") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def parse(text: str, file: str) -> Profile:
    """Read a profile.

    Args:
        text: TOML.
        file: how it is called in messages.

    Raises:
        UsageError: if it is no profile; it says which file, key and remedy.

    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not TOML: {error}") from error
    for key, value in values.items():
        if key not in _TYPES:
            raise UsageError(f"{file}: {key}: unknown; known are {', '.join(_TYPES)}")
        if not _fits(key, value):
            raise UsageError(f"{file}: {key}: {_REMEDIES[key]}")
    needed = [each.name for each in fields(Profile)][:3]
    for key in needed:
        if not values.get(key):
            raise UsageError(f"{file}: {key}: is missing; it {_REMEDIES[key]}")
    slo = values.pop("slo", {})
    if unknown := sorted(slo.keys() - {"objectives"}):
        raise UsageError(f"{file}: slo.{unknown[0]}: unknown; known is objectives")
    objectives = slo.get("objectives", [])
    if not isinstance(objectives, list) or not all(isinstance(o, str) for o in objectives):
        raise UsageError(f"{file}: slo.objectives: {_REMEDIES['slo']}")
    return Profile(**values, objectives=tuple(objectives))


def _fits(key: str, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, _TYPES[key]):
        return False
    if isinstance(value, int | float):
        return value > 0 or (value == 0 and key in _MAY_BE_NOTHING)
    return True
