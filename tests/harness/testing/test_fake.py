"""Fakes on their thread, with clients that block and clients that do not."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import websockets.sync.client

from realtime_harness.testing import Clock, Fake, ServerThread

MESSAGE = {
    "type": "conversation.item.create",
    "item": {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "hello"}],
    },
}


@pytest.fixture(scope="module")
def thread() -> Iterator[ServerThread]:
    with ServerThread() as thread:
        yield thread


@pytest.fixture
def fake(thread: ServerThread) -> Iterator[Fake]:
    with thread.fake() as fake:
        yield fake


def talk(fake: Fake, *events: dict[str, Any], until: str) -> dict[str, Any]:
    with websockets.sync.client.connect(
        f"{fake.ws_url}?model=gpt-realtime",
        additional_headers={"Authorization": f"Bearer {fake.api_key}"},
        proxy=None,
    ) as connection:
        for event in events:
            connection.send(json.dumps(event))
        while True:
            event = json.loads(connection.recv(5))
            if event["type"] == until:
                return event


def mint(fake: Fake, key: str | None = None) -> Any:
    request = urllib.request.Request(
        f"{fake.base_url}/realtime/client_secrets",
        data=b'{"session": {"type": "realtime", "model": "gpt-realtime"}}',
        headers={
            "Authorization": f"Bearer {key or fake.api_key}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=5) as reply:
        return json.load(reply)


def test_a_turn(fake: Fake) -> None:
    fake.expect("conversation.item.create", MESSAGE)
    fake.expect("response.create")
    fake.expect_answer("response.output_text.done", {"text": "You said: hello"})
    create = {"type": "response.create", "response": {"output_modalities": ["text"]}}
    talk(fake, MESSAGE, create, until="response.done")
    fake.assert_complete()


def test_requests(fake: Fake) -> None:
    made = mint(fake)
    assert made["value"].startswith("ek_")
    body = {"session": {"model": "gpt-realtime"}}
    fake.expect("POST /realtime/client_secrets", {"key": "standard", "body": body})
    fake.expect_answer("200", {"body": {"value": made["value"]}})
    fake.assert_complete()
    assert fake.environment == {"OPENAI_BASE_URL": fake.base_url, "OPENAI_API_KEY": "sk-fake"}


def test_fakes_share_nothing(thread: ServerThread, fake: Fake) -> None:
    with thread.fake(api_keys=["sk-other"], defects=["status-200"]) as other:
        assert other.base_url != fake.base_url
        mint(other)
        with pytest.raises(urllib.error.HTTPError, match="401"):
            mint(fake, "sk-other")
        assert other.control.state()["defects"] == ["status-200"]
        assert fake.control.state()["defects"] == []
        assert fake.control.state()["keys"] == []


def test_the_control_api(fake: Fake) -> None:
    talk(fake, until="session.created")
    fake.expect_answer("session.created").wait()
    mint(fake)
    assert len(fake.control.state()["keys"]) == 1
    assert fake.control.switch(defects=["status-200"])["defects"] == ["status-200"]
    with pytest.raises(ValueError, match="no session 'sess_none'"):
        fake.control.switch(behaviours=["no-rate-limits"], session_id="sess_none")
    fake.control.reset()
    assert fake.control.state()["keys"] == []
    with pytest.raises(ValueError, match="answered 404"):
        fake.control.drop("sess_none")


def test_a_clock(thread: ServerThread) -> None:
    with thread.fake(clock="virtual") as fake:
        clock = Clock(fake.control)
        before = clock.now
        assert clock.advance(3600) == clock.now == before + 3600
        with pytest.raises(ValueError, match="backwards"):
            clock.advance(-1)


def test_tls(thread: ServerThread) -> None:
    with thread.fake(tls=True) as fake:
        assert fake.base_url.startswith("https://")
        assert fake.control.state()["sessions"] == []
        assert fake.environment["SSL_CERT_FILE"] == fake.ca_file


@pytest.mark.parametrize(
    ("options", "error"),
    [({"defects": ["nope"]}, ValueError), ({"nope": 1}, TypeError)],
    ids=["defect", "option"],
)
def test_options_that_there_are_not(
    thread: ServerThread, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match="nope"), thread.fake(**options):
        pass


def test_nothing_is_left_behind() -> None:
    before = set(threading.enumerate())
    with ServerThread() as thread, thread.fake() as fake:
        talk(fake, until="session.created")
    left = set(threading.enumerate()) - before
    for each in left:
        # That of the client's pings may not have seen yet that its connection is closed.
        each.join(timeout=5)
    assert not [each for each in left if each.is_alive()]
    with pytest.raises(OSError, match="refused"):
        fake.control.state()


def test_a_thread_that_does_not_run() -> None:
    with pytest.raises(RuntimeError, match="context manager"), ServerThread().fake():
        pass
