"""The kinds of targets: what each is by default, and what its table may say."""

from __future__ import annotations

from dataclasses import dataclass

from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.profiles import AZURE, COMPATIBLE, OPENAI, Profile

__all__ = ["COMPATIBLE_KIND", "KEY_VARIABLE", "KINDS", "RELAYED", "RELAY_KIND", "Kind", "kind_at"]

KEY_VARIABLE = "REALTIME_API_KEY"
"""Environment variable with the key of a target that names no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of endpoints."""

    name: str
    summary: str
    profile: Profile
    base_url: str = ""
    """If there is only one."""
    root_variable: str = ""
    """Environment variable with the part of the base URL before ``path``."""
    path: str = ""
    """What the path of the base URL has to end in; empty if it may be any."""
    example: str = "https://host/v1"
    """A base URL."""
    key_variables: tuple[str, ...] = (KEY_VARIABLE,)
    """Environment variables in which the key is looked for, in this order."""
    model_variable: str = ""
    """Environment variable with the model."""
    hosts: tuple[str, ...] = ()
    """Ends of the host names by which a URL is known to be of this kind."""
    keys: frozenset[str] = frozenset()
    """What its table may have in addition to what every table may have."""


_PARTICULARS = frozenset({"calls_need_ephemeral_key", "models_are_deployments"})

COMPATIBLE_KIND = Kind(
    name="compatible",
    summary="anything that claims to speak the API, at any base URL",
    profile=COMPATIBLE,
    keys=frozenset({"auth"}) | _PARTICULARS,
)

RELAY_KIND = Kind(
    name="relay",
    summary="a relay of yours in front of another target, which it is compared with",
    profile=COMPATIBLE,
    keys=frozenset({"auth", "upstream", "via"}),
)

_ALL = (
    Kind(
        name="openai",
        summary="OpenAI's service",
        profile=OPENAI,
        base_url="https://api.openai.com/v1",
        key_variables=("OPENAI_API_KEY", KEY_VARIABLE),
        hosts=("api.openai.com",),
    ),
    Kind(
        name="azure",
        summary="Azure OpenAI, the GA API of one resource",
        profile=AZURE,
        root_variable="AZURE_OPENAI_ENDPOINT",
        path="/openai/v1",
        example="https://RESOURCE.openai.azure.com/openai/v1",
        key_variables=("AZURE_OPENAI_API_KEY", KEY_VARIABLE),
        model_variable="AZURE_OPENAI_DEPLOYMENT",
        hosts=(".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"),
        keys=frozenset({"webrtcfilter"}),
    ),
    COMPATIBLE_KIND,
    RELAY_KIND,
)

KINDS = {kind.name: kind for kind in _ALL}
"""By name."""

RELAYED = {
    "ws": frozenset(
        {
            Capability.API_KEYS,
            Capability.WEBSOCKET,
            Capability.TRANSCRIPTION,
            Capability.TRANSLATION,
            Capability.MCP,
        }
    ),
    "webrtc": frozenset({Capability.API_KEYS, Capability.WEBRTC, Capability.MCP}),
}
"""By how clients come to a relay: what it can have, as far as what is behind it has it."""


def kind_at(host: str) -> Kind:
    """Return the kind of the endpoint on that host, as far as a name can tell."""
    return next((kind for kind in _ALL if host.endswith(kind.hosts)), COMPATIBLE_KIND)
