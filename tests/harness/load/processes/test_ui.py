"""Locust's page, in a real Chromium: our metrics with our digits, and a run directory a start."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
import pytest

from realtime_harness import doctor
from realtime_harness.load.operation import Tally
from realtime_harness.targets.target import Target

if find_spec("locust") is None or find_spec("playwright") is None:
    pytest.skip("needs the extras load and browser", allow_module_level=True)

WAIT_S = 60.0


def wait_for(condition: Callable[[], Any], timeout_s: float = WAIT_S) -> Any:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            found = condition()
        except OSError:
            found = None
        if found:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.1)


class Page:
    """A command that serves Locust's page, and what that says of itself."""

    def __init__(self, target: Target, directory: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.directory = directory
        self.command = subprocess.Popen(
            [
                *(sys.executable, "-m", "realtime_harness", "load", "text", "--ui"),
                *("--ui-port", str(port), "--target", target.base_url, "--users", "4"),
                *("--duration", "50s", "--out", str(directory), "--slo", "rate(ok) > 99%"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "REALTIME_API_KEY": target.api_key},
        )
        wait_for(lambda: self.stats()["state"] == "ready")

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/stats/requests", timeout=5) as answer:
            return dict(json.load(answer))

    def count(self, name: str, kind: str) -> int:
        rows = self.stats()["stats"]
        return sum(
            row["num_requests"] for row in rows if (row["name"], row["method"]) == (name, kind)
        )

    def stop_by(self, click: Callable[[], None]) -> float:
        began = time.monotonic()
        click()
        wait_for(lambda: self.stats()["state"] == "stopped")
        return time.monotonic() - began

    def end(self) -> str:
        if self.command.poll() is None:
            self.command.send_signal(signal.SIGINT)
        return self.command.communicate(timeout=WAIT_S)[0]


@pytest.fixture
def page(fake: Target, tmp_path: Path) -> Iterator[Page]:
    page = Page(fake, tmp_path / "run")
    yield page
    if page.command.poll() is None:
        page.command.kill()
        page.command.communicate(timeout=WAIT_S)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A Chromium for this module; in the thread of the tests, so it must not outlive it."""
    path = doctor.find_chromium()
    if path is None:
        pytest.skip("needs Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def test_a_page_that_starts_and_stops_runs(page: Page, chromium: Any, tmp_path: Path) -> None:
    shown = chromium.new_page(viewport={"width": 1280, "height": 900})
    errors: list[str] = []
    shown.on("pageerror", lambda error: errors.append(str(error)))
    shown.goto(page.url)

    def press(name: str) -> None:
        shown.get_by_role("button", name=name).click()

    press("Start")
    wait_for(lambda: page.count("ttft", "response") >= 8)
    # Our metrics, by both clocks, and the charts of them.
    shown.get_by_role("cell", name="ttft", exact=True).first.wait_for()
    assert {"response", "service"} <= set(shown.locator("td:first-child").all_inner_texts())
    shown.get_by_role("tab", name="Charts").click()
    wait_for(lambda: shown.locator("canvas").count() >= 3)
    # To begin the table anew is a matter of the table; the run is still the whole run.
    press("Reset")
    wait_for(lambda: page.count("ttft", "response") >= 4)
    assert page.stop_by(lambda: press("Stop")) < 5
    first = page.directory / "load/load.json"
    whole = orjson.loads(first.read_bytes())
    assert whole["aborted"] == "stopped"
    assert len(whole["objectives"]) == 1
    tally = Tally.from_json(whole)
    assert tally.count("turn") > page.count("turn", "response") > 0
    written = first.read_bytes()

    # A second start is another run, with what was entered on the page.
    # What the page asked for before it stopped may be answered behind that, and looks as if it ran.
    shown.reload()
    press("New")
    shown.get_by_label("Number of users (peak concurrency)").fill("3")
    press("Start")
    wait_for(lambda: page.count("ttft", "response") >= 12)
    assert page.stop_by(lambda: press("Stop")) < 5
    second = page.directory.with_name("run-2") / "load"
    again = orjson.loads((second / "load.json").read_bytes())
    assert again["users"] == 3
    assert first.read_bytes() == written
    assert (second / "intervals.jsonl").read_bytes().count(b"\n") >= 2
    assert (second / "locust.html").stat().st_size > 100_000

    # Its table is what was written down, digit by digit.
    rows = {
        (row["name"], row["method"]): row["median_response_time"] for row in page.stats()["stats"]
    }
    tally = Tally.from_json(again)
    for metric in ("ttft_ms", "turn_ms", "connect_ms"):
        for clock in ("response", "service"):
            told = rows[metric.removesuffix("_ms"), clock]
            ours = tally.histogram(metric, clock=clock).percentile_ms(50)
            assert told == float(f"{ours:.3g}")
    shown.get_by_role("tab", name="Statistics").click()
    median = shown.get_by_role("row").filter(has_text="ttft").first.locator("td").nth(4)
    wait_for(lambda: float(median.inner_text()) == rows["ttft", "response"])
    shown.close()
    assert errors == []
    output = page.end()
    assert page.command.returncode in (0, 6), output
    assert output.count("run directory: ") == 2


def test_a_page_that_never_starts_leaves_nothing(page: Page) -> None:
    output = page.end()
    assert page.command.returncode == 130
    assert not (page.directory / "load").exists(), output


def test_too_many_users_are_refused_on_the_page(page: Page) -> None:
    form = b"user_count=20000&spawn_rate=100"
    urllib.request.urlopen(f"{page.url}/swarm", data=form, timeout=5).close()

    def said() -> str:
        with urllib.request.urlopen(f"{page.url}/exceptions", timeout=5) as answer:
            return str(answer.read())

    wait_for(lambda: "20000 sessions are more than 10000" in said())
    wait_for(lambda: page.stats()["state"] == "stopped")
    assert not (page.directory / "load").exists()
