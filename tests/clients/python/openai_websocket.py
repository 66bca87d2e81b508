"""Journeys of the stock ``openai``: ``python openai_websocket.py <job.json >result.json``."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from typing import Any

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

CHUNK = 4800  # bytes: 100 ms
LISTENING = {
    "input": {
        "transcription": {"model": "gpt-4o-mini-transcribe"},
        "turn_detection": {"type": "server_vad"},
    }
}


class Talk:
    """A connection, and what came of it."""

    def __init__(self, job: dict[str, Any], connection: AsyncRealtimeConnection) -> None:
        self.job = job
        self.connection = connection
        self.events: list[Any] = []
        self.errors: list[str] = []
        self.sound = bytearray()
        self._news = asyncio.Condition()

    async def listen(self) -> None:
        """Take what comes until the connection is closed."""
        async for event in self.connection:
            self.events.append(event)
            if event.type == "error":
                self.errors.append(event.error.message)
                sys.stderr.write(f"{event.error}\n")  # for whom waits in vain
            elif event.type == "response.output_audio.delta":
                self.sound += base64.b64decode(event.delta)
            async with self._news:
                self._news.notify_all()

    async def seen(self, kind: str, number: int = 1) -> Any:
        """Return the first event of this type, or the one of that number, once it is there."""

        def found() -> list[Any]:
            return [event for event in self.events if event.type == kind][number - 1 :]

        async with self._news:
            return (await self._news.wait_for(found))[0]

    async def configure(self, **session: Any) -> None:
        await self.connection.session.update(session={"type": "realtime", **session})  # type: ignore[typeddict-item]
        await self.seen("session.updated")

    async def write(self) -> None:
        content = [{"type": "input_text", "text": self.job["text"]}]
        await self.create({"type": "message", "role": "user", "content": content})
        await self.connection.response.create()

    async def create(self, item: dict[str, Any]) -> None:
        await self.connection.conversation.item.create(item=item)  # type: ignore[arg-type]

    async def speak(self) -> None:
        """Let the job's sound be heard."""
        sound = base64.b64decode(self.job["sound"])
        for start in range(0, len(sound), CHUNK):
            chunk = base64.b64encode(sound[start : start + CHUNK]).decode()
            await self.connection.input_audio_buffer.append(audio=chunk)

    async def text(self) -> None:
        await self.configure(output_modalities=["text"])
        await self.write()
        await self.seen("response.done")

    async def voice(self) -> None:
        await self.configure(audio=LISTENING)
        await self.speak()
        await self.seen("conversation.item.input_audio_transcription.completed")
        await self.seen("response.done")

    async def tool(self) -> None:
        await self.configure(output_modalities=["text"], tools=[self.job["tool"]])
        await self.write()
        done = await self.seen("response.done")
        for call in done.response.output:
            output = {"call_id": call.call_id, "output": self.job["toolOutput"]}
            await self.create({"type": "function_call_output", **output})
        await self.connection.response.create()
        await self.seen("response.done", 2)

    async def interruption(self) -> None:
        await self.configure(audio=LISTENING)
        await self.write()
        delta = await self.seen("response.output_audio.delta")
        await self.speak()
        await self.seen("input_audio_buffer.speech_started")
        await self.connection.conversation.item.truncate(
            item_id=delta.item_id, content_index=delta.content_index, audio_end_ms=100
        )
        await self.seen("conversation.item.truncated")
        await self.seen("response.done", 2)


async def converse(job: dict[str, Any]) -> dict[str, Any]:
    """Do what the job says, and return what came of it."""
    where = {"call_id": job["callId"]} if "callId" in job else {"model": job["model"]}
    async with (
        AsyncOpenAI(api_key=job["apiKey"], base_url=job["baseUrl"]) as client,
        client.realtime.connect(**where) as connection,
        asyncio.TaskGroup() as tasks,
    ):
        talk = Talk(job, connection)
        listening = tasks.create_task(talk.listen())
        await getattr(talk, job["journey"])()
        listening.cancel()
    return {
        "events": [event.to_dict(mode="json") for event in talk.events],
        "errors": talk.errors,
        "sound": base64.b64encode(talk.sound).decode(),
    }


if __name__ == "__main__":
    json.dump(asyncio.run(converse(json.load(sys.stdin))), sys.stdout)
