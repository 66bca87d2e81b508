"""The relay's own connection to the service."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson
from aiohttp import web
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from realtime_fakes.audience import Role
from realtime_fakes.errors import ApiError
from realtime_fakes.relays.policy import RelayPolicy, relay_policy

__all__ = ["Downlink", "Route", "UpstreamRefused", "route"]

# The service answers an unknown call id after 5 to 5.5 s (community.openai.com 1396002).
_OPEN_TIMEOUT_S = 15.0
_CLOSE_TIMEOUT_S = 2.0

_LONGEST_DELAY_MS = 60_000

_OVERRIDES = ("relay_delay_ms", "relay_defect")


class UpstreamRefused(Exception):
    """The service did not let the relay in; holds what to tell the client."""

    def __init__(self, status: int, body: bytes, media_type: str) -> None:
        super().__init__(status, body, media_type)
        self.status = status
        self.body = body
        self.media_type = media_type

    def response(self) -> web.Response:
        """Return the refusal as the relay's own reply."""
        return web.Response(
            status=self.status, body=self.body, headers={"Content-Type": self.media_type}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where one client's connection leads, and how the relay treats it."""

    url: str
    """``ws(s)://`` URL at the service: the client's path and query, without the overrides."""
    headers: Mapping[str, str]
    subprotocols: tuple[str, ...]
    delay_s: float
    policy: RelayPolicy
    tls: ssl.SSLContext | None = field(repr=False, default=None)

    async def dial(self) -> ClientConnection:
        """Connect to the service.

        Raises:
            UpstreamRefused: with the service's own status and body.
            ApiError: (502) if it cannot be reached.

        """
        # A relay of loopback tests must not wander through a proxy of the environment.
        options: dict[str, Any] = {"proxy": None}
        if self.tls is not None:
            options["ssl"] = self.tls
        try:
            return await connect(
                self.url,
                additional_headers=dict(self.headers),
                subprotocols=[Subprotocol(name) for name in self.subprotocols] or None,
                compression=None,
                max_size=self.policy.max_frame_bytes,
                ping_interval=None,
                user_agent_header=None,
                open_timeout=_OPEN_TIMEOUT_S,
                close_timeout=_CLOSE_TIMEOUT_S,
                **options,
            )
        except InvalidStatus as refused:
            answer = refused.response
            media_type = answer.headers.get("Content-Type", "application/octet-stream")
            raise UpstreamRefused(answer.status_code, answer.body or b"", media_type) from None
        except (InvalidHandshake, OSError, TimeoutError) as error:
            raise ApiError(
                f"The service cannot be reached: {error}", code=None, status=502
            ) from None


def route(
    request: web.Request,
    *,
    origin: str,
    path: str,
    delay_ms: float,
    defects: tuple[str, ...],
    tls: ssl.SSLContext | None,
) -> Route:
    """Return where ``request`` leads: to ``path`` at the service ``origin``, with its own query.

    ``relay_delay_ms=`` and ``relay_defect=`` (names with commas between) in the query say it
    differently for this connection alone and are not passed on.

    Raises:
        ApiError: (400) if an override makes no sense.

    """
    kept = "&".join(
        part
        for part in request.rel_url.raw_query_string.split("&")
        if part.partition("=")[0] not in _OVERRIDES
    )
    try:
        delay_ms = float(request.query.get("relay_delay_ms", delay_ms))
        if not 0 <= delay_ms <= _LONGEST_DELAY_MS:
            raise ValueError(f"a delay of {delay_ms} ms is not between 0 and {_LONGEST_DELAY_MS}")
        if (named := request.query.get("relay_defect")) is not None:
            defects = tuple(named.split(","))
        policy = relay_policy(defects)
    except ValueError as error:
        raise ApiError(str(error), code="invalid_value") from None
    scheme, host, *_ = urlsplit(origin)
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    return Route(
        url=urlunsplit(({"http": "ws", "https": "wss"}[scheme], host, path, kept, "")),
        headers={
            name: value
            for name, value in request.headers.items()
            if name.lower() in _PASSED_ON or name.lower().startswith(("openai-", "x-"))
        },
        subprotocols=tuple(name.strip() for name in offered.split(",") if name.strip())
        if policy.offers_subprotocols
        else (),
        delay_s=delay_ms / 1000,
        policy=policy,
        tls=tls if scheme == "https" else None,
    )


_PASSED_ON = frozenset({"api-key", "authorization", "user-agent"})
"""Headers with what the service has to know of the caller; ``api-key`` is Azure's."""


class Downlink:
    """What becomes of a frame on its way to the client, and how long it is held back.

    The whole added delay is put on the way down, so that it shows as itself in the time from a
    request to the answer's first event.
    """

    def __init__(self, route: Route, role: Role) -> None:
        self._role = role
        self._policy = route.policy
        self._delay_s = route.delay_s
        self._memory: dict[str, Any] = {}
        self._transparent = not route.policy.taps and not route.policy.delay_factor

    def __call__(self, frame: str | bytes) -> list[tuple[str | bytes, float]]:
        """Return the frames that go down instead of ``frame``, each with its delay in seconds."""
        hidden_s = self._policy.hidden_delay_ms / 1000
        if self._transparent or isinstance(frame, bytes):
            return [(frame, self._delay_s + hidden_s)]
        events = [orjson.loads(frame)]
        for tap in self._policy.taps:
            events = [after for event in events for after in tap(event, self._role, self._memory)]
        factor = self._policy.delay_factor
        return [
            (
                orjson.dumps(event).decode(),
                self._delay_s * factor.get(event["type"], 1.0) + hidden_s,
            )
            for event in events
        ]
