from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from realtime_harness.clients.sideband import open_sideband
from realtime_harness.errors import ConnectionRefused
from realtime_harness.evidence import Lane, Recorder
from realtime_harness.targets.target import Target

Serving = Callable[..., AbstractAsyncContextManager[Target]]


class Refusals:
    """Refuses so many times, then no more."""

    def __init__(self, *statuses: HTTPStatus) -> None:
        self._left = list(statuses)
        self.paths: list[str] = []

    def __call__(self, connection: ServerConnection, request: Request) -> Response | None:
        self.paths.append(request.path)
        return connection.respond(self._left.pop(0), "{}") if self._left else None


async def attach(target: Target, recorder: Recorder, **options: Any) -> None:
    connection = await open_sideband(target, recorder, "rtc_1", name="sideband", **options)
    assert connection.lane is Lane.SIDEBAND
    await connection.close()


async def test_attaches_by_call_id(serving: Serving, staying: object, recorder: Recorder) -> None:
    refusals = Refusals()
    async with serving(staying, refusals) as target:
        await attach(target, recorder)
    assert refusals.paths == ["/v1/realtime?call_id=rtc_1"]


async def test_first_404_is_final_by_default(
    serving: Serving, staying: object, recorder: Recorder
) -> None:
    refusals = Refusals(HTTPStatus.NOT_FOUND)
    async with serving(staying, refusals) as target:
        with pytest.raises(ConnectionRefused) as raised:
            await attach(target, recorder)
    assert raised.value.status == 404
    assert len(refusals.paths) == 1


async def test_404_is_tried_again_if_asked(
    serving: Serving, staying: object, recorder: Recorder
) -> None:
    refusals = Refusals(HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND)
    async with serving(staying, refusals) as target:
        await attach(target, recorder, retry_s=2)
    assert len(refusals.paths) == 3


async def test_404_for_too_long(serving: Serving, staying: object, recorder: Recorder) -> None:
    refusals = Refusals(*[HTTPStatus.NOT_FOUND] * 50)
    async with serving(staying, refusals) as target:
        with pytest.raises(ConnectionRefused):
            await attach(target, recorder, retry_s=0.1)
    assert 2 <= len(refusals.paths) <= 10


async def test_other_refusals_are_final(
    serving: Serving, staying: object, recorder: Recorder
) -> None:
    refusals = Refusals(HTTPStatus.UNAUTHORIZED)
    async with serving(staying, refusals) as target:
        with pytest.raises(ConnectionRefused):
            await attach(target, recorder, retry_s=2)
    assert len(refusals.paths) == 1
