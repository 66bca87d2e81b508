from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from respx import MockResponse, MockRouter

from realtime_harness.clients.signaling import NO_KEY, Form, HttpAnswer, NoKey, Signaling
from realtime_harness.errors import ConnectionLost, EventNotReceived, TargetUnreachable
from realtime_harness.evidence import Direction, Kind, Lane, Recorder
from realtime_harness.targets.profiles import AZURE, COMPATIBLE, KeyStyle
from realtime_harness.targets.retry import Retry
from realtime_harness.targets.target import Target

ROOT = "https://host.example/v1"
OFFER = "v=0\r\n"


@pytest.fixture
async def signaling(recorder: Recorder) -> AsyncIterator[Signaling]:
    target = Target(name="x", base_url=ROOT, api_key="top-secret-key", model="m")
    async with Signaling(target, recorder, timeout_s=1) as signaling:
        yield signaling


@pytest.fixture
def answers(httpx2_mock: MockRouter) -> MockRouter:
    httpx2_mock.route(host="host.example").respond(200, json={"value": "x"})
    return httpx2_mock


def sent(router: MockRouter) -> Any:
    return router.calls.last.request


async def test_client_secret(signaling: Signaling, answers: MockRouter) -> None:
    await signaling.client_secret(expires_after_s=60)
    request = sent(answers)
    assert (request.method, str(request.url)) == ("POST", f"{ROOT}/realtime/client_secrets")
    assert request.headers["authorization"] == "Bearer top-secret-key"
    assert json.loads(request.content) == {
        "session": {"type": "realtime", "model": "m"},
        "expires_after": {"anchor": "created_at", "seconds": 60},
    }


@pytest.mark.parametrize(
    ("key", "header"),
    [(None, "Bearer top-secret-key"), ("ek_other", "Bearer ek_other"), (NO_KEY, None)],
    ids=["own", "other", "none"],
)
async def test_keys(
    signaling: Signaling, answers: MockRouter, key: str | NoKey | None, header: str | None
) -> None:
    await signaling.hangup("rtc_1", key=key)
    request = sent(answers)
    assert str(request.url) == f"{ROOT}/realtime/calls/rtc_1/hangup"
    assert request.headers.get("authorization") == header


async def test_bare_offer(signaling: Signaling, answers: MockRouter) -> None:
    await signaling.create_call(OFFER, model="a b")
    request = sent(answers)
    assert str(request.url) == f"{ROOT}/realtime/calls?model=a+b"
    assert request.headers["content-type"] == "application/sdp"
    assert request.content == OFFER.encode()


async def test_wrong_content_type(signaling: Signaling, answers: MockRouter) -> None:
    await signaling.create_call(b"\xff\x00", content_type="text/html")
    assert sent(answers).headers["content-type"] == "text/html"
    assert sent(answers).content == b"\xff\x00"


@pytest.mark.parametrize(("form", "typed"), [(Form.FORM_DATA, False), (Form.MULTIPART, True)])
async def test_offer_in_a_form(
    signaling: Signaling, answers: MockRouter, form: Form, typed: bool
) -> None:
    await signaling.create_call(OFFER, session={"type": "realtime"}, form=form)
    request = sent(answers)
    media_type, _, boundary = request.headers["content-type"].partition("; boundary=")
    assert media_type == "multipart/form-data"
    _, sdp, session, end = request.content.decode().split(f"--{boundary}")
    assert end == "--\r\n"
    for part, name, kind, body in (
        (sdp, "sdp", "application/sdp", OFFER),
        (session, "session", "application/json", '{"type": "realtime"}'),
    ):
        head, _, content = part.partition("\r\n\r\n")
        assert content == body + "\r\n"
        lines = [line for line in head.split("\r\n") if line]
        expected = [f'Content-Disposition: form-data; name="{name}"']
        assert lines == expected + ([f"Content-Type: {kind}"] if typed else [])


async def test_bare_offer_has_no_room_for_a_session(signaling: Signaling) -> None:
    with pytest.raises(ValueError, match="no room"):
        await signaling.create_call(OFFER, session={})


