"""A target: one endpoint under test."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit, urlunsplit

from realtime_harness.targets.capabilities import Capability

__all__ = ["Target"]


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

    calls_need_ephemeral_key: bool = False
    """Whether a standard key opens no call, as on Azure. Calls are then opened with a key that is
    made for each of them."""

    models_are_deployments: bool = False
    """Whether ``model`` is a name that the customer gave, as on Azure, and says nothing of what is
    behind it."""

    transcription_model: str = "gpt-4o-mini-transcribe"
    """What writes down what the user says; on Azure the name of a deployment."""

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
