"""Fixtures for plain tests of an endpoint: ``rt_target``, ``rt_connect``, ``rt_sideband``, ….

A test that asks for one of them is a scenario of the run, in the report with all others. What it
opens is closed behind its last line, in its own event loop, whoever runs that.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from realtime_harness.clients.call import Call
    from realtime_harness.clients.websocket import WebSocketConnection
    from realtime_harness.plain import PlainTest
    from realtime_harness.results import CheckResult
    from realtime_harness.targets.relay import Relay
    from realtime_harness.targets.target import Target
    from realtime_harness.verdicts import Verdict

__all__ = ["PLAIN", "is_plain", "rt_connect", "rt_relay", "rt_sideband", "rt_target"]

_FIXTURES = frozenset({"rt_connect", "rt_relay", "rt_sideband", "rt_target"})
PLAIN = pytest.StashKey["PlainTest"]()
"""Of an item: the test as a scenario."""


def is_plain(item: pytest.Item) -> bool:
    """Return whether an item is a test that talks to the target."""
    return not _FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.fixture
def rt_target(_rt_plain: PlainTest) -> Target:
    """Endpoint under test: base_url, api_key, model, capabilities, …."""
    return _rt_plain.run.target


@pytest.fixture
def rt_connect(
    _rt_plain: PlainTest,
) -> Callable[..., Awaitable[WebSocketConnection | Call]]:
    """Coroutine function that opens a session: over WebSocket, or with "webrtc" a call."""
    from realtime_harness.errors import NotClaimed, UsageError
    from realtime_harness.targets.capabilities import Capability

    run = _rt_plain.run

    async def connect(how: str = "websocket", **options: Any) -> WebSocketConnection | Call:
        if how not in ("websocket", "webrtc"):
            raise UsageError(f"rt_connect takes 'websocket' or 'webrtc', not {how!r}")
        if Capability(how) not in run.target.capabilities:
            raise NotClaimed(f"target {run.target.name} does not claim {how}")
        return await (run.call if how == "webrtc" else run.websocket)(**options)

    return connect


@pytest.fixture
def rt_sideband(_rt_plain: PlainTest) -> Callable[..., Awaitable[WebSocketConnection]]:
    """Coroutine function that attaches to a call, given its id."""
    from realtime_harness.errors import NotClaimed
    from realtime_harness.targets.capabilities import Capability

    run = _rt_plain.run

    async def attach(call_id: str, **options: Any) -> WebSocketConnection:
        if Capability.SIDEBAND not in run.target.capabilities:
            raise NotClaimed(f"target {run.target.name} does not claim sideband")
        return await run.sideband(call_id, **options)

    return attach


@pytest.fixture
def rt_relay(_rt_plain: PlainTest) -> Callable[..., Awaitable[Relay]]:
    """Coroutine function that puts a reference relay, "ws" or "webrtc", before the target."""
    return _rt_plain.run.relay


@pytest.fixture
def _rt_plain(request: pytest.FixtureRequest) -> Iterator[PlainTest]:
    """The test as a scenario; closes what it opened."""
    from realtime_harness.pytest_plugin import campaign_of
    from realtime_harness.verdicts import Verdict

    item = request.node
    campaign = campaign_of(item.config)
    summary = (item.obj.__doc__ or item.name).strip().partition("\n")[0]
    plain = campaign.plain_test(item.nodeid, summary)
    item.stash[PLAIN] = plain
    test = item.obj
    if inspect.iscoroutinefunction(test):

        @functools.wraps(test)
        async def closing(*arguments: Any, **named: Any) -> None:
            try:
                await test(*arguments, **named)
            finally:
                await plain.run.close()

        item.obj = closing
    yield plain
    item.obj = test
    if not plain.is_over:
        campaign.end_plain_test(plain, Verdict.UNTESTABLE, "not reached: its set-up failed")
    if not inspect.iscoroutinefunction(test):
        asyncio.run(plain.run.close())


@pytest.hookimpl
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine that talks to the target, if no other plugin does."""
    if PLAIN not in pyfuncitem.stash or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Make a verdict of what becomes of a plain test, and the other way round."""
    plain = item.stash.get(PLAIN, None)
    if plain is None:
        return (yield)
    from realtime_harness.pytest_plugin import campaign_of, text_of

    def end(verdict: Verdict, reason: str) -> list[CheckResult]:
        return campaign_of(item.config).end_plain_test(plain, verdict, reason)

    from realtime_harness.verdicts import Verdict

    try:
        result = yield
    except (KeyboardInterrupt, pytest.exit.Exception):
        end(Verdict.UNTESTABLE, "interrupted")
        raise
    except BaseException as error:
        verdict, reason = _verdict_of(error)
        own, *_ = results = end(verdict, reason)
        if own.standing is not None and not any(each.decides for each in results):
            pytest.xfail(f"{own.standing.value}: {own.known or own.reason}")
        if verdict is Verdict.NOT_APPLICABLE and not isinstance(error, pytest.skip.Exception):
            pytest.skip(reason)
        raise
    if red := [each for each in end(Verdict.PASS, "") if each.decides]:
        pytest.fail("\n\n".join(f"{each.check}\n{text_of(each)}" for each in red), pytrace=False)
    return result


def _verdict_of(error: BaseException) -> tuple[Verdict, str]:
    """Return what an exception out of a test says about the target."""
    from realtime_harness.errors import (
        ClientCannot,
        MissingExtra,
        NotClaimed,
        TargetViolation,
    )
    from realtime_harness.verdicts import Verdict

    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    if isinstance(error, (pytest.skip.Exception, ClientCannot, NotClaimed)):
        return Verdict.NOT_APPLICABLE, reason
    if isinstance(error, MissingExtra):
        return Verdict.UNTESTABLE, reason
    if isinstance(error, (AssertionError, TargetViolation, pytest.fail.Exception)):
        return Verdict.FAIL, reason
    return Verdict.ERROR, f"{type(error).__name__}: {reason}"
