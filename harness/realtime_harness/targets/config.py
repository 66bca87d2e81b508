"""From a target's name to a :class:`Target`: built-in names, URLs, ``realtime-harness.toml``.

.. code-block:: toml

    [targets.staging]
    base_url = "https://gateway.example.com/v1"
    auth = "header:X-API-Key"           # bearer (the default), query:NAME, none
    api_key_env = "STAGING_KEY"         # or api_key = "…"
    model = "gpt-realtime"
    capabilities = ["api-keys", "websocket", "webrtc", "sideband"]
    ca_file = "staging.pem"             # relative to this file
    mcp_server_url = "https://mcp.example.com/mcp"  # that the endpoint can reach

    [targets.resource]
    kind = "azure"
    base_url = "https://RESOURCE.openai.azure.com/openai/v1"
    model = "name-of-a-deployment"

    [targets.ours]
    kind = "relay"
    base_url = "http://127.0.0.1:9000/v1"
    via = "ws"
    upstream = "staging"

Credentials come from the environment or from that file, never from the command line.
"""

from __future__ import annotations

import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from realtime_harness.errors import UsageError
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.kinds import (
    KEY_VARIABLE,
    KINDS,
    RELAY_KIND,
    RELAYED,
    Kind,
    kind_at,
)
from realtime_harness.targets.profiles import KeyPlace, KeyStyle, Profile
from realtime_harness.targets.retry import NEVER, Retry
from realtime_harness.targets.target import Target

__all__ = ["CONFIG_FILE", "FAKE_WITH_PROFILE", "KEY_VARIABLE", "TargetFile", "resolve_target"]

CONFIG_FILE = "realtime-harness.toml"
"""Read from the working directory if no other file is named."""

FAKE_WITH_PROFILE = "fake:"
"""Start of the name of a fake with a profile, which is behind it."""

_BUILT_IN = ("openai", "azure")
"""Kinds of which there is one without a table."""

_TYPES: dict[str, type] = {
    **dict.fromkeys(
        (
            "kind",
            "base_url",
            "api_key",
            "api_key_env",
            "model",
            "transcription_model",
            "mcp_server_url",
            "ca_file",
            "auth",
            "upstream",
            "via",
        ),
        str,
    ),
    **dict.fromkeys(("calls_need_ephemeral_key", "models_are_deployments", "webrtcfilter"), bool),
    "capabilities": list,
    "retries": int,
    "patience_s": float,
}
"""All that a table may have, and of what type."""

_SAID: dict[type, str] = {
    str: "has to be a string: put it in quotes",
    bool: "has to be true or false, without quotes",
    int: "has to be a number of at least 0, without quotes",
    float: "has to be a number above 0, without quotes",
}


@dataclass(frozen=True, slots=True)
class TargetFile:
    """The targets of a TOML file."""

    path: Path
    tables: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, path: Path | None = None) -> TargetFile:
        """Read a file; without a path, the one in the working directory, which need not exist.

        Raises:
            UsageError: if the file cannot be read or is not of the form shown above.

        """
        file = path if path is not None else Path(CONFIG_FILE)
        try:
            document = tomllib.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            if path is None:
                return cls(file, {})
            raise UsageError(f"{file} does not exist: name a file with [targets.NAME]") from None
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} cannot be read: {error}") from error
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{file} is not TOML: {error}") from error
        targets = document.pop("targets", {})
        if document:
            raise UsageError(
                f"{file}: {next(iter(document))}: unknown; put it below [targets.NAME]"
            )
        if not isinstance(targets, dict) or not all(isinstance(t, dict) for t in targets.values()):
            raise UsageError(f"{file}: targets: has to be tables: write [targets.NAME]")
        return cls(file, targets)


