from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from realtime_fakes.relays.app import RelayOptions, running, serve

UPSTREAM = "http://127.0.0.1:9/_fake/services/one/v1"


async def test_serve_announces_itself_in_a_file_and_ends_on_sigterm(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    options = RelayOptions(kind="ws", upstream=UPSTREAM, ready_file=str(ready))
    reading = asyncio.create_task(asyncio.to_thread(ready.read_bytes))
    serving = asyncio.create_task(serve(options))
    said = json.loads(await asyncio.wait_for(reading, 5))
    root = said["base_url"].removeprefix("http://")
    assert root.startswith("127.0.0.1:")
    assert root.endswith("/_fake/services/one/v1")
    assert said == {
        "base_url": f"http://{root}",
        "ws_url": f"ws://{root}/realtime",
        "pid": os.getpid(),
    }
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(serving, 5)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"kind": "carrier-pigeon"}, id="unknown-kind"),
        pytest.param({"kind": "ws", "defects": ("nope",)}, id="unknown-defect"),
    ],
)
async def test_options_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"pigeon|nope"):
        async with running(RelayOptions(upstream=UPSTREAM, **options)):  # type: ignore[arg-type]
            pass


async def test_a_plain_request_to_a_websocket_relay_is_told_what_is_served() -> None:
    async with (
        running(RelayOptions(kind="ws", upstream=UPSTREAM)) as ready,
        aiohttp.ClientSession() as http,
        http.get(ready["base_url"] + "/realtime") as answer,
    ):
        assert answer.status == 426
        assert "WebSocket" in (await answer.json())["error"]["message"]
