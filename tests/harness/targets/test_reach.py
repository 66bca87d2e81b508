from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from realtime_harness.errors import TargetUnreachable
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.reach import reach
from realtime_harness.targets.target import Target


@pytest.fixture
def fake_root() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path in {"/_fake/state", "/_fake/services/one/state"}
            body = json.dumps({"clock": {}} if known else {}).encode()
            self.send_response(200 if known else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def target_at(url: str) -> Target:
    return Target(name="x", base_url=url, api_key="a")


def test_any_answer_will_do(http_root: str) -> None:
    target = target_at(http_root)
    assert reach(target) == target


@pytest.mark.parametrize(
    ("path", "control"),
    [("/v1", "/_fake"), ("/_fake/services/one/v1", "/_fake/services/one")],
    ids=["default-service", "further-service"],
)
def test_fake_is_known_by_its_control_api(fake_root: str, path: str, control: str) -> None:
    found = reach(target_at(fake_root + path))
    assert found.control_url == fake_root + control
    assert Capability.CONTROL in found.capabilities


def test_nothing_there() -> None:
    with pytest.raises(TargetUnreachable, match="cannot reach"):
        reach(target_at("http://127.0.0.1:1/v1"))
