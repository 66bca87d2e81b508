"""A target: one endpoint under test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.profiles import OPENAI, Profile
from realtime_harness.targets.retry import NEVER, Retry

__all__ = ["Target", "settings_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One endpoint under test: where it is, how to be let in, what it claims."""

    name: str
    """``fake``, ``openai``, … or the host of a URL target."""

    base_url: str
    """``http(s)://host[:port]/…/v1``, without a trailing slash."""

    api_key: str = field(repr=False)
    """A standard key. Never in evidence, logs or reports."""

    model: str = "gpt-realtime"
    capabilities: frozenset[Capability] = frozenset(Capability) - {Capability.CONTROL}
    control_url: str | None = None
    """Root of the fake's control API, for targets that claim :attr:`Capability.CONTROL`."""

    profile: Profile = OPENAI
    """How it legally differs from others."""

    retry: Retry = NEVER
    """How requests that set something up are made again."""

    upstream: Target | None = None
    """For a relay of the user's: the service behind it, which it is compared with."""

    relay_kind: str = ""
    """For the same: ``ws`` or ``webrtc``, by which clients come to it; otherwise empty."""

    key_source: str = ""
    """Where the key came from, in words that tell where to change it."""

    mcp_server_url: str | None = None
    """An MCP server that the endpoint can reach, without approval or harm; ``None`` if there is
    none. A tool ``fail`` of it is expected to fail."""

    ca_file: str | None = None
    """PEM file to trust in addition, for targets with a certificate of their own."""

    query: dict[str, str] = field(default_factory=dict)
    """Added to every URL: what an endpoint wants to be told each time."""

    patience_s: float = 5.0
    """How long a scenario waits for what has to come, seconds, where it does not say otherwise."""

    switches: dict[str, list[str]] = field(default_factory=dict)
    """What is switched on in a fake: ``{"defects": [...], "behaviours": [...]}``."""

    settings: dict[str, str] = field(default_factory=dict)
    """How a fake is set besides: its ``clock``, ``latency``, ``script`` and ``seed``."""

    @property
    def calls_need_ephemeral_key(self) -> bool:
        """As :attr:`Profile.calls_need_ephemeral_key`."""
        return self.profile.calls_need_ephemeral_key

    @property
    def models_are_deployments(self) -> bool:
        """As :attr:`Profile.models_are_deployments`."""
        return self.profile.models_are_deployments

    @property
    def transcription_model(self) -> str:
        """As :attr:`Profile.transcription_model`."""
        return self.profile.transcription_model

    @property
    def is_loopback(self) -> bool:
        """Whether the endpoint is on this machine."""
        return urlsplit(self.base_url).hostname in {"127.0.0.1", "localhost", "::1"}

    def http_url(self, path: str, **query: str) -> str:
        """Return the URL of ``path`` (``/realtime/calls``) below the base URL."""
        parameters = urlencode({**self.query, **query})
        separator = "&" if "?" in path else "?"
        return self.base_url + path + (separator + parameters if parameters else "")

    def websocket_url(self, path: str = "/realtime", **query: str) -> str:
        """Return the ``ws(s)://`` URL of ``path`` below the base URL."""
        scheme, host, root, *_ = urlsplit(self.base_url)
        ws = {"http": "ws", "https": "wss"}[scheme]
        return urlunsplit((ws, host, root + path, urlencode({**self.query, **query}), ""))

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, for another process. They contain the key."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            **values,
            "capabilities": sorted(each.value for each in self.capabilities),
            "profile": self.profile.to_json(),
            "retry": asdict(self.retry),
            "upstream": self.upstream.to_json() if self.upstream is not None else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Target:
        """Read back what :meth:`to_json` returned."""
        upstream = values["upstream"]
        read = {
            "capabilities": frozenset(map(Capability, values["capabilities"])),
            "profile": Profile.from_json(values["profile"]),
            "retry": Retry(**values["retry"]),
            "upstream": cls.from_json(upstream) if upstream is not None else None,
        }
        return cls(**{**values, **read})


def settings_of(state: Mapping[str, Any]) -> dict[str, str]:
    """Return :attr:`Target.settings`, of what a fake's control API says about its state."""
    clock, script = state.get("clock"), state.get("script")
    said = {
        "clock": clock.get("kind") if isinstance(clock, dict) else None,
        "latency": state.get("latency"),
        "script": script.get("source") if isinstance(script, dict) else None,
        "seed": state.get("seed"),
    }
    return {name: str(value) for name, value in said.items() if value is not None}