def resolve_target(name: str, file: TargetFile, environment: Mapping[str, str]) -> Target | None:
    """Return the target of that name, or ``None`` for a fake, which has to be started.

    Args:
        name: of a table in ``file``, a built-in name (``fake``, ``fake:<profile>``, ``openai``,
            ``azure``), or a base URL.
        file: looked into first.
        environment: where keys come from.

    Raises:
        UsageError: if there is no such target, its key is missing, or its table cannot be used;
            the message names file, table, key and remedy.

    """
    if name in file.tables:
        values = file.tables[name]
        return _Table(name, values, file, environment, f"{file.path}: targets.{name}").target()
    if name == "fake" or name.startswith(FAKE_WITH_PROFILE):
        return None
    if name in _BUILT_IN:
        return _Table(name, {"kind": name}, file, environment).target()
    if not _is_base_url(name):
        known = ", ".join(dict.fromkeys(["fake", *_BUILT_IN, *sorted(file.tables)]))
        raise UsageError(
            f"no target {name!r}: give {known}, a URL such as https://host/v1, "
            f"or add [targets.{name}] to {file.path}"
        )
    label = urlsplit(name).netloc
    return _Table(label, {"base_url": name}, file, environment).target()


class _Table:
    """Makes a target of a table, or of what a name stands for."""

    def __init__(
        self,
        name: str,
        values: Mapping[str, Any],
        file: TargetFile,
        environment: Mapping[str, str],
        where: str = "",
    ) -> None:
        self._name = name
        self._values = values
        self._file = file
        self._environment = environment
        self._where = where
        """File and table; empty for a target that has no table."""

    def target(self) -> Target:
        kind = self._kind()
        self._look_at_types(kind)
        upstream = self._upstream() if kind is RELAY_KIND else None
        base_url = self._base_url(kind)
        profile = self._profile(
            kind if upstream is None else replace(kind, profile=upstream.profile)
        )
        key, source = self._api_key(kind, profile, upstream)
        model = self._values.get("model") or self._environment.get(kind.model_variable)
        if upstream is not None:
            # What a relay does with a caller's key is its own affair.
            profile = replace(profile, calls_need_ephemeral_key=False, filters_calls=False)
            model = model or upstream.model
        optional: dict[str, Any] = {"model": model} if model else {}
        if "patience_s" in self._values:
            optional["patience_s"] = float(self._values["patience_s"])
        if upstream is not None:
            optional |= {"upstream": upstream, "relay_kind": self._via()}
            optional["mcp_server_url"] = upstream.mcp_server_url
        if "mcp_server_url" in self._values:
            optional["mcp_server_url"] = self._values["mcp_server_url"]
        target = Target(
            name=self._name,
            base_url=base_url,
            api_key=key,
            key_source=source,
            profile=profile,
            capabilities=self._capabilities(profile, upstream),
            ca_file=self._ca_file(),
            **optional,
        )
        return replace(target, retry=self._retry(target))

    def _kind(self) -> Kind:
        named = self._values.get("kind")
        if named is None:
            return kind_at(str(urlsplit(str(self._values.get("base_url", ""))).hostname))
        if named not in KINDS:
            raise self._wrong("kind", f"has to be one of {', '.join(KINDS)}")
        return KINDS[named]

    def _look_at_types(self, kind: Kind) -> None:
        of_some_kind = frozenset[str]().union(*(each.keys for each in KINDS.values()))
        for key, value in self._values.items():
            if key not in _TYPES:
                allowed = sorted(_TYPES.keys() - of_some_kind | kind.keys)
                raise self._wrong(key, f"unknown; known are {', '.join(allowed)}")
            if key in of_some_kind and key not in kind.keys:
                kinds = " and ".join(each.name for each in KINDS.values() if key in each.keys)
                raise self._wrong(key, f"is for kind {kinds}, and this target is {kind.name}")
            if not _fits(value, _TYPES[key]):
                raise self._wrong(key, _SAID[_TYPES[key]])

    def _base_url(self, kind: Kind) -> str:
        base_url = str(self._values.get("base_url", kind.base_url)).rstrip("/")
        if not base_url and not self._where and kind.root_variable:
            root = self._environment.get(kind.root_variable, "").rstrip("/")
            if not root:
                raise self._wrong("base_url", f"set {kind.root_variable} in the environment")
            base_url = root.removesuffix(kind.path) + kind.path
        if not _is_base_url(base_url):
            raise self._wrong("base_url", f'write the API\'s root, "{kind.example}"')
        if not urlsplit(base_url).path.endswith(kind.path):
            raise self._wrong("base_url", f'the GA API is below {kind.path}: "{kind.example}"')
        return base_url

    def _profile(self, kind: Kind) -> Profile:
        values = self._values
        changed: dict[str, Any] = {
            key: values[key]
            for key in ("calls_need_ephemeral_key", "models_are_deployments", "transcription_model")
            if key in values
        }
        if "webrtcfilter" in values:
            changed["filters_calls"] = values["webrtcfilter"]
        if "auth" in values:
            try:
                changed["key_style"] = KeyStyle.parse(values["auth"])
            except ValueError:
                known = "bearer, header:NAME, query:NAME or none"
                raise self._wrong("auth", f"has to be {known}") from None
        return replace(kind.profile, **changed)

    def _api_key(self, kind: Kind, profile: Profile, upstream: Target | None) -> tuple[str, str]:
        """Return the key, and where it is to be changed."""
        values, environment = self._values, self._environment
        if "api_key" in values and "api_key_env" in values:
            raise self._wrong("api_key", "give it or api_key_env, not both")
        if profile.key_style.place is KeyPlace.NONE:
            if unused := sorted({"api_key", "api_key_env"} & values.keys()):
                raise self._wrong(unused[0], 'auth is "none": leave one of the two out')
            return "", ""
        if "api_key" in values:
            if not values["api_key"]:
                raise self._wrong("api_key", "is empty: leave it out or fill it in")
            return str(
                values["api_key"]
            ), f"change targets.{self._name}.api_key in {self._file.path}"
        named = values.get("api_key_env")
        if upstream is not None and named is None:
            return upstream.api_key, upstream.key_source
        variables = (named,) if named is not None else kind.key_variables
        for variable in variables:
            if environment.get(variable):
                return environment[variable], f"set {variable} in the environment to another one"
        raise self._wrong("api_key_env", f"set {' or '.join(variables)} in the environment")

    def _capabilities(self, profile: Profile, upstream: Target | None) -> frozenset[Capability]:
        value = self._values.get("capabilities")
        if value is not None:
            known = sorted({each.value for each in Capability} - {Capability.CONTROL.value})
            if not isinstance(value, list) or not all(each in known for each in value):
                remedy = f"has to be a list of some of {', '.join(known)}"
                raise self._wrong("capabilities", remedy)
            return frozenset(Capability(each) for each in value)
        if upstream is not None:
            claimed = upstream.capabilities
            if self._via() == "webrtc" and Capability.WEBSOCKET in claimed:
                claimed |= {Capability.WEBRTC}
            return claimed & RELAYED[self._via()]
        claimed = frozenset(Capability) - {Capability.CONTROL}
        if profile.key_style.place is KeyPlace.NONE:
            claimed -= {Capability.API_KEYS, Capability.EPHEMERAL_KEYS}
        return claimed

    def _ca_file(self) -> str | None:
        named = self._values.get("ca_file")
        if named is None:
            return None
        file = self._file.path.parent / named
        if not file.is_file():
            raise self._wrong("ca_file", f"{file} does not exist: name a PEM file")
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
        except (ssl.SSLError, OSError) as error:
            raise self._wrong("ca_file", f"{file} holds no certificate: {error}") from error
        return str(file)

    def _retry(self, target: Target) -> Retry:
        if "retries" in self._values:
            return Retry(attempts=1 + self._values["retries"])
        return NEVER if target.is_loopback else Retry()

    def _via(self) -> str:
        via: str = self._values.get("via", "ws")
        if via not in RELAYED:
            raise self._wrong("via", f"has to be how clients come to it: {' or '.join(RELAYED)}")
        return via

    def _upstream(self) -> Target:
        named = self._values.get("upstream")
        if named is None:
            raise self._wrong("upstream", "name the target behind the relay")
        if self._file.tables.get(named, {}).get("kind") == RELAY_KIND.name:
            raise self._wrong("upstream", f"{named} is a relay too: name the service behind it")
        found = resolve_target(named, self._file, self._environment)
        if found is None:
            raise self._wrong(
                "upstream",
                "a fake that the run starts cannot be behind a relay that runs already: start "
                "`realtime-harness fake` and give its URL",
            )
        return found

    def _wrong(self, key: str, remedy: str) -> UsageError:
        if self._where:
            return UsageError(f"{self._where}.{key}: {remedy}")
        return UsageError(f"target {self._name} cannot be used: {remedy}")


def _fits(value: Any, wanted: type) -> bool:
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    # A list is looked into where it is used.
    return wanted is list or isinstance(value, wanted)


def _is_base_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and parts.username is None
            and not (parts.query or parts.fragment)
        )
    except ValueError:
        return False
