"""Sessions over WebSocket that write: text turns, tools, whole conversations, and silence."""

from __future__ import annotations

from contextlib import suppress
from time import perf_counter_ns
from typing import Any

from realtime_harness.errors import ConnectionLost, EventNotReceived, TargetViolation
from realtime_harness.evidence import Lane
from realtime_harness.journeys.exchange import (
    add_item,
    expect_or_error,
    finish,
    message,
    respond,
    start,
)
from realtime_harness.journeys.fence import update_session
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.load.operation import Operation
from realtime_harness.load.sessions.base import Journey, World, completed
from realtime_harness.load.sessions.media import Socket
from realtime_harness.load.socket import LightSocket
from realtime_harness.targets.target import Target

__all__ = ["KEPT_EVENTS", "Churn", "Idle", "Text", "Tools", "WebSocketJourney", "connect"]

KEPT_EVENTS = 2
"""Events of the turn before that stay: a text turn looks whether rate limits came behind it."""

_WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


def _phases(socket: Socket, begun_ns: int, created_ns: int) -> dict[str, int]:
    if not isinstance(socket, LightSocket):
        return {}  # which tells no one when
    return {
        "tcp_ms": socket.connected_ns - begun_ns,
        "upgrade_ms": socket.upgraded_ns - socket.connected_ns,
        "created_ms": max(0, created_ns - socket.upgraded_ns),
    }


async def connect(journey: Journey, target: Target, *, name: str) -> tuple[Socket, int]:
    """Open a WebSocket of a session; return when ``session.created`` came as well."""
    connection = await journey.world.media.open_socket(
        target,
        journey.recorder,
        name=name,
        lane=Lane.WEBSOCKET,
        query={"model": target.model},
    )
    try:
        created = await expect_or_error(connection, "session.created")
    except BaseException:
        connection.cut()
        raise
    return connection, created.t_ns


class WebSocketJourney(Journey):
    """A session over WebSocket."""

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self._connection: Socket | None = None

    @property
    def connection(self) -> Socket:
        """The open connection."""
        assert self._connection is not None
        return self._connection

    async def open(self, operation: Operation) -> None:
        """Open the WebSocket and wait for ``session.created``."""
        begun_ns = perf_counter_ns()
        self._connection, operation.done_ns = await connect(self, self.target, name="client")
        operation.more |= _phases(self._connection, begun_ns, operation.done_ns)

    def forget(self) -> None:
        """Drop the events of the last turn but for a few."""
        if self._connection is not None:
            self._connection.forget(keep=KEPT_EVENTS)

    async def close(self) -> None:
        """Close the WebSocket."""
        if self._connection is not None:
            await self._connection.close()

    async def cut(self) -> None:
        """Break the TCP connection off."""
        if self._connection is not None:
            self._connection.cut()


class Text(WebSocketJourney):
    """A text turn at a time."""

    async def act(self, operation: Operation) -> None:
        """Take a text turn."""
        turn = await text_turn(
            self.connection,
            str(self.parameters.get("text", "Hello")),
            modalities=self.parameters.get("modalities", ("text",)),
        )
        operation.sent_ns = turn.sent_ns
        operation.first_ns = turn.first_text_ns
        operation.done_ns = turn.done_ns
        completed(turn.response)


class Idle(WebSocketJourney):
    """Nothing, but to notice when the connection breaks."""

    operation = "idle"
    drains = False

    async def act(self, operation: Operation) -> None:
        """Wait a while for what must not come."""
        hold_s = float(self.parameters.get("hold_s", 3600.0))
        with suppress(EventNotReceived):
            closed = await self.connection.wait_closed(timeout_s=hold_s)
            raise ConnectionLost(
                lane="client", code=closed.code, reason=closed.reason, while_doing="idle"
            )


class Churn(WebSocketJourney):
    """A whole session at a time: it comes, takes a text turn and goes."""

    operation = "session"

    async def open(self, operation: Operation) -> None:
        """Open nothing yet."""

    async def act(self, operation: Operation) -> None:
        """Connect, take a turn, close."""
        operation.sent_ns = perf_counter_ns()
        await super().open(operation)
        operation.more["connect_ms"] = operation.done_ns - operation.sent_ns
        turn = await text_turn(self.connection, str(self.parameters.get("text", "Hello")))
        if turn.first_text_ns is not None:
            operation.more["ttft_ms"] = turn.first_text_ns - turn.sent_ns
        operation.more["turn_ms"] = turn.done_ns - turn.sent_ns
        await self.close()
        operation.done_ns = perf_counter_ns()
        completed(turn.response)


class Tools(WebSocketJourney):
    """A question that calls a function, the function's output, and the answer."""

    operation = "tool"

    async def open(self, operation: Operation) -> None:
        """Connect, and offer a function that has to be called."""
        await super().open(operation)
        await update_session(
            self.connection, tools=[_WEATHER], tool_choice="required", output_modalities=["text"]
        )

    async def act(self, operation: Operation) -> None:
        """Ask, give the output, and have it answered.

        Sent is the function's output: until then only the model was at work.
        """
        connection = self.connection
        asked_ns = perf_counter_ns()
        await add_item(connection, message("user", "What is the weather in Rome?"))
        question = await respond(connection)
        completed(question.response)
        calls = [item for item in question.output if item.get("type") == "function_call"]
        if not calls:
            raise TargetViolation("a function that had to be called was not")
        output = {
            "type": "function_call_output",
            "call_id": str(calls[0].get("call_id")),
            "output": '{"degrees": 21}',
        }
        operation.more["call_ms"] = question.done.t_ns - asked_ns
        operation.send_later(asked_ns)
        await add_item(connection, output)
        created = await start(connection, tool_choice="none")
        answer = await finish(connection, created)
        completed(answer.response)
        deltas = answer.own("response.output_text.delta", "response.output_audio_transcript.delta")
        operation.first_ns = deltas[0].t_ns if deltas else None
        operation.done_ns = answer.done.t_ns
