"""A page that uses the API as a browser application does, in a real headless Chromium."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI
from playwright.async_api import Page

from realtime_harness.targets.target import Target

NO_AUDIO_BODY = (
    '{"error":{"message":"Invalid SDP offer. Offer did not have an audio media section.",'
    '"type":"invalid_request_error","param":null,"code":"invalid_offer"}}'
)


@pytest.fixture
async def page(browse: Callable[[Path], AbstractAsyncContextManager[Page]]) -> AsyncIterator[Page]:
    """The page, served from an origin of its own, so that every request is cross-origin."""
    async with browse(Path(__file__).with_name("page.html")) as page:
        yield page


@pytest.fixture
async def backend(fake: Target) -> AsyncIterator[AsyncOpenAI]:
    """The application's backend: mints keys, watches calls."""
    async with AsyncOpenAI(api_key=fake.api_key, base_url=fake.base_url) as client:
        yield client


async def mint(backend: AsyncOpenAI) -> str:
    """A key for the page, with turn detection off: the fake microphone beeps every second."""
    secret = await backend.realtime.client_secrets.create(
        session={
            "type": "realtime",
            "model": "gpt-realtime",
            "audio": {"input": {"turn_detection": None}},
        }
    )
    return secret.value


async def evaluate(page: Page, script: str, *arguments: str) -> Any:
    return await asyncio.wait_for(page.evaluate(script, list(arguments)), 20)


async def test_an_offer_without_audio_shows_the_reason(
    page: Page, backend: AsyncOpenAI, fake: Target
) -> None:
    key = await mint(backend)
    outcome = await evaluate(page, "a => connect(...a)", fake.base_url, key, "none")
    assert outcome == {"status": 400, "body": NO_AUDIO_BODY}
    assert NO_AUDIO_BODY in await page.inner_text("#log")


@pytest.mark.parametrize("audio", ["transceiver", "web-audio", "microphone"])
async def test_a_text_turn_with_a_sideband_watching(
    page: Page, backend: AsyncOpenAI, fake: Target, audio: str
) -> None:
    key = await mint(backend)
    outcome = await evaluate(page, "a => connect(...a)", fake.base_url, key, audio)
    assert outcome["status"] == 201
    await evaluate(page, "() => seen('session.created')")
    async with backend.realtime.connect(call_id=outcome["callId"]) as sideband:
        turn = await evaluate(page, "a => ask(...a)", "hello from the page")
        watched = [await asyncio.wait_for(sideband.recv(), 5) for _ in turn]

    assert await page.evaluate("events[0].type") == "session.created"
    assert [event.event_id for event in watched] == [event["event_id"] for event in turn]
    text = "".join(e["delta"] for e in turn if e["type"] == "response.output_text.delta")
    assert "hello from the page" in text
    usage = next(e for e in turn if e["type"] == "response.done")["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 0
    assert usage["output_token_details"]["audio_tokens"] == 0


async def test_a_hang_up_by_the_backend_closes_the_channel(
    page: Page, backend: AsyncOpenAI, fake: Target
) -> None:
    key = await mint(backend)
    outcome = await evaluate(page, "a => connect(...a)", fake.base_url, key, "transceiver")
    await evaluate(page, "() => seen('session.created')")
    await backend.realtime.calls.hangup(outcome["callId"])
    await page.wait_for_function("channel.readyState === 'closed'")
