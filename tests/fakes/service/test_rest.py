from __future__ import annotations

import re

import pytest

SESSION = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief."}
PREFLIGHT = {
    "Origin": "https://example.org",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,x-stainless-lang",
}


async def test_a_client_secret(client):
    reply = await client.post("/realtime/client_secrets", json={"session": SESSION})
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "application/json"
    secret = reply.json()
    assert re.fullmatch(r"ek_[0-9a-f]{32}", secret["value"])
    now = (await client.state())["clock"]["now"]
    assert secret["expires_at"] - now == pytest.approx(600, abs=5)
    session = secret["session"]
    assert (session["object"], session["expires_at"]) == ("realtime.session", 0)
    assert session["instructions"] == "Be brief."
    assert re.fullmatch(r"sess_\w{21}", session["id"])


@pytest.mark.parametrize("body", [None, {}, {"session": {"type": "realtime"}}])
async def test_a_client_secret_needs_no_model(client, body):
    reply = await client.post("/realtime/client_secrets", json=body)
    assert reply.status_code == 200
    assert reply.json()["session"]["type"] == "realtime"


@pytest.mark.parametrize("seconds", [10, 7200])
async def test_the_lifetime_is_as_asked(client, seconds):
    body = {"expires_after": {"anchor": "created_at", "seconds": seconds}, "session": SESSION}
    secret = (await client.post("/realtime/client_secrets", json=body)).json()
    now = (await client.state())["clock"]["now"]
    assert secret["expires_at"] - now == pytest.approx(seconds, abs=5)


BAD_SECRETS = {
    "too short": ({"expires_after": {"seconds": 9}}, "integer_below_min_value"),
    "too long": ({"expires_after": {"seconds": 7201}}, "integer_above_max_value"),
    "no integer": ({"expires_after": {"seconds": "60"}}, "invalid_type"),
    "other anchor": ({"expires_after": {"anchor": "last_use"}}, "invalid_value"),
    "unknown field": ({"session": {**SESSION, "temperature": 1}}, "unknown_parameter"),
    "no type": ({"session": {"model": "gpt-realtime"}}, "missing_required_parameter"),
    "no object": ({"session": "realtime"}, "invalid_type"),
    "two modalities": (
        {"session": {**SESSION, "output_modalities": ["audio", "text"]}},
        "invalid_value",
    ),
}


@pytest.mark.parametrize(("body", "code"), BAD_SECRETS.values(), ids=list(BAD_SECRETS))
async def test_a_client_secret_is_refused(client, body, code):
    reply = await client.post("/realtime/client_secrets", json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, code)
    assert (await client.state())["keys"] == []


async def test_a_body_that_is_not_json(client):
    reply = await client.post("/realtime/client_secrets", content=b"{")
    assert reply.status_code == 400
    assert reply.json()["error"]["type"] == "invalid_request_error"


async def test_the_config_of_a_secret_is_applied_to_whoever_connects(client):
    secret = (await client.post("/realtime/client_secrets", json={"session": SESSION})).json()
    for _ in range(2):  # a secret may be used again until it expires
        socket = await client.socket("", key=secret["value"])
        session = (await socket.event())["session"]
        assert (session["instructions"], session["model"]) == ("Be brief.", "gpt-realtime")
        assert session["expires_at"] > 0


async def test_an_expired_secret_is_refused_everywhere(open_world):
    client = (await open_world(clock="virtual")).client
    body = {"expires_after": {"anchor": "created_at", "seconds": 10}, "session": SESSION}
    key = (await client.post("/realtime/client_secrets", json=body)).json()["value"]
    running = await client.socket("", key=key)
    await running.event()
    await client.control("POST", "/clock", json={"advance": 10})

    reason = "invalid_request_error.invalid_api_key"
    assert await (await client.socket("", key=key)).closed() == (3000, reason)
    reply = await client.post(
        "/realtime/calls", key=key, content=b"", headers={"Content-Type": "application/sdp"}
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "invalid_api_key")
    assert (await client.state())["keys"][0]["expired"] is True
    # What it started outlives it.
    await running.send({"type": "input_audio_buffer.clear"})
    assert (await running.event())["type"] == "input_audio_buffer.cleared"


PATHS = ["/realtime/client_secrets", "/realtime/calls", "/realtime/calls/rtc_1/hangup"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("key", "code"), [(None, None), ("sk-wrong-0123456789", "invalid_api_key")]
)
async def test_no_entry_without_a_good_key(client, path, key, code):
    reply = await client.post(path, key=key)
    error = reply.json()["error"]
    assert (reply.status_code, error["type"], error["code"]) == (
        401,
        "invalid_request_error",
        code,
    )
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/realtime/client_secrets", "/realtime/calls/rtc_1/hangup"])
async def test_an_ephemeral_key_opens_sessions_and_nothing_else(client, path):
    secret = (await client.post("/realtime/client_secrets", json={"session": SESSION})).json()
    reply = await client.post(path, key=secret["value"])
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "invalid_api_key")


async def test_hanging_up_an_unknown_call(client):
    reply = await client.post("/realtime/calls/rtc_u1_none/hangup")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "call_id_not_found")


@pytest.mark.parametrize(
    "path", ["/realtime", "/realtime/sessions", "/realtime/transcription_sessions"]
)
async def test_paths_of_the_beta_are_refused(client, path):
    reply = await client.post(path)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "beta_api_shape_disabled")


async def test_the_beta_header_is_refused(client):
    reply = await client.post(
        "/realtime/client_secrets", json={}, headers={"OpenAI-Beta": "realtime=v1"}
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "beta_api_shape_disabled")


@pytest.mark.parametrize("path", PATHS)
async def test_a_preflight_gets_what_it_asks_for_without_a_key(client, path):
    reply = await client.http.options(client.addresses["base_url"] + path, headers=PREFLIGHT)
    assert reply.is_success
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    asked = PREFLIGHT["Access-Control-Request-Headers"]
    assert reply.headers["Access-Control-Allow-Headers"] == asked
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/models"), ("PUT", "/realtime/calls"), ("POST", "/nothing")]
)
async def test_an_unknown_url(client, method, path):
    reply = await client.http.request(method, client.addresses["base_url"] + path)
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "unknown_url")
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_body_that_is_too_large(client):
    reply = await client.post("/realtime/client_secrets", content=b" " * (5 * 1024 * 1024))
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "body_too_large")


async def test_a_fault_of_the_fake_is_told_as_json(world, monkeypatch, caplog):
    monkeypatch.setattr(world.server.default.keys, "mint", None)
    reply = await world.client.post("/realtime/client_secrets", json={})
    assert (reply.status_code, reply.json()["error"]["type"]) == (500, "server_error")
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "TypeError" in caplog.text
