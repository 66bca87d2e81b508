"""Journeys of the stock ``openai-agents``: ``python agents_websocket.py <job.json >result.json``.

Runs in an environment of its own, in which nothing of this project is installed.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from typing import Any

from agents import FunctionTool  # type: ignore[import-not-found]
from agents.realtime import (  # type: ignore[import-not-found]
    RealtimeAgent,
    RealtimeRunner,
    RealtimeSession,
)

CHUNK = 4800  # bytes: 100 ms
SERVER_VAD = {"type": "server_vad", "create_response": True, "interrupt_response": True}
# A voice turn is left to what the library takes by default.
TURN_DETECTION = {"text": None, "tool": None, "interruption": SERVER_VAD}


class Talk:
    """A session, and what came of it."""

    def __init__(self, job: dict[str, Any], session: RealtimeSession) -> None:
        self.job = job
        self.session = session
        self.events: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self.sound = bytearray()
        self.interruptions = 0
        self.history: list[Any] = []
        self._news = asyncio.Condition()

    async def listen(self) -> None:
        """Take what the session says until it is closed."""
        async for event in self.session:
            if event.type == "raw_model_event" and event.data.type == "raw_server_event":
                self.events.append(event.data.data)
            elif event.type == "raw_model_event" and event.data.type == "exception":
                self.complain(f"{event.data.context}: {event.data.exception!r}")
            elif event.type == "error":
                self.complain(str(event.error))
            elif event.type == "audio":
                self.sound += event.audio.data
            elif event.type == "audio_interrupted":
                self.interruptions += 1
            elif event.type == "history_updated":
                self.history = event.history
            elif event.type == "history_added":
                self.history = [*self.history, event.item]
            async with self._news:
                self._news.notify_all()

    def complain(self, error: str) -> None:
        self.errors.append(error)
        sys.stderr.write(f"{error}\n")  # for whom waits in vain

    async def seen(self, kind: str, number: int = 1) -> None:
        """Wait until so many events of this type are there."""
        async with self._news:
            await self._news.wait_for(
                lambda: [event["type"] for event in self.events].count(kind) >= number
            )

    async def speak(self) -> None:
        """Let the job's sound be heard."""
        sound = base64.b64decode(self.job["sound"])
        for start in range(0, len(sound), CHUNK):
            await self.session.send_audio(sound[start : start + CHUNK])

    async def text(self) -> None:
        await self.session.send_message(self.job["text"])
        await self.seen("response.done")

    async def voice(self) -> None:
        await self.speak()
        await self.seen("conversation.item.input_audio_transcription.completed")
        await self.seen("response.done")

    async def tool(self) -> None:
        await self.session.send_message(self.job["text"])
        await self.seen("response.done", 2)

    async def interruption(self) -> None:
        await self.session.send_message(self.job["text"])
        await self.seen("response.output_audio.delta")
        await self.speak()
        await self.seen("response.done", 2)


async def converse(job: dict[str, Any]) -> dict[str, Any]:
    """Do what the job says, and return what came of it."""

    async def execute(_: Any, __: str) -> str:
        return job["toolOutput"]

    tool = FunctionTool(
        name=job["tool"]["name"],
        description=job["tool"]["description"],
        params_json_schema=job["tool"]["parameters"],
        on_invoke_tool=execute,
        strict_json_schema=False,
    )
    agent = RealtimeAgent(name="Clerk", instructions="Be brief.", tools=[tool])
    settings: dict[str, Any] = {"output_modalities": [job["modality"]]}
    if job["journey"] in TURN_DETECTION:
        settings["turn_detection"] = TURN_DETECTION[job["journey"]]
    url = job["baseUrl"].replace("http", "ws", 1) + "/realtime"
    if "callId" in job:
        where = {"call_id": job["callId"], "url": f"{url}?call_id={job['callId']}"}
    else:
        where = {"url": f"{url}?model={job['model']}"}
        settings["model_name"] = job["model"]
    session = await RealtimeRunner(agent).run(
        model_config={"api_key": job["apiKey"], "initial_model_settings": settings, **where}
    )
    talk = Talk(job, session)
    async with session, asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(talk.listen())
        await getattr(talk, job["journey"])()
        listening.cancel()
    return {
        "events": talk.events,
        "errors": talk.errors,
        "sound": base64.b64encode(talk.sound).decode(),
        "interruptions": talk.interruptions,
        "history": [item.model_dump() for item in talk.history],
    }


if __name__ == "__main__":
    json.dump(asyncio.run(converse(json.load(sys.stdin))), sys.stdout)
