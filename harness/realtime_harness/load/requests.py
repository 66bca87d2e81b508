"""HTTP requests that cost little: for hundreds of calls a second in a process.

What is asked is the same as of the other client; none of it is written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter_ns

import aiohttp

from realtime_harness.clients.signaling import HttpAnswer, Key, Signaling
from realtime_harness.clients.transport import ssl_context, unreachable
from realtime_harness.errors import ConnectionLost, EventNotReceived
from realtime_harness.load.recent import RecentRecorder
from realtime_harness.targets.target import Target

__all__ = ["LightSignaling"]


class LightSignaling(Signaling):
    """Makes requests to a target. Belongs to the running event loop.

    Args:
        target: the endpoint.
        timeout_s: bound on each request, seconds.

    """

    def __init__(self, target: Target, *, timeout_s: float) -> None:
        super().__init__(target, RecentRecorder(), timeout_s=timeout_s)
        self._light = aiohttp.ClientSession(
            # As many connections as there are requests at a time.
            connector=aiohttp.TCPConnector(limit=0, ssl=ssl_context(target)),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            trust_env=not target.is_loopback,
            headers={"User-Agent": self.user_agent},
        )

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._light.close()
        await super().close()

    async def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: str | bytes | None,
        key: Key,
    ) -> HttpAnswer:
        url, shown_url, sent = self._addressed(path, headers, key)
        what = f"answer to {method} {path}"
        begun_ns = perf_counter_ns()
        try:
            async with self._light.request(
                method, url, headers=sent, data=content, allow_redirects=False
            ) as answer:
                body = await answer.read()
        except aiohttp.ClientConnectorError as error:
            raise unreachable(self._target, shown_url, error) from error
        except TimeoutError:
            raise EventNotReceived(
                expected=what, lane="http", timeout_s=self._timeout_s, seen=[]
            ) from None
        except aiohttp.ClientError as error:
            raise ConnectionLost(
                lane="http", code=None, reason=str(error), while_doing=f"waiting for the {what}"
            ) from error
        return HttpAnswer(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=body,
            seq=0,
            elapsed_ms=(perf_counter_ns() - begun_ns) / 1e6,
        )
