"""Sessions over WebSocket that speak: spoken turns in real time, and interruptions."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from realtime_harness.audio import pcm
from realtime_harness.clients.connection import ReceivedEvent
from realtime_harness.clients.control import Control
from realtime_harness.clients.heard import AUDIBLE_DBFS
from realtime_harness.errors import ConnectionLost, TargetViolation
from realtime_harness.journeys.barge_in import STORY_RULES, ask_for_a_story, wait_for_end
from realtime_harness.journeys.voice_turn import Microphone, voice_turn
from realtime_harness.load.operation import Operation
from realtime_harness.load.pacing import ROUND_MS
from realtime_harness.load.playout import Piece, play_out
from realtime_harness.load.sessions.base import World, completed
from realtime_harness.load.sessions.media import Socket
from realtime_harness.load.sessions.text import WebSocketJourney
from realtime_harness.load.socket import LightSocket
from realtime_harness.targets.target import Target

if TYPE_CHECKING:
    from realtime_harness.lab import Lab

__all__ = ["BargeIn", "PacedMicrophone", "Voice", "pieces"]

_PIECE = 48 * ROUND_MS
"""Bytes of sound in one append."""
_SILENCE = bytes(_PIECE)
_SOUND = "response.output_audio.delta"
_FRAME_MS = 20
"""Of sound that is looked at for its level at a time."""


@lru_cache(maxsize=16)
def _silence(ms: int) -> bytes:
    return bytes(48 * ms)


@lru_cache(maxsize=64)
def _cut(sound: bytes) -> tuple[bytes, ...]:
    """Return a sound in pieces of one length, the last one filled up with silence.

    All sessions say the same, so that they are the same objects, whose hashes are known.
    """
    pieces = (sound[at : at + _PIECE] for at in range(0, len(sound), _PIECE))
    return tuple(piece.ljust(_PIECE, b"\0") for piece in pieces)


class PacedMicrophone(Microphone):
    """A microphone that is heard in real time, and hears silence when nobody speaks.

    Start it once the session is there, and stop it before that is closed.
    """

    def __init__(self, connection: Socket, target: Target, world: World) -> None:
        super().__init__(connection, target)
        self.due_ns = 0
        """When the last piece of the last sound was due."""
        self.sent_ns = 0
        """When it was sent."""
        self._socket = connection
        self._pacer = world.pacer
        self._append = world.media.append
        self._queue: deque[bytes] = deque()
        self._sent: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Begin to send."""
        self._pacer.add(self._turn)

    def stop(self) -> None:
        """Send nothing more. Idempotent."""
        self._pacer.remove(self._turn)
        if self._sent is not None and not self._sent.done():
            self._sent.cancel()

    async def send(self, sound: bytes) -> None:
        """Send 24 kHz mono PCM16, a piece in each round, and return when the last one is sent.

        The last piece is filled up with silence.

        Raises:
            ConnectionLost: if the connection is closed.

        """
        pieces = _cut(sound)
        self._sent = asyncio.get_running_loop().create_future()
        self._queue.extend(pieces)
        await self._sent
        self.ms += len(pieces) * ROUND_MS
        if (closed := self._socket.closed) is not None:
            raise ConnectionLost(
                lane=self._socket.name,
                code=closed.code,
                reason=closed.reason,
                while_doing="speaking",
            )

    async def silence(self, ms: int) -> None:
        """Send silence; all sessions send the same."""
        await self.send(_silence(ms))

    def _turn(self, due_ns: int) -> None:
        if not self._queue:
            self._append(self._socket, _SILENCE)
            return
        self._append(self._socket, self._queue.popleft())
        if not self._queue and self._sent is not None and not self._sent.done():
            self.due_ns, self.sent_ns = due_ns, perf_counter_ns()
            self._sent.set_result(None)