async def test_preflight(signaling: Signaling, answers: MockRouter) -> None:
    await signaling.preflight("/realtime/calls", {"Access-Control-Request-Headers": "x-own"})
    request = sent(answers)
    assert request.method == "OPTIONS"
    assert request.headers["access-control-request-headers"] == "x-own"
    assert "authorization" not in request.headers


async def test_answer_is_read_whole(
    signaling: Signaling, httpx2_mock: MockRouter, recorder: Recorder
) -> None:
    httpx2_mock.post(f"{ROOT}/x").respond(
        400, json={"error": {"code": "invalid_offer"}}, headers={"X-Request-Id": "1"}
    )
    answer = await signaling.request("POST", "/x")
    assert (answer.status, answer.error) == (400, {"code": "invalid_offer"})
    assert answer.headers["x-request-id"] == "1"
    assert answer.elapsed_ms >= 0
    assert [entry.kind for entry in recorder.entries] == [Kind.REQUEST, Kind.RESPONSE]
    assert {entry.lane for entry in recorder.entries} == {Lane.HTTP}
    assert recorder.entries[answer.seq].direction is Direction.RECEIVED
    assert recorder.entries[answer.seq].data["status"] == 400


async def test_no_key_is_in_evidence_also_not_a_new_one(
    signaling: Signaling, httpx2_mock: MockRouter, recorder: Recorder
) -> None:
    httpx2_mock.post(f"{ROOT}/realtime/client_secrets").respond(
        200, json={"value": "of-no-known-form", "session": {}}
    )
    answer = await signaling.client_secret()
    assert answer.json()["value"] == "of-no-known-form"
    text = str([entry.data for entry in recorder.entries])
    assert "top-secret-key" not in text
    assert "of-no-known-form" not in text


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error": {"code": null}}', {"code": None}),
        (b'{"error": "no"}', None),
        (b"[]", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_error_object(body: bytes, error: dict[str, Any] | None) -> None:
    answer = HttpAnswer(status=400, headers={}, body=body, seq=0, elapsed_ms=1.0)
    assert answer.error == error
    assert isinstance(answer.text, str)


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def ask(handler: Handler, recorder: Recorder) -> None:
    async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        target = Target(name="x", base_url=f"http://127.0.0.1:{port}/v1", api_key="abcdef")
        async with Signaling(target, recorder, timeout_s=0.1) as signaling:
            await signaling.hangup("rtc_1")


async def test_silence_is_a_violation(recorder: Recorder) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    with pytest.raises(EventNotReceived, match="answer to POST /realtime/calls/rtc_1/hangup"):
        await ask(handler, recorder)


async def test_breaking_off_is_a_violation(recorder: Recorder) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    with pytest.raises(ConnectionLost, match="waiting for the answer"):
        await ask(handler, recorder)
    assert [entry.kind for entry in recorder.entries] == [Kind.REQUEST]


async def test_nobody_there(recorder: Recorder) -> None:
    target = Target(name="x", base_url="http://127.0.0.1:1/v1", api_key="abcdef")
    async with Signaling(target, recorder) as signaling:
        with pytest.raises(TargetUnreachable, match="cannot reach http://127"):
            await signaling.hangup("rtc_1")


QUICK = Retry(attempts=3, first_pause_s=0.001, longest_pause_s=0.1)


@pytest.fixture
async def patient(recorder: Recorder) -> AsyncIterator[Signaling]:
    target = Target(name="x", base_url=ROOT, api_key="top-secret-key", model="m", retry=QUICK)
    async with Signaling(target, recorder) as signaling:
        yield signaling


def answering(*statuses: int, **headers: str) -> list[MockResponse]:
    return [MockResponse(status, json={}, headers=headers) for status in statuses]


SET_UP = pytest.mark.parametrize(
    ("method", "path"),
    [("client_secret", "client_secrets"), ("create_call", "calls")],
    ids=["client-secret", "call"],
)


async def set_up(signaling: Signaling, method: str) -> HttpAnswer:
    return await (
        signaling.client_secret() if method == "client_secret" else signaling.create_call(OFFER)
    )


@SET_UP
async def test_what_sets_up_is_asked_for_again(
    patient: Signaling, httpx2_mock: MockRouter, recorder: Recorder, method: str, path: str
) -> None:
    route = httpx2_mock.post(f"{ROOT}/realtime/{path}").mock(side_effect=answering(429, 503, 201))
    assert (await set_up(patient, method)).status == 201
    assert route.call_count == 3
    kinds = [Kind.REQUEST, Kind.RESPONSE, Kind.NOTE]
    assert [entry.kind for entry in recorder.entries] == [*kinds, *kinds, *kinds[:2]]
    notes = [entry.data["text"] for entry in recorder.entries if entry.kind is Kind.NOTE]
    assert "the answer was 429: attempt 2 of 3" in notes[0]
    assert "the answer was 503: attempt 3 of 3" in notes[1]


async def test_last_answer_counts(patient: Signaling, httpx2_mock: MockRouter) -> None:
    route = httpx2_mock.post(f"{ROOT}/realtime/calls").mock(side_effect=answering(500, 502, 504))
    assert (await patient.create_call(OFFER)).status == 504
    assert route.call_count == 3


@pytest.mark.parametrize(
    ("retry_after", "calls"), [("0", 3), ("3600", 1)], ids=["now", "longer-than-we-wait"]
)
async def test_retry_after_is_heeded(
    patient: Signaling, httpx2_mock: MockRouter, retry_after: str, calls: int
) -> None:
    route = httpx2_mock.post(f"{ROOT}/realtime/calls").mock(
        side_effect=answering(429, 429, 429, **{"Retry-After": retry_after})
    )
    assert (await patient.create_call(OFFER)).status == 429
    assert route.call_count == calls


async def test_other_requests_are_made_once(patient: Signaling, httpx2_mock: MockRouter) -> None:
    route = httpx2_mock.post(f"{ROOT}/realtime/calls/rtc_1/hangup").mock(side_effect=answering(503))
    assert (await patient.hangup("rtc_1")).status == 503
    assert route.call_count == 1


@SET_UP
async def test_this_machine_is_asked_once(
    signaling: Signaling, httpx2_mock: MockRouter, method: str, path: str
) -> None:
    httpx2_mock.post(f"{ROOT}/realtime/{path}").mock(side_effect=answering(429))
    assert (await set_up(signaling, method)).status == 429


@pytest.mark.parametrize(
    ("style", "header", "query"),
    [
        ("header:X-API-Key", "x-api-key", ""),
        ("query:api_key", None, "?api_key=top-secret-key"),
        ("none", None, ""),
    ],
)
async def test_key_where_the_target_wants_it(
    answers: MockRouter, recorder: Recorder, style: str, header: str | None, query: str
) -> None:
    target = Target(
        name="x",
        base_url=ROOT,
        api_key="" if style == "none" else "top-secret-key",
        profile=replace(COMPATIBLE, key_style=KeyStyle.parse(style)),
    )
    async with Signaling(target, recorder) as signaling:
        await signaling.hangup("rtc_1")
    request = sent(answers)
    assert str(request.url) == f"{ROOT}/realtime/calls/rtc_1/hangup{query}"
    assert "authorization" not in request.headers
    if header is not None:
        assert request.headers[header] == "top-secret-key"
    assert "top-secret-key" not in str([entry.data for entry in recorder.entries])


async def test_call_at_azure(httpx2_mock: MockRouter, recorder: Recorder) -> None:
    root = "https://r.openai.azure.com/openai/v1"
    httpx2_mock.post(f"{root}/realtime/client_secrets").respond(
        200, json={"value": "ek_made", "session": {}}
    )
    httpx2_mock.post(url__startswith=f"{root}/realtime/calls").respond(201, text="v=0")
    target = Target(
        name="azure",
        base_url=root,
        api_key="top-secret-key",
        model="ours",
        profile=replace(AZURE, filters_calls=True),
    )
    async with Signaling(target, recorder) as signaling:
        await signaling.create_call(OFFER, model="ours")
    secret, call = (each.request for each in httpx2_mock.calls)
    assert secret.headers["api-key"] == "top-secret-key"
    assert "authorization" not in secret.headers
    assert json.loads(secret.content)["session"]["model"] == "ours"
    assert call.headers["authorization"] == "Bearer ek_made"
    assert "api-key" not in call.headers
    assert str(call.url) == f"{root}/realtime/calls?model=ours&webrtcfilter=on"
