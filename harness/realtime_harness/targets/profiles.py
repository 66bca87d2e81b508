"""Profiles: how the endpoints of vendors legally differ, as data with a date.

Sources of ``azure-ga``: pydantic-ai cassettes ``test_azure_*`` (July 2026), its
``docs/realtime/azure.md``, and a probe of the service
(https://github.com/swigerb/SonicAIDriveThru).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

__all__ = ["AZURE", "COMPATIBLE", "OPENAI", "PROFILES", "KeyPlace", "KeyStyle", "Profile"]

_EPHEMERAL = "ek_"
_STYLE = re.compile(r"(?P<alone>bearer|none)|(?P<place>header|query):(?P<name>[A-Za-z0-9_-]+)")


class KeyPlace(Enum):
    """Where a request carries its key."""

    BEARER = "bearer"
    """``Authorization: Bearer <key>``."""
    HEADER = "header"
    """A header of its own, such as Azure's ``api-key``."""
    QUERY = "query"
    """A parameter of the URL."""
    NONE = "none"
    """Nowhere: the endpoint asks for no key."""


@dataclass(frozen=True, slots=True)
class KeyStyle:
    """How a key is shown, where a client may set headers."""

    place: KeyPlace = KeyPlace.BEARER
    name: str = ""
    """Of the header or of the parameter."""

    @classmethod
    def parse(cls, text: str) -> KeyStyle:
        """Read ``bearer``, ``none``, ``header:NAME`` or ``query:NAME``.

        Raises:
            ValueError: if it is none of these.

        """
        match = _STYLE.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no way to show a key")
        return cls(KeyPlace(match["alone"] or match["place"]), match["name"] or "")

    def __str__(self) -> str:
        return f"{self.place.value}:{self.name}" if self.name else self.place.value

    def headers(self, key: str) -> dict[str, str]:
        """Return the headers that show ``key``."""
        match self._place_of(key):
            case KeyPlace.BEARER:
                return {"Authorization": f"Bearer {key}"}
            case KeyPlace.HEADER:
                return {self.name: key}
        return {}

    def query(self, key: str) -> dict[str, str]:
        """Return the parameters that show ``key``."""
        return {self.name: key} if self._place_of(key) is KeyPlace.QUERY else {}

    def _place_of(self, key: str) -> KeyPlace:
        if not key:
            return KeyPlace.NONE
        # Keys that were made for a browser are bearer tokens with all vendors, and so is a key
        # that is tried where there should be none.
        strange = key.startswith(_EPHEMERAL) or self.place is KeyPlace.NONE
        return KeyPlace.BEARER if strange else self.place


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One vendor's endpoint at one time."""

    name: str
    """With its date, where there is one."""
    summary: str

    key_style: KeyStyle = KeyStyle()
    """How standard keys are shown."""

    calls_need_ephemeral_key: bool = False
    """Whether a standard key opens no call. Calls are then opened with a key that is made for each
    of them."""

    models_are_deployments: bool = False
    """Whether ``model`` is a name that the customer gave, and says nothing of what is behind it."""

    transcription_model: str = "gpt-4o-mini-transcribe"
    """What writes down what the user says; the name of a deployment where models are these."""

    filters_calls: bool = False
    """Whether calls are made with ``webrtcfilter=on``, which keeps most events off the data
    channel."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**values, "key_style": str(self.key_style)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Profile:
        """Read back what :meth:`to_json` returned."""
        return cls(**{**values, "key_style": KeyStyle.parse(values["key_style"])})


OPENAI = Profile(name="openai-2026-09", summary="OpenAI's service in September 2026.")

AZURE = Profile(
    name="azure-ga",
    summary="Azure OpenAI's GA API in September 2026: below /openai/v1, keys in a header of their "
    "own, calls with ephemeral keys only, models are deployments.",
    key_style=KeyStyle(KeyPlace.HEADER, "api-key"),
    calls_need_ephemeral_key=True,
    models_are_deployments=True,
)

COMPATIBLE = Profile(
    name="compatible",
    summary="Whatever claims to speak the API, by the particulars that its table gives.",
)

PROFILES = {profile.name: profile for profile in (OPENAI, AZURE, COMPATIBLE)}
"""By name."""
