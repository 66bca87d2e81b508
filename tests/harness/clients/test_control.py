from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx2
import pytest
from respx import MockRouter

from realtime_harness.clients.control import Control
from realtime_harness.errors import HarnessError
from realtime_harness.evidence import Recorder
from realtime_harness.targets.target import Target

ROOT = "http://127.0.0.1:80/_fake"
TARGET = Target(name="fake", base_url="http://127.0.0.1:80/v1", api_key="abcdef", control_url=ROOT)


@pytest.fixture
async def control(recorder: Recorder) -> AsyncIterator[Control]:
    async with Control(TARGET, recorder) as control:
        yield control


@pytest.mark.parametrize(
    ("act", "method", "path", "body"),
    [
        (lambda c: c.state(), "GET", "/state", None),
        (lambda c: c.advance(601), "POST", "/clock", {"advance": 601}),
        (
            lambda c: c.switches(defects=["a"]),
            "PUT",
            "/switches",
            {"defects": ["a"], "behaviours": [], "faults": []},
        ),
        (lambda c: c.script([{"say": "Hi."}]), "PUT", "/script", {"rules": [{"say": "Hi."}]}),
        (lambda c: c.reset(), "POST", "/reset", None),
        (lambda c: c.drop("sess_1"), "POST", "/sessions/sess_1/drop", None),
        (lambda c: c.delete_service("one"), "DELETE", "/services/one", None),
    ],
    ids=["state", "advance", "switches", "script", "reset", "drop", "delete-service"],
)
async def test_requests(
    control: Control, httpx2_mock: MockRouter, recorder: Recorder, act, method, path, body
) -> None:
    route = httpx2_mock.request(method, ROOT + path).respond(200, json={})
    await act(control)
    content = route.calls.last.request.content
    assert (json.loads(content) if content else None) == body
    assert len(recorder.entries) == (method != "GET")


async def test_new_service_is_a_target(control: Control, httpx2_mock: MockRouter) -> None:
    httpx2_mock.post(f"{ROOT}/services").respond(
        201,
        json={
            "name": "one",
            "base_url": f"{ROOT}/services/one/v1",
            "ws_url": "ws://x",
            "control_url": f"{ROOT}/services/one",
            "api_key": "sk-one",
            "calls_need_ephemeral_key": False,
            "models_are_deployments": False,
        },
    )
    target = await control.new_service("one", defects=["broken"])
    assert (target.base_url, target.api_key) == (f"{ROOT}/services/one/v1", "sk-one")
    assert target.control_url == f"{ROOT}/services/one"
    assert target.switches == {"defects": ["broken"], "behaviours": [], "faults": []}
    assert target.capabilities == TARGET.capabilities


async def test_whatever_goes_wrong_is_ours(control: Control, httpx2_mock: MockRouter) -> None:
    httpx2_mock.get(f"{ROOT}/state").respond(403, text="only from here")
    with pytest.raises(HarnessError, match="answered 403: only from here"):
        await control.state()
    httpx2_mock.get(f"{ROOT}/state").mock(side_effect=httpx2.ConnectError("gone"))
    with pytest.raises(HarnessError, match="failed"):
        await control.state()


def test_target_without_control_api() -> None:
    with pytest.raises(HarnessError, match="no control API"):
        Control(Target(name="x", base_url="http://127.0.0.1:80/v1", api_key="a"))
