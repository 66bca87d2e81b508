"""What a client of the official SDK gets from a service that refuses."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import openai
import pytest
import websockets

from realtime_fakes.behaviours import BEHAVIOURS
from realtime_harness.clients import sdp


@dataclass
class Experience:
    """What became of a client's requests."""

    secret: tuple[int, str | None] | None = None
    """Status and code of the refusal of a client secret, if it was refused."""
    call: tuple[int, str | None] | None = None
    """The same of a call."""
    response: tuple[str, str | None, str | None] = ("completed", None, None)
    """Status of a response, and type and code of its error."""
    error: tuple[str, str | None] | None = None
    """Type and code of an ``error`` event on the way."""


QUOTA = (429, "insufficient_quota")

REFUSING = {
    "quota-exhausted": Experience(
        QUOTA, QUOTA, ("failed", "insufficient_quota", "insufficient_quota")
    ),
    "rate-limited": Experience(response=("failed", "rate_limit_exceeded", "rate_limit_exceeded")),
    "full-house": Experience(),
    "inference-rate-limited": Experience(
        response=("failed", "invalid_request_error", "inference_rate_limit_exceeded")
    ),
    "server-error": Experience(error=("server_error", None)),
}


def test_all_that_refuse_are_here():
    assert set(REFUSING) == {switch.name for switch in BEHAVIOURS if switch.refuses}


@pytest.mark.parametrize("name", [None, *REFUSING])
async def test_what_a_client_is_told(open_world, say, name):
    world = await open_world(behaviours=[name] if name else [])
    addresses = world.client.addresses
    seen = Experience()
    async with openai.AsyncOpenAI(
        api_key=addresses["api_key"], base_url=addresses["base_url"], max_retries=0
    ) as client:
        try:
            await client.realtime.client_secrets.create(session={"type": "realtime"})
        except openai.RateLimitError as refused:
            seen.secret = (refused.status_code, refused.code)
        # Of the others, the offer is refused: there is nothing in it.
        with suppress(openai.BadRequestError):
            try:
                await client.realtime.calls.create(sdp="v=0", session={"type": "realtime"})
            except openai.RateLimitError as refused:
                seen.call = (refused.status_code, refused.code)
        async with client.realtime.connect(model="gpt-realtime") as connection:
            await connection.conversation.item.create(item=say("hello")["item"])
            await connection.response.create(response={"output_modalities": ["text"]})
            async for event in connection:
                if event.type == "error":
                    seen.error = (event.error.type, event.error.code)
                elif event.type == "response.done":
                    details = event.response.status_details
                    error = details.error if details is not None else None
                    seen.response = (
                        event.response.status,
                        error.type if error is not None else None,
                        error.code if error is not None else None,
                    )
                    break
    assert seen == REFUSING.get(name, Experience())


async def test_a_full_house_says_when_to_come_back(open_world):
    world = await open_world(behaviours=["full-house"])
    sockets = [await world.client.socket() for _ in range(2)]
    with pytest.raises(websockets.InvalidStatus) as refused:
        await world.client.socket()
    answer = refused.value.response
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    reply = await world.client.post(
        "/realtime/calls?model=gpt-realtime",
        content=sdp.offer(),
        headers={"Content-Type": "application/sdp"},
    )
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "2")
    assert reply.json()["error"]["code"] == "rate_limit_exceeded"
    await sockets[0].connection.close()
    await world.client.state_until(lambda state: len(state["sessions"]) == 1)
    await world.client.socket()
