from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from realtime_harness.checks import Check
from realtime_harness.evidence import Recorder, Redactor
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import Scenario, scenario
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import Level

KEY = "top-secret-key"


@pytest.fixture
def check() -> Callable[..., Check]:
    def make(slug: str = "first", level: Level = Level.MUST) -> Check:
        return Check(
            id=f"rt.sample.{slug}", level=level, clause=f"The {slug} thing.", source="RFC 0"
        )

    return make


@pytest.fixture
def declared(check: Callable[..., Check]) -> Callable[..., Scenario]:
    """Declares a function as a scenario of suite ``sample``."""

    def make(function: Callable[[ScenarioRun], object], **options: object) -> Scenario:
        function.__doc__ = function.__doc__ or "Show something."
        given = {"suite": "sample", "checks": [check()], "stream": False, **options}
        found: Scenario = scenario(**given)(function).__rt_scenario__  # type: ignore[arg-type, attr-defined]
        return found

    return make


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(redactor=Redactor(KEY))


@pytest.fixture(scope="session")
def http_root() -> Iterator[str]:
    """Base URL of an HTTP server on this machine that answers everything with 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


@pytest.fixture
def target(http_root: str) -> Target:
    return Target(name="sample", base_url=http_root, api_key=KEY)


Invoke = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def invoke(tmp_path: Path) -> Invoke:
    """Runs a module of this environment in a folder of the test's own."""

    def run(
        *words: str, environment: Mapping[str, str] | None = None, timeout_s: float = 60
    ) -> subprocess.CompletedProcess[str]:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST_", "REALTIME_", "OPENAI_", "COV_"))
        }
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=tmp_path,
            env={**clean, "COLUMNS": "200", **(environment or {})},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    return run
