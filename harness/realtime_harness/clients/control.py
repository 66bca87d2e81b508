"""Client of a fake's control API: its state, its clock, its switches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx2

from realtime_harness.clients.transport import ssl_context
from realtime_harness.errors import HarnessError
from realtime_harness.evidence import Recorder
from realtime_harness.targets.profiles import PROFILES
from realtime_harness.targets.target import Target

__all__ = ["Control"]


class Control:
    """Talks to the control API of a fake; every change is noted in the evidence.

    It is our own instrument, so whatever goes wrong here is a :class:`HarnessError`. An
    asynchronous context manager that closes its connections.
    """

    def __init__(
        self, target: Target, recorder: Recorder | None = None, *, timeout_s: float = 10.0
    ) -> None:
        if target.control_url is None:
            raise HarnessError(f"target {target.name} has no control API")
        self._target = target
        self._url = target.control_url
        # Where services are made; a service's own part of the control API is below it.
        self._server_url = target.control_url.partition("/_fake")[0] + "/_fake"
        self._recorder = recorder
        self._client = httpx2.AsyncClient(
            verify=ssl_context(target), timeout=timeout_s, trust_env=False
        )

    async def __aenter__(self) -> Control:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._client.aclose()

    async def state(self) -> dict[str, Any]:
        """Return what the fake knows: its clock, switches, keys, calls and sessions."""
        return await self._ask("GET", "/state")

    async def advance(self, seconds: float) -> dict[str, Any]:
        """Move the fake's virtual clock on by ``seconds``."""
        return await self._ask("POST", "/clock", {"advance": seconds})

    async def switches(
        self,
        *,
        defects: Sequence[str] = (),
        behaviours: Sequence[str] = (),
        faults: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Switch exactly these defects, behaviours and faults on."""
        wanted = {"defects": list(defects), "behaviours": list(behaviours), "faults": list(faults)}
        return await self._ask("PUT", "/switches", wanted)

    async def script(self, rules: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Let the fake answer by these rules; it echoes what no rule is for."""
        return await self._ask("PUT", "/script", {"rules": list(rules)})

    async def delays(self, *, forget: bool = False) -> dict[str, Any]:
        """Return by how much faults have held events back, or count anew from now on."""
        return await self._ask("DELETE" if forget else "GET", "/delays")

    async def session_switches(
        self,
        session_id: str,
        *,
        defects: Sequence[str] = (),
        behaviours: Sequence[str] = (),
        faults: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Switch exactly these on for one session; what is on for others stays."""
        wanted = {"defects": list(defects), "behaviours": list(behaviours), "faults": list(faults)}
        return await self._ask("PUT", f"/sessions/{session_id}/switches", wanted)

    async def reset(self) -> dict[str, Any]:
        """End all sessions and forget keys, calls and switches."""
        return await self._ask("POST", "/reset")

    async def drop(self, session_id: str) -> dict[str, Any]:
        """Cut all transports of a session abruptly."""
        return await self._ask("POST", f"/sessions/{session_id}/drop")

    async def new_service(
        self,
        name: str,
        *,
        defects: Sequence[str] = (),
        behaviours: Sequence[str] = (),
        faults: Sequence[str] = (),
        clock: str = "real",
        profile: str | None = None,
    ) -> Target:
        """Make one more isolated service in the same fake, and return it as a target."""
        made = await self._ask(
            "POST",
            "/services",
            {
                "name": name,
                "defects": list(defects),
                "behaviours": list(behaviours),
                "faults": list(faults),
                "clock": clock,
                **({} if profile is None else {"profile": profile}),
            },
            root=self._server_url,
        )
        return replace(
            self._target,
            base_url=self._reached(made["base_url"]),
            api_key=made["api_key"],
            control_url=made["control_url"],
            profile=replace(
                PROFILES.get(profile or "", self._target.profile),
                calls_need_ephemeral_key=made["calls_need_ephemeral_key"],
                models_are_deployments=made["models_are_deployments"],
            ),
            switches={
                "defects": list(defects),
                "behaviours": list(behaviours),
                "faults": list(faults),
            },
        )

    def _reached(self, base_url: str) -> str:
        """Return a URL of the fake as the target is reached, which may be through a proxy."""
        origin = urlsplit(self._target.base_url)
        return urlsplit(base_url)._replace(scheme=origin.scheme, netloc=origin.netloc).geturl()

    async def delete_service(self, name: str) -> None:
        """End a service that :meth:`new_service` made."""
        await self._ask("DELETE", f"/services/{name}", root=self._server_url)

    async def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        root: str | None = None,
    ) -> dict[str, Any]:
        if self._recorder is not None and method != "GET":
            self._recorder.note(f"control API: {method} {path}", body=body or {})
        try:
            response = await self._client.request(method, (root or self._url) + path, json=body)
        except httpx2.HTTPError as error:
            raise HarnessError(f"control API: {method} {path} failed: {error!r}") from error
        if not response.is_success:
            raise HarnessError(
                f"control API: {method} {path} answered {response.status_code}: "
                f"{response.text[:300]}"
            )
        answer: dict[str, Any] = response.json() if response.content else {}
        return answer
