"""Lite and full: with what sessions connect, speak and hear. Decided here and nowhere else.

``lite`` is for load: thousands of sessions in a process. ``full`` is for a few of them beside it,
which tell whether lite ones see what others do: the WebSocket client of the suites, and aiortc as
it is, which encodes and decodes.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from realtime_harness.clients.websocket import WebSocketConnection, open_websocket
from realtime_harness.load.sessions.sound import CallSound, FullSound, LiteSound
from realtime_harness.load.socket import LightSocket, framed, open_light

__all__ = ["FULL", "LITE", "MEDIA", "Media", "Socket"]

Socket: TypeAlias = LightSocket | WebSocketConnection

LITE = "lite"
FULL = "full"


class Media(NamedTuple):
    """What a session is made of."""

    open_socket: Callable[..., Awaitable[Socket]]
    """As :func:`realtime_harness.clients.websocket.open_websocket`."""
    append: Callable[[Socket, bytes], None]
    """Sends 24 kHz mono PCM16 to the input buffer, without waiting."""
    sound: Callable[[bool], CallSound]
    """Makes the sound of a call; says whether it is one that speaks."""


def _append_frame(socket: Socket, sound: bytes) -> None:
    assert isinstance(socket, LightSocket)
    socket.write(_frame(sound))


@lru_cache(maxsize=4096)
def _frame(sound: bytes) -> bytes:
    """Return a frame that appends a sound; all sessions say the same, so it is made once."""
    return framed(_event(sound))


def _append_event(socket: Socket, sound: bytes) -> None:
    task = asyncio.ensure_future(socket.send(_event(sound)))
    # Whoever waits for an answer gets to know that it is closed.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())


def _event(sound: bytes) -> dict[str, str]:
    return {"type": "input_audio_buffer.append", "audio": b64encode(sound).decode()}


MEDIA: Mapping[str, Media] = {
    LITE: Media(open_light, _append_frame, LiteSound),
    FULL: Media(open_websocket, _append_event, FullSound),
}
"""By name."""
