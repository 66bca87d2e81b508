"""A fake service in a process of its own, and a browser, for clients that nobody here wrote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from aiohttp import web
from openai import AsyncOpenAI

from realtime_harness import rtc
from realtime_harness.doctor import find_chromium
from realtime_harness.lab import Lab
from realtime_harness.targets.target import Target

if TYPE_CHECKING:
    from playwright.async_api import Page

Browse: TypeAlias = "Callable[[Path], AbstractAsyncContextManager[Page]]"
Call: TypeAlias = Callable[..., AbstractAsyncContextManager[tuple[str, asyncio.Queue[str]]]]

FLAGS = [
    "--no-sandbox",
    "--allow-loopback-in-peer-connection",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture(scope="session")
def fake(lab: Lab) -> Target:
    return lab.fake()


@pytest.fixture
def browse() -> Browse:
    """Opens a file in Chromium, from an origin of its own that serves the file's folder."""
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium: install it (Debian: apt-get install chromium) or set RT_CHROMIUM")

    @asynccontextmanager
    async def open_page(file: Path) -> AsyncIterator[Page]:
        from playwright.async_api import async_playwright

        app = web.Application()
        app.router.add_static("/", file.parent, follow_symlinks=True)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            port = runner.addresses[0][1]
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                try:
                    page = await browser.new_page()
                    page.set_default_timeout(15_000)
                    await page.goto(f"http://127.0.0.1:{port}/{file.name}")
                    yield page
                finally:
                    await browser.close()
        finally:
            await runner.cleanup()

    return open_page


@pytest.fixture
def call() -> Call:
    """Makes a call by aiortc, the SDK doing the signalling: its id and what it is told."""
    aiortc = pytest.importorskip("aiortc", reason="install realtime-harness[webrtc]")

    @asynccontextmanager
    async def call(
        client: AsyncOpenAI, **create: Any
    ) -> AsyncIterator[tuple[str, asyncio.Queue[str]]]:
        with rtc.loopback_only():
            peer = aiortc.RTCPeerConnection(rtc.configuration())
            try:
                peer.addTransceiver("audio")
                channel = peer.createDataChannel("oai-events")
                inbox: asyncio.Queue[str] = asyncio.Queue()
                channel.on("message", inbox.put_nowait)
                await peer.setLocalDescription(await peer.createOffer())
                sdp = peer.localDescription.sdp
                answer = await client.realtime.calls.create(sdp=sdp, **create)
                call_id = answer.response.headers["location"].rsplit("/", 1)[-1]
                await peer.setRemoteDescription(aiortc.RTCSessionDescription(answer.text, "answer"))
                yield call_id, inbox
            finally:
                await peer.close()

    return call
