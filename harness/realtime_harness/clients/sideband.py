"""Sideband connections: WebSockets that join a call by its id."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from realtime_harness.clients.websocket import Auth, WebSocketConnection, open_websocket
from realtime_harness.errors import ConnectionRefused
from realtime_harness.evidence import Lane, Recorder
from realtime_harness.targets.target import Target

__all__ = ["once_attachable", "open_sideband"]

_Socket = TypeVar("_Socket")

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0


async def open_sideband(
    target: Target,
    recorder: Recorder,
    call_id: str,
    *,
    name: str,
    key: str | None = None,
    auth: Auth = Auth.HEADER,
    subprotocols: Sequence[str] | None = None,
    retry_s: float = 0.0,
) -> WebSocketConnection:
    """Attach to a call (``/realtime?call_id=``).

    Args:
        target: the endpoint.
        recorder: where everything is written down.
        call_id: last segment of the ``Location`` that the offer was answered with.
        name: of the connection in the evidence.
        key: the target's own if not given.
        auth: how the key is shown.
        subprotocols: offered in addition to what ``auth`` offers.
        retry_s: how long a 404 is tried again, with growing pauses; a call is not always
            attachable the moment its offer was answered. 0: the first 404 is final.

    Raises:
        ConnectionRefused: if the endpoint refuses; ``answer`` has its response.
        TargetUnreachable: if nothing answers at that address.

    """

    async def attach() -> WebSocketConnection:
        return await open_websocket(
            target,
            recorder,
            name=name,
            lane=Lane.SIDEBAND,
            query={"call_id": call_id},
            key=key,
            auth=auth,
            subprotocols=subprotocols,
        )

    return await once_attachable(attach, retry_s)


async def once_attachable(attach: Callable[[], Awaitable[_Socket]], retry_s: float) -> _Socket:
    """Attach to a call, again and again with growing pauses as long as it is not found.

    Args:
        attach: does it once.
        retry_s: for how long a 404 is tried again. 0: the first one is final.

    Raises:
        ConnectionRefused: if the endpoint refuses; ``answer`` has its response.

    """
    deadline = asyncio.get_running_loop().time() + retry_s
    pause = _FIRST_PAUSE_S
    while True:
        try:
            return await attach()
        except ConnectionRefused as refused:
            left = deadline - asyncio.get_running_loop().time()
            if refused.status != 404 or left <= 0:
                raise
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 2, _LONGEST_PAUSE_S)
