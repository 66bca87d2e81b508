"""The stock ``openai`` Python SDK against the fake, each event parsed by the SDK's own types."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import pytest
from openai import AsyncOpenAI, AuthenticationError, BadRequestError, NotFoundError
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from realtime_harness.audio import speech
from realtime_harness.targets.target import Target

STRICT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
MODEL = "gpt-realtime"

Call: TypeAlias = Callable[..., AbstractAsyncContextManager[tuple[str, asyncio.Queue[str]]]]

NO_AUDIO_OFFER = (
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\n"
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\n"
    "a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n"
)


@pytest.fixture
async def client(fake: Target) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(api_key=fake.api_key, base_url=fake.base_url, max_retries=0) as client:
        yield client


async def next_event(connection: AsyncRealtimeConnection) -> Any:
    """The next event, as the SDK's own model; raises if the event does not fit it."""
    return STRICT.validate_json(await asyncio.wait_for(connection.recv_bytes(), 5))


async def events_until(
    connection: AsyncRealtimeConnection, last: str, *, where: Callable[[Any], bool] = bool
) -> list[Any]:
    events = []
    while True:
        event = await next_event(connection)
        events.append(event)
        assert event.type != "error", event
        if event.type == last and where(event):
            return events


async def ask(connection: AsyncRealtimeConnection, text: str, modality: str) -> list[Any]:
    await connection.conversation.item.create(
        item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    )
    await connection.response.create(response={"output_modalities": [modality]})  # type: ignore[list-item]
    return await events_until(connection, "rate_limits.updated")


async def test_a_text_turn_over_websocket(client: AsyncOpenAI) -> None:
    async with client.realtime.connect(model=MODEL) as connection:
        created = await next_event(connection)
        events = await ask(connection, "hello there", "text")

    assert created.type == "session.created"
    assert created.session.model == MODEL
    done = next(event for event in events if event.type == "response.done").response
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert "hello there" in text
    assert done.output[0].content[0].text == text
    assert done.usage.input_token_details.audio_tokens == 0
    assert done.usage.output_token_details.audio_tokens == 0
    assert done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens


async def test_an_audio_turn_over_websocket_is_heard(client: AsyncOpenAI) -> None:
    async with client.realtime.connect(model=MODEL) as connection:
        await next_event(connection)
        events = await ask(connection, "hello", "audio")

    pcm = b"".join(
        base64.b64decode(event.delta)
        for event in events
        if event.type == "response.output_audio.delta"
    )
    transcript = next(
        event.transcript
        for event in events
        if event.type == "response.output_audio_transcript.done"
    )
    heard = speech.decode(pcm, 24_000)
    assert heard.casefold() == "".join(transcript).casefold()
    done = next(event for event in events if event.type == "response.done").response
    assert done.usage.output_token_details.audio_tokens > 0


async def test_a_session_update_and_its_refusal(client: AsyncOpenAI) -> None:
    async with client.realtime.connect(model=MODEL) as connection:
        await next_event(connection)
        await connection.session.update(session={"type": "realtime", "instructions": "Be brief."})
        updated = (await events_until(connection, "session.updated"))[-1]
        await connection.session.update(
            session={"type": "realtime", "temperature": 1},  # type: ignore[typeddict-unknown-key]
            event_id="mine",
        )
        refused = await next_event(connection)

    assert updated.session.instructions == "Be brief."
    assert refused.type == "error"
    assert refused.error.code == "unknown_parameter"
    assert refused.error.param == "session.temperature"
    assert refused.error.event_id == "mine"


async def test_a_client_secret_opens_a_session_with_its_config(
    client: AsyncOpenAI, fake: Target
) -> None:
    secret = await client.realtime.client_secrets.create(
        expires_after={"anchor": "created_at", "seconds": 60},
        session={"type": "realtime", "model": MODEL, "instructions": "Only rhyme."},
    )
    assert secret.value.startswith("ek_")
    async with (
        AsyncOpenAI(api_key=secret.value, base_url=fake.base_url) as holder,
        holder.realtime.connect(model=MODEL) as connection,
    ):
        created = await next_event(connection)
    assert created.session.instructions == "Only rhyme."


async def test_a_wrong_key_is_refused_with_the_sdks_own_error(fake: Target) -> None:
    async with AsyncOpenAI(api_key="sk-wrong", base_url=fake.base_url, max_retries=0) as stranger:
        with pytest.raises(AuthenticationError) as caught:
            await stranger.realtime.client_secrets.create(session={"type": "realtime"})
    assert caught.value.code == "invalid_api_key"


async def test_an_offer_without_audio_is_refused_with_the_sdks_own_error(
    client: AsyncOpenAI,
) -> None:
    with pytest.raises(BadRequestError) as caught:
        await client.realtime.calls.create(
            sdp=NO_AUDIO_OFFER, session={"type": "realtime", "model": MODEL}
        )
    assert caught.value.code == "invalid_offer"
    assert caught.value.type == "invalid_request_error"
    assert "did not have an audio media section" in caught.value.message


@pytest.mark.parametrize(
    "create",
    [
        pytest.param(
            {"session": {"type": "realtime", "model": MODEL}}, id="multipart-with-session"
        ),
        pytest.param({"extra_query": {"model": MODEL}}, id="sdp-only-with-model"),
    ],
)
async def test_a_sideband_sees_the_call_and_can_act_on_it(
    client: AsyncOpenAI, call: Call, create: dict[str, Any]
) -> None:
    async with call(client, **create) as (call_id, inbox):
        created = STRICT.validate_json(await asyncio.wait_for(inbox.get(), 5))
        assert created.type == "session.created"
        async with client.realtime.connect(call_id=call_id) as sideband:
            events = await ask(sideband, "from the backend", "text")
        on_channel = [STRICT.validate_json(await asyncio.wait_for(inbox.get(), 5)) for _ in events]
        assert [event.event_id for event in on_channel] == [event.event_id for event in events]
        await client.realtime.calls.hangup(call_id)
        with pytest.raises(NotFoundError):
            await client.realtime.calls.hangup(call_id)
