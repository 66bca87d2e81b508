"""From a target's name to a :class:`Target`: built-in names, URLs, ``realtime-harness.toml``.

.. code-block:: toml

    [targets.staging]
    base_url = "https://gateway.example.com/v1"
    api_key_env = "STAGING_KEY"         # or api_key = "…"
    model = "gpt-realtime"
    capabilities = ["websocket", "webrtc", "sideband", "ephemeral-keys", "hangup"]
    ca_file = "staging.pem"             # relative to this file
    calls_need_ephemeral_key = true     # as on Azure
    mcp_server_url = "https://mcp.example.com/mcp"  # that the endpoint can reach
    models_are_deployments = true       # likewise

Credentials come from the environment or from that file, never from the command line.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from realtime_harness.errors import UsageError
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.target import Target

__all__ = ["CONFIG_FILE", "FAKE_WITH_PROFILE", "KEY_VARIABLE", "TargetFile", "resolve_target"]

CONFIG_FILE = "realtime-harness.toml"
"""Read from the working directory if no other file is named."""

KEY_VARIABLE = "REALTIME_API_KEY"
"""Environment variable with the key of a target that names no other."""

FAKE_WITH_PROFILE = "fake:"
"""Start of the name of a fake with a profile, which is behind it."""

_BUILT_IN = {"openai": ("https://api.openai.com/v1", "OPENAI_API_KEY")}

_FLAGS = frozenset({"calls_need_ephemeral_key", "models_are_deployments"})
_TEXTS = ("model", "mcp_server_url")
_KEYS = _FLAGS | {*_TEXTS, "base_url", "api_key", "api_key_env", "capabilities", "ca_file"}


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

    def target(self, name: str, environment: Mapping[str, str]) -> Target:
        """Return the target of that name.

        Raises:
            UsageError: if its table cannot be used; the message names file, key and remedy.

        """
        table = self.tables[name]
        for key in table:
            if key not in _KEYS:
                raise self._wrong(name, key, f"unknown; known are {', '.join(sorted(_KEYS))}")
        for key in _KEYS - _FLAGS - {"capabilities"}:
            if key in table and not isinstance(table[key], str):
                raise self._wrong(name, key, "has to be a string: put it in quotes")
        for key in _FLAGS:
            if key in table and not isinstance(table[key], bool):
                raise self._wrong(name, key, "has to be true or false, without quotes")
        base_url = table.get("base_url", "").rstrip("/")
        if not _is_base_url(base_url):
            raise self._wrong(name, "base_url", 'write the API\'s root, "https://host/v1"')
        optional: dict[str, Any] = {key: table[key] for key in _FLAGS if key in table}
        optional |= {key: table[key] for key in _TEXTS if key in table}
        if "ca_file" in table:
            ca_file = self.path.parent / table["ca_file"]
            if not ca_file.is_file():
                raise self._wrong(name, "ca_file", f"{ca_file} does not exist: name a PEM file")
            optional["ca_file"] = str(ca_file)
        if "capabilities" in table:
            optional["capabilities"] = self._capabilities(name, table["capabilities"])
        return Target(
            name=name,
            base_url=base_url,
            api_key=self._api_key(name, table, environment),
            **optional,
        )

    def _api_key(self, name: str, table: Mapping[str, Any], environment: Mapping[str, str]) -> str:
        if "api_key" in table and "api_key_env" in table:
            raise self._wrong(name, "api_key", "give it or api_key_env, not both")
        if "api_key" in table:
            if not table["api_key"]:
                raise self._wrong(name, "api_key", "is empty: leave it out or fill it in")
            return str(table["api_key"])
        variable = table.get("api_key_env", KEY_VARIABLE)
        if not environment.get(variable):
            raise self._wrong(name, "api_key_env", f"set {variable} in the environment")
        return environment[variable]

    def _capabilities(self, name: str, value: Any) -> frozenset[Capability]:
        known = sorted({each.value for each in Capability} - {Capability.CONTROL.value})
        if not isinstance(value, list) or not all(each in known for each in value):
            remedy = f"has to be a list of some of {', '.join(known)}"
            raise self._wrong(name, "capabilities", remedy)
        return frozenset(Capability(each) for each in value)

    def _wrong(self, name: str, key: str, remedy: str) -> UsageError:
        return UsageError(f"{self.path}: targets.{name}.{key}: {remedy}")


def resolve_target(name: str, file: TargetFile, environment: Mapping[str, str]) -> Target | None:
    """Return the target of that name, or ``None`` for a fake, which has to be started.

    Args:
        name: of a table in ``file``, a built-in name (``fake``, ``fake:<profile>``, ``openai``), or
            a base URL.
        file: looked into first.
        environment: where keys come from.

    Raises:
        UsageError: if there is no such target or its key is missing.

    """
    if name in file.tables:
        return file.target(name, environment)
    if name == "fake" or name.startswith(FAKE_WITH_PROFILE):
        return None
    variable = KEY_VARIABLE
    if name in _BUILT_IN:
        base_url, preferred = _BUILT_IN[name]
        variable = preferred if environment.get(preferred) else variable
        remedy = f"set {preferred} or {KEY_VARIABLE} in the environment"
    else:
        base_url, remedy = name.rstrip("/"), f"set {KEY_VARIABLE} in the environment"
        if not _is_base_url(base_url):
            known = ", ".join(sorted({"fake", *_BUILT_IN, *file.tables}))
            raise UsageError(
                f"no target {name!r}: give {known}, a URL such as https://host/v1, "
                f"or add [targets.{name}] to {file.path}"
            )
    key = environment.get(variable)
    if not key:
        raise UsageError(f"target {name} needs a key: {remedy}")
    label = name if name in _BUILT_IN else urlsplit(base_url).netloc.rpartition("@")[2]
    return Target(name=label, base_url=base_url, api_key=key)


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
