"""WebRTC calls made by a real Chromium: a page for each call, driven through Playwright.

The page has the peer connection and makes the offer; the offer is posted from here, as the backend
of an application does. What the page sees is told to us with the times at which the page saw it;
on the scenario's clock they are late by the shortest time that telling took, below a millisecond on
a machine that is not busy, and never early.

Chromium runs headless and without the sandbox, which containers do not allow, and loads nothing but
that page. Needs the extra ``browser`` and a Chromium of the system.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import threading
from collections.abc import Callable, Coroutine, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeVar

from realtime_harness.clients.call import CHANNEL_LABEL, Audio, Call, ChannelConnection
from realtime_harness.clients.signaling import HttpAnswer, Signaling
from realtime_harness.clients.webrtc import post_offer
from realtime_harness.errors import (
    ClientCannot,
    HarnessError,
    MissingBrowser,
    MissingExtra,
    TargetViolation,
)
from realtime_harness.evidence import Recorder
from realtime_harness.targets.target import Target

if TYPE_CHECKING:
    from playwright.async_api import Page

__all__ = ["Browser", "BrowserCall", "BrowserChannel", "BrowserPage", "open_browser_call"]

_T = TypeVar("_T")
_ADDRESS = "http://localhost/"
"""Of the page. Nothing is there to answer: Playwright does. Audio worklets want such an origin."""
_FLAGS = (
    "--no-sandbox",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
)
_START_TIMEOUT_S = 20.0
_CLOSE_TIMEOUT_S = 5.0
_CLOCK_READINGS = 5


class Browser:
    """A headless Chromium, on a thread with an event loop of its own.

    Scenarios have an event loop each, and a browser is too slow to start for one. Make one with
    :meth:`start`; its methods block but for :meth:`open_page`, which any event loop may await.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="rt-browser")
        self._playwright: Any = None
        self._browser: Any = None

    @classmethod
    def start(cls) -> Browser:
        """Start a Chromium.

        Raises:
            MissingExtra: if Playwright or a Chromium is not installed.
            HarnessError: if it does not start.

        """
        from realtime_harness.doctor import find_chromium

        try:
            import playwright.async_api  # noqa: F401
        except ImportError:
            raise MissingExtra("browser") from None
        if (executable := find_chromium()) is None:
            raise MissingBrowser
        browser = cls()
        browser._thread.start()
        try:
            browser._wait(browser._launch(executable), _START_TIMEOUT_S)
        except Exception as error:
            browser.close()
            raise HarnessError(f"{executable} does not start: {error}") from error
        return browser

    async def open_page(self, recorder: Recorder, hear: Callable[[Any], None]) -> BrowserPage:
        """Open the page of a call.

        Args:
            recorder: whose clock the page's times are mapped to.
            hear: called in the event loop of the caller with what the page tells.

        """
        loop = asyncio.get_running_loop()
        clock = _PageClock(recorder)

        def told(_source: object, batch: list[dict[str, Any]]) -> None:
            # Whoever has no loop any more does not listen any more.
            with contextlib.suppress(RuntimeError):
                for each in batch:
                    loop.call_soon_threadsafe(hear, {**each, "t_ns": clock.read(each["t"])})

        return BrowserPage(self, await self.do(self._open(told, clock)))

    async def do(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Await something of the browser's in the browser's event loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def close(self) -> None:
        """End the Chromium and the thread. Idempotent."""
        if self._loop.is_closed():
            return
        with contextlib.suppress(Exception):
            self._wait(self._end(), _CLOSE_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # In the browser's event loop.

    def _wait(self, work: Coroutine[Any, Any, _T], timeout_s: float) -> _T:
        bounded = asyncio.wait_for(work, timeout_s)
        return asyncio.run_coroutine_threadsafe(bounded, self._loop).result()

    async def _launch(self, executable: str) -> None:
        from playwright.async_api import async_playwright

        self._playwright = await async_playwright().start()
        self._browser = await self._playwright.chromium.launch(
            executable_path=executable, args=list(_FLAGS)
        )

    async def _open(self, told: Callable[..., None], clock: _PageClock) -> Page:
        page: Page = await self._browser.new_page()
        try:
            await page.expose_binding("rtTell", told)
            await page.route("**/*", lambda route: route.fulfill(body="", content_type="text/html"))
            await page.goto(_ADDRESS)
            await page.evaluate(_script())
            for _ in range(_CLOCK_READINGS):
                clock.read(await page.evaluate("performance.now()"))
        except BaseException:
            await page.close()
            raise
        return page

    async def _end(self) -> None:
        if self._browser is not None:
            await self._browser.close()
        if self._playwright is not None:
            await self._playwright.stop()


@cache
def _script() -> str:
    return files("realtime_harness.clients").joinpath("browser_page.js").read_text("utf-8")


class _PageClock:
    """Maps times of a page to a recorder's clock, by the shortest time that telling one took."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._offset_ns: int | None = None
        self._last_ns = 0

    def read(self, there_ms: float) -> int:
        """Return the recorder's time for a time of the page's that has just been told."""
        there_ns = round(there_ms * 1e6)
        offset_ns = self._recorder.now_ns() - there_ns
        if self._offset_ns is None or offset_ns < self._offset_ns:
            self._offset_ns = offset_ns
        # A better offset must not turn the order round.
        self._last_ns = max(self._last_ns, there_ns + self._offset_ns)
        return self._last_ns


class BrowserPage:
    """The page of one call.

    Args:
        browser: whose page it is.
        page: Playwright's, which only the browser's event loop may touch.

    """

    def __init__(self, browser: Browser, page: Page) -> None:
        self._browser = browser
        self._page = page

    async def do(self, method: str, argument: object = None) -> Any:
        """Call a method of the page's script and return what it returns.

        Raises:
            HarnessError: if it throws, or the page is gone.

        """
        from playwright.async_api import Error

        try:
            return await self._browser.do(
                self._page.evaluate(f"argument => rtCall.{method}(argument)", argument)
            )
        except Error as error:
            raise _PageFailed(error.message.partition("\n")[0]) from error

    async def close(self) -> None:
        """Close the page, and with it all it holds."""
        await self._browser.do(self._page.close())


class _PageFailed(HarnessError):
    """The page's script threw an exception, or the page is gone."""


class BrowserChannel(ChannelConnection):
    """The data channel of a page."""

    def __init__(
        self, page: BrowserPage, *, name: str, recorder: Recorder, patience_s: float = 5.0
    ) -> None:
        super().__init__(name=name, recorder=recorder, patience_s=patience_s)
        self._page = page

    async def _transmit(self, frame: str | bytes) -> None:
        is_bytes = isinstance(frame, bytes)
        text = base64.b64encode(frame).decode() if isinstance(frame, bytes) else frame
        try:
            state = await self._page.do("send", [text, is_bytes])
        except _PageFailed as error:
            raise ConnectionResetError(str(error)) from error
        if state:
            raise ConnectionResetError(f"the data channel is {state}")

    async def _shut(self) -> None:
        with contextlib.suppress(_PageFailed):
            await self._page.do("closeChannel")


class BrowserCall(Call):
    """A call of a page in Chromium. Use :func:`open_browser_call` to make one."""

    def __init__(
        self,
        page: BrowserPage,
        answer: HttpAnswer,
        *,
        name: str,
        recorder: Recorder,
        data_channel: bool,
        patience_s: float = 5.0,
    ) -> None:
        super().__init__(answer, name=name, recorder=recorder, patience_s=patience_s)
        self._page = page
        self._events = (
            BrowserChannel(page, name=name, recorder=recorder, patience_s=patience_s)
            if data_channel
            else None
        )
        self._is_closed = False
        self._counted: dict[str, Any] = {}

    async def close(self) -> None:
        """Hang up: close the data channel and the peer, then the page. Idempotent."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                if self._events is not None:
                    await self._events.close()
                with contextlib.suppress(_PageFailed):
                    await self._page.do("close")
        finally:
            self.received_audio.sum_up(self._recorder.now_ns())
            if self._counted:
                self._recorder.note(f"what Chromium counted on {self.name}", **self._counted)
            await self._page.close()

    async def cut(self) -> None:
        """Not for a browser: it says goodbye whenever it can.

        Raises:
            ClientCannot: always.

        """
        raise ClientCannot("chromium", "break a call off without a word")

    # Inside.

    @property
    def _channel(self) -> BrowserChannel | None:
        return self._events

    async def _apply(self, answer: str) -> None:
        try:
            await self._page.do("answer", answer)
        except _PageFailed as error:
            raise TargetViolation(f"the SDP answer cannot be applied: {error}") from error

    def hear(self, told: Mapping[str, Any]) -> None:
        """Take in one thing that the page tells."""
        t_ns = told["t_ns"]
        match told:
            case {"what": "message"}:
                assert self._events is not None
                text = told.get("text")
                frame = base64.b64decode(told["base64"]) if text is None else text
                self._events._received(frame, t_ns)
            case {"what": "audio"}:
                self._hear_audio(told.get("base64", ""), t_ns)
            case {"what": "stats"}:
                self.received_audio.packets = told["packetsReceived"]
                self._counted = {k: v for k, v in told.items() if k not in _FRAMING}
            case {"what": "dtls", "state": state, "over": over}:
                self._recorder.state(self.name, "dtls", state)
                if state == "connected":
                    self._connected.set()
                if over:
                    self._over.set()
            case {"what": "state", "of": of, "state": state}:
                self._recorder.state(self.name, of, state)
            case {"what": "open"} if self._events is not None:
                self._events._on_open()
            case {"what": "close"} if self._events is not None:
                self._events._on_close()
                self._over.set()

    def _hear_audio(self, frame: str, t_ns: int) -> None:
        import numpy as np

        samples = (
            np.frombuffer(base64.b64decode(frame), dtype="<i2")
            if frame
            else np.zeros(_FRAME, dtype="<i2")
        )
        self.received_audio.hear(samples, t_ns)


_FRAMING = ("what", "t", "t_ns")
_FRAME = 960
"""Samples that the page's meter puts together: 20 ms."""


async def open_browser_call(
    browser: Browser,
    target: Target,
    signaling: Signaling,
    recorder: Recorder,
    *,
    name: str,
    audio: Audio = Audio.SILENT_TRACK,
    data_channel: bool = True,
    session: Mapping[str, Any] | None = None,
    key: str | None = None,
    connect: bool = True,
    timeout_s: float | None = None,
) -> BrowserCall:
    """Have a page make an offer, post it and connect; as clients.webrtc.open_call, from a browser.

    Args:
        browser: opens the page.
        target: the endpoint.
        signaling: posts the offer.
        recorder: where everything is written down.
        name: of the call in the evidence.
        audio: what the audio section of the offer has behind it.
        data_channel: whether the offer has a data channel.
        session: configuration of the call, posted beside the offer.
        key: the target's own if not given.
        connect: ``False`` to return as soon as the offer is answered; :meth:`Call.connect` goes on.
        timeout_s: bound on the transport and the data channel, after the answer; twice the
            target's patience if not given.

    Raises:
        ConnectionRefused: if the offer is not answered with 201; ``answer`` has the response.
        EventNotReceived: if the connection does not come about in time.

    """
    early: list[Any] = []
    hear: Callable[[Any], None] = early.append
    page = await browser.open_page(recorder, lambda told: hear(told))
    try:
        sdp = await page.do("offer", [audio.value, CHANNEL_LABEL if data_channel else ""])
        answer = await post_offer(target, signaling, sdp, session=session, key=key)
        call = BrowserCall(
            page,
            answer,
            name=name,
            recorder=recorder,
            data_channel=data_channel,
            patience_s=target.patience_s,
        )
    except BaseException:
        await page.close()
        raise
    for told in early:
        call.hear(told)
    hear = call.hear
    try:
        if connect:
            await call.connect(timeout_s=timeout_s)
    except BaseException:
        await call.close()
        raise
    return call