class Voice(WebSocketJourney):
    """A spoken turn at a time, with a microphone that never pauses."""

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self._microphone: _Speech | None = None
        self._listener = _Listener()

    async def open(self, operation: Operation) -> None:
        """Connect, and begin to listen to what is around the user."""
        await super().open(operation)
        if isinstance(self.connection, LightSocket):
            # Sound is looked at as it comes, and not kept for the second until it is asked for.
            self.connection.on_event = self._listener.take
        self._microphone = _Speech(self.connection, self.target, self.world)
        self._microphone.start()

    async def act(self, operation: Operation) -> None:
        """Say something, and hear what comes: sent is the end of what was said."""
        microphone, connection = self._microphone, self.connection
        assert microphone is not None
        self._listener.begin()
        backlog_ns = operation.due_ns - operation.intended_ns
        turn = await voice_turn(
            connection,
            microphone,
            str(self.parameters.get("text", "Hello")),
            silence_ms=int(self.parameters.get("silence_ms", 1_000)),
        )
        completed(turn.response)
        operation.sent_ns = microphone.said_ns
        operation.due_ns = microphone.said_due_ns
        operation.intended_ns = operation.due_ns - backlog_ns
        operation.done_ns = turn.done.t_ns
        deltas = [e for e in turn.events if e.type == _SOUND]
        heard = play_out(self._listener.pieces or pieces(deltas))
        words = [e for e in turn.events if e.type == "response.output_audio_transcript.delta"]
        operation.first_ns = words[0].t_ns if words else None
        operation.first_audio_ns = heard.first_audible_ns
        if deltas:
            operation.more |= heard.figures()

    async def close(self) -> None:
        """Stop the microphone and close the WebSocket."""
        if self._microphone is not None:
            self._microphone.stop()
        await super().close()


class _Listener:
    """Makes pieces of the sound of a turn, as it comes, and leaves none in its events."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self._is_silent = True

    def begin(self) -> None:
        """Begin with another turn."""
        self.pieces = []
        self._is_silent = True

    def take(self, event: dict[str, Any], t_ns: int) -> None:
        """Take the sound out of an event; what is no base64 stays, for others to complain of."""
        if event.get("type") != _SOUND:
            return
        with suppress(TargetViolation):
            piece = _piece(str(event.get("delta", "")), t_ns, looks=self._is_silent)
            self._is_silent = self._is_silent and piece.audible_ns is None
            self.pieces.append(piece)
            event["delta"] = ""


class _Speech(PacedMicrophone):
    """Remembers the end of the speech of a turn, behind which silence follows."""

    said_ns = 0
    said_due_ns = 0

    async def say(self, text: str, *, gain: float = 1.0) -> Any:
        """Say something, and note when that was over."""
        said = await super().say(text, gain=gain)
        self.said_ns, self.said_due_ns = self.sent_ns, self.due_ns
        return said


class BargeIn(WebSocketJourney):
    """A story that is interrupted."""

    operation = "barge-in"

    @classmethod
    async def prepare(cls, target: Target, lab: Lab) -> Target:
        """Teach a fake a story that does not come to an end; others tell long ones anyway."""
        if target.control_url is None:
            return target
        async with Control(target) as control:
            await control.script(STORY_RULES)
        return target

    async def act(self, operation: Operation) -> None:
        """Have a story told, cancel it, and wait for its end."""
        connection = self.connection
        begun_ns = perf_counter_ns()
        story = await ask_for_a_story(connection)
        operation.send_later(begun_ns)
        await connection.send({"type": "response.cancel", "response_id": story.response_id})
        done = await wait_for_end(connection, story)
        operation.done_ns = done.t_ns
        if (status := done.data["response"].get("status")) != "cancelled":
            raise TargetViolation(f"a story that was interrupted ended as {status}")


def pieces(deltas: Sequence[ReceivedEvent]) -> list[Piece]:
    """Return received deltas of PCM16 as pieces of sound.

    Samples are looked at up to the first audible ones; of the rest only the length counts.

    Raises:
        TargetViolation: if one that is looked at is no base64.

    """
    found: list[Piece] = []
    is_silent = True
    for event in deltas:
        piece = _piece(str(event.data.get("delta", "")), event.t_ns, looks=is_silent)
        is_silent = is_silent and piece.audible_ns is None
        found.append(piece)
    return found


def _piece(delta: str, came_ns: int, *, looks: bool) -> Piece:
    length_ns = len(delta) * 3 // 4 * 1_000_000 // 48
    audible_ns = None
    if looks:
        try:
            audible_ns = _first_audible_ns(b64decode(delta, validate=True))
        except ValueError as error:
            raise TargetViolation(f"an output audio delta is no base64: {error}") from error
    return Piece(came_ns, length_ns, audible_ns)


def _first_audible_ns(sound: bytes) -> int | None:
    size = 48 * _FRAME_MS
    for at in range(0, len(sound), size):
        if pcm.dbfs(sound[at : at + size]) > AUDIBLE_DBFS:
            return at // 48 * 1_000_000
    return None
