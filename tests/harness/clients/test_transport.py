from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import pytest
import trustme
from websockets.asyncio.server import ServerConnection, serve

from realtime_harness.clients.signaling import Signaling
from realtime_harness.clients.websocket import open_websocket
from realtime_harness.errors import TargetUnreachable
from realtime_harness.evidence import Lane, Recorder
from realtime_harness.targets.target import Target

KNOWS_PROXIES = int(version("websockets").partition(".")[0]) >= 15


async def hold(connection: ServerConnection) -> None:
    await connection.wait_closed()


@asynccontextmanager
async def secure_endpoint(host: str) -> AsyncIterator[tuple[int, trustme.CA]]:
    """A WebSocket server with a certificate for ``host``: its port, and who signed it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    async with serve(hold, "127.0.0.1", 0, ssl=context) as server:
        yield next(iter(server.sockets)).getsockname()[1], authority


def at(url: str, ca_file: str | None = None) -> Target:
    return Target(name="staging", base_url=url, api_key="top-secret-key", ca_file=ca_file)


async def by_websocket(target: Target, recorder: Recorder) -> None:
    connection = await open_websocket(
        target, recorder, name="client", lane=Lane.WEBSOCKET, query={"model": "m"}, timeout_s=5
    )
    await connection.close()


async def by_http(target: Target, recorder: Recorder) -> None:
    async with Signaling(target, recorder, timeout_s=5) as signaling:
        await signaling.request("GET", "/models")


WAYS = pytest.mark.parametrize("way", [by_websocket, by_http], ids=["websocket", "http"])


@WAYS
async def test_certificate_that_nobody_vouches_for(way, recorder: Recorder) -> None:
    async with secure_endpoint("127.0.0.1") as (port, _):
        with pytest.raises(
            TargetUnreachable, match=r"certificate is not trusted.* ca_file in \[targets.staging\]"
        ):
            await way(at(f"https://127.0.0.1:{port}/v1"), recorder)


@WAYS
async def test_certificate_of_another_host(way, recorder: Recorder, tmp_path: Path) -> None:
    async with secure_endpoint("other.example") as (port, authority):
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        target = at(f"https://127.0.0.1:{port}/v1", str(tmp_path / "ca.pem"))
        with pytest.raises(TargetUnreachable, match="certificate is another host's"):
            await way(target, recorder)


async def test_authority_of_the_targets_own(recorder: Recorder, tmp_path: Path) -> None:
    async with secure_endpoint("127.0.0.1") as (port, authority):
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        await by_websocket(at(f"https://127.0.0.1:{port}/v1", str(tmp_path / "ca.pem")), recorder)


@WAYS
async def test_no_tls_where_there_should_be(way, recorder: Recorder) -> None:
    async with serve(hold, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(TargetUnreachable, match=r"no TLS with it: .* https at all\?"):
            await way(at(f"https://127.0.0.1:{port}/v1"), recorder)


class Proxy:
    """An HTTP proxy that leads everything to one port, and notes what it was asked for."""

    def __init__(self, port: int) -> None:
        self.asked: list[str] = []
        self._port = port

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, url, _ = head.decode().split(" ", 2)
        self.asked.append(f"{method} {url}")
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            back.write(head)
        await asyncio.gather(pump(reader, back), pump(there, writer))


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def proxied(monkeypatch: pytest.MonkeyPatch, host: str) -> AsyncIterator[tuple[Proxy, int]]:
    """A WebSocket server at ``host``, and a proxy that the environment names: it, and the port."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "WS_PROXY", "WSS_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    async with serve(hold, host, 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        proxy = Proxy(port)
        async with await asyncio.start_server(proxy, "127.0.0.1", 0) as listening:
            url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            monkeypatch.setenv("HTTP_PROXY", url)
            monkeypatch.setenv("HTTPS_PROXY", url)
            yield proxy, port


@WAYS
async def test_proxy_of_the_environment(
    way, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way is by_websocket and not KNOWS_PROXIES:
        pytest.skip("websockets knows proxies since 15")
    async with proxied(monkeypatch, "127.0.0.1") as (proxy, _):
        await way(at("http://service.example/v1"), recorder)
    assert len(proxy.asked) == 1
    assert "service.example" in proxy.asked[0]
    assert "top-secret-key" not in proxy.asked[0]


@WAYS
async def test_no_proxy_before_this_machine(
    way, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxied(monkeypatch, "127.0.0.1") as (proxy, port):
        await way(at(f"http://127.0.0.1:{port}/v1"), recorder)
    assert proxy.asked == []


@WAYS
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
async def test_no_proxy_where_the_environment_says_so(
    way, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxied(monkeypatch, "127.0.0.2") as (proxy, port):
        monkeypatch.setenv("NO_PROXY", "127.0.0.2")
        await way(at(f"http://127.0.0.2:{port}/v1"), recorder)
    assert proxy.asked == []


@WAYS
async def test_proxy_that_is_not_there(
    way, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way is by_websocket and not KNOWS_PROXIES:
        pytest.skip("websockets knows proxies since 15")
    async with proxied(monkeypatch, "127.0.0.1"):
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        with pytest.raises(TargetUnreachable, match=r"service\.example"):
            await way(at("http://service.example/v1"), recorder)
