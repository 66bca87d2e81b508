"""Keys: the standard ones given at the start, and ephemeral ones with a lifetime.

An ephemeral key limits only the *start* of sessions: it may start several until it expires, and
what it started outlives it (OpenAI SDK, docstring of ``client_secret_create_params``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from realtime_fakes.clock import Clock
from realtime_fakes.ids import Ids
from realtime_fakes.policy import Policy
from realtime_fakes.refusals import key_refused, refusal

__all__ = ["DEFAULT_MODEL", "EphemeralKey", "KeyRing"]

DEFAULT_MODEL = "gpt-realtime"
"""Of a client secret that was asked for without a model; listed in ``docs/choices.md``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EphemeralKey:
    """A key that ``client_secrets`` made."""

    value: str
    expires_at: int
    """Unix time in whole seconds, as answered; the key works until just before."""
    session: dict[str, Any]
    """The session configuration as it was requested."""
    made_with: str | None = None
    """The standard key that asked for it."""

    @property
    def model(self) -> str:
        """The model of the sessions it starts, unless they name another."""
        return str(self.session.get("model", DEFAULT_MODEL))


class KeyRing:
    """Which keys open a service.

    Args:
        api_keys: the standard keys.
        clock: of the service.
        ids: of the service.
        policy: returns the decisions in force for a key.

    """

    def __init__(
        self,
        api_keys: Iterable[str],
        *,
        clock: Clock,
        ids: Ids,
        policy: Callable[[str | None], Policy] = lambda key: Policy(),
    ) -> None:
        self._api_keys = frozenset(api_keys)
        self._clock = clock
        self._ids = ids
        self._policy = policy
        self._ephemeral: dict[str, EphemeralKey] = {}
        self._listeners: list[Callable[[EphemeralKey, bool], None]] = []

    def mint(
        self, session: dict[str, Any], *, seconds: int, made_with: str | None = None
    ) -> EphemeralKey:
        """Make an ephemeral key that lives for ``seconds``."""
        key = EphemeralKey(
            value=self._policy(made_with).ephemeral_prefix + self._ids.ephemeral_key()[3:],
            expires_at=int(self._clock.now()) + seconds,
            session=session,
            made_with=made_with,
        )
        self.put(key)
        for listener in self._listeners:
            listener(key, True)
        return key

    def put(self, key: EphemeralKey) -> None:
        """Admit a key that was made elsewhere."""
        self._ephemeral[key.value] = key

    def listen(self, listener: Callable[[EphemeralKey, bool], None]) -> None:
        """Call ``listener`` with each key that is made, and ``False`` with each that is spent."""
        self._listeners.append(listener)

    def admit(self, key: str | None) -> EphemeralKey | None:
        """Return the ephemeral key of that value, or ``None`` for a standard key.

        Raises:
            ApiError: if the key is missing, unknown or expired. An expired key is answered like an
                unknown one.

        """
        if not key:
            raise refusal("key_missing")
        if key in self._api_keys:
            return None
        ephemeral = self._ephemeral.get(key)
        if ephemeral is None:
            raise key_refused(key)
        if self._clock.now() >= ephemeral.expires_at + self._policy(key).key_grace_s:
            raise key_refused(key)
        return ephemeral

    def admit_standard(self, key: str | None) -> None:
        """Let only standard keys pass.

        Raises:
            ApiError: if it is anything else.

        """
        if self.admit(key) is not None:
            raise key_refused(key or "")

    def kind(self, key: str | None) -> str:
        """Say what a key is, for testers: ``standard``, ``ephemeral``, ``unknown`` or ``none``."""
        if not key:
            return "none"
        if key in self._api_keys:
            return "standard"
        return "ephemeral" if key in self._ephemeral else "unknown"

    def lineage(self, key: str | None) -> tuple[str, ...]:
        """Return a key, whatever it is, and behind an ephemeral one the key that made it."""
        if not key:
            return ()
        ephemeral = self._ephemeral.get(key)
        return (
            (key,) if ephemeral is None or not ephemeral.made_with else (key, ephemeral.made_with)
        )

    def spend(self, key: EphemeralKey) -> None:
        """Make an ephemeral key unknown."""
        self.remove(key.value)
        for listener in self._listeners:
            listener(key, False)

    def remove(self, value: str) -> None:
        """Forget a key that was spent elsewhere."""
        self._ephemeral.pop(value, None)

    def clear(self) -> None:
        """Forget all ephemeral keys."""
        self._ephemeral.clear()

    def describe(self) -> list[dict[str, Any]]:
        """Return the ephemeral keys for the control API, without their secret part."""
        now = self._clock.now()
        return [
            {
                "id": key.value[:11],
                "expires_at": key.expires_at,
                "expired": now >= key.expires_at,
            }
            for key in self._ephemeral.values()
        ]
