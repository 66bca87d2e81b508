from __future__ import annotations

import asyncio
import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from realtime_harness.campaign import Campaign, Conversation
from realtime_harness.checks import Check
from realtime_harness.errors import KeyRefused, TargetUnreachable, UsageError
from realtime_harness.plan import Plan
from realtime_harness.results import read_run
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import Scenario
from realtime_harness.verdicts import ExitCode, Verdict

KEY = {"REALTIME_API_KEY": "top-secret-key"}


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sample(declared: Callable[..., Scenario], check: Callable[..., Check]) -> Scenario:
    async def sample(run: ScenarioRun) -> None:
        """Judge by the key."""
        run.check(check(), run.target.api_key == "top-secret-key", "another key")

    return declared(sample)


@pytest.fixture
def campaign(http_root: str) -> Iterator[Campaign]:
    campaign = Campaign.begin(Plan(target=http_root, suites=("sample",)), KEY)
    yield campaign
    campaign.leave()


def test_from_begin_to_finish(campaign: Campaign, sample: Scenario, http_root: str) -> None:
    info = read_run(campaign.directory).info
    assert (info.base_url, info.finished_at) == (http_root, None)
    assert info.command[-2:] == ["--suite", "sample"]
    assert {"python", "platform", "websockets"} <= info.environment.keys()
    assert info.contract.startswith("openai-")
    outcome = campaign.run(Conversation(sample))
    for result in outcome.results:
        campaign.store.add_check(result)
    assert campaign.finish() is ExitCode.OK
    run = read_run(campaign.directory)
    assert run.info.exit_code == ExitCode.OK
    assert run.info.finished_at is not None
    assert run.checks == outcome.results
    assert run.scenarios == [outcome.result]


def test_what_is_expected_is_had_at_the_same_time(
    declared: Callable[..., Scenario], check: Callable[..., Check], http_root: str
) -> None:
    met = threading.Barrier(2, timeout=5.0)

    async def sample(run: ScenarioRun) -> None:
        """Wait for another conversation."""
        await asyncio.to_thread(met.wait)
        run.check(check(), True)

    campaign = Campaign.begin(Plan(target=http_root, workers=2), KEY)
    wanted = [Conversation(declared(sample), repetition) for repetition in (1, 2)]
    campaign.expect(wanted)
    outcomes = [campaign.run(each) for each in wanted]
    assert [outcome.result.id for outcome in outcomes] == ["sample/sample", "sample/sample#2"]
    for outcome in outcomes:
        assert {result.verdict for result in outcome.results} == {Verdict.PASS}
    campaign.finish()


def test_end_by_something_else_than_verdicts(campaign: Campaign) -> None:
    assert campaign.finish(ExitCode.INTERRUPTED) is ExitCode.INTERRUPTED
    assert read_run(campaign.directory).info.exit_code == ExitCode.INTERRUPTED


def test_worker_joins_and_leaves_the_end_to_others(campaign: Campaign, sample: Scenario) -> None:
    worker = Campaign.join(campaign.share())
    assert worker.target == campaign.target
    worker.run(Conversation(sample, repetition=2))
    worker.leave()
    run = read_run(campaign.directory)
    assert [scenario.id for scenario in run.scenarios] == ["sample/sample#2"]
    assert run.info.finished_at is None


def test_run_directory_of_choice_is_cleared_of_an_earlier_run(http_root: str) -> None:
    plan = Plan(target=http_root, out=Path("out"))
    first = Campaign.begin(plan, KEY)
    (first.directory / "evidence").mkdir()
    (first.directory / "evidence" / "old.jsonl").touch()
    (first.directory / "notes.txt").touch()
    first.finish()
    Campaign.begin(plan, KEY).finish()
    assert not Path("out/evidence/old.jsonl").exists()
    assert Path("out/notes.txt").exists()


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        pytest.param(Plan(target="nope"), UsageError, id="unknown"),
        pytest.param(Plan(target="http://127.0.0.1:1/v1"), TargetUnreachable, id="nobody"),
        pytest.param(
            Plan(target="http://127.0.0.1:1/v1", defects=("x",)), UsageError, id="defects"
        ),
    ],
)
def test_what_cannot_be_begun_leaves_nothing(plan: Plan, error: type[Exception]) -> None:
    with pytest.raises(error):
        Campaign.begin(plan, KEY)
    assert not list(Path().iterdir())


class Beta(BaseHTTPRequestHandler):
    """Switches protocols and says a session.created of the beta; 401 without the right key."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        nonce = self.headers.get("Sec-WebSocket-Key")
        if nonce is None or self.headers.get("Authorization") != "Bearer top-secret-key":
            self.send_response(404 if nonce is None else 401)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        digest = hashlib.sha1(f"{nonce}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
        self.end_headers()
        event = b'{"type":"session.created","session":{"input_audio_format":"pcm16"}}'
        self.wfile.write(bytes([0x81, len(event)]) + event + bytes([0x88, 0]))
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def beta_root() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Beta) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_beta_is_said_and_not_judged(beta_root: str, sample: Scenario) -> None:
    campaign = Campaign.begin(Plan(target=beta_root, retry_unexpected=2), KEY)
    outcome = Campaign.join(campaign.share()).run(Conversation(sample))
    for result in outcome.results:
        campaign.store.add_check(result)
    [result] = outcome.results
    assert result.verdict is Verdict.UNTESTABLE
    assert "speaks the beta shape, which these suites do not judge" in result.reason
    assert not result.attempts
    assert campaign.finish() is ExitCode.VIOLATIONS
    [remark] = read_run(campaign.directory).info.remarks
    assert remark in result.reason


def test_key_that_is_refused_ends_the_run_before_it_begins(beta_root: str) -> None:
    with pytest.raises(KeyRefused, match=r"refuses the key \(HTTP 401.*set REALTIME_API_KEY"):
        Campaign.begin(Plan(target=beta_root), {"REALTIME_API_KEY": "another"})
    assert not list(Path().iterdir())


def test_costs_are_in_the_run(http_root: str, sample: Scenario) -> None:
    campaign = Campaign.begin(Plan(target=http_root, max_cost=0.001, retry_unexpected=2), KEY)
    worker = Campaign.join(campaign.share())
    [result] = worker.run(Conversation(sample)).results
    worker.leave()
    campaign.store.add_check(result)
    assert (result.verdict, result.attempts) == (Verdict.UNTESTABLE, [])
    assert "to stay below --max-cost 0.001" in result.reason
    assert campaign.finish() is ExitCode.VIOLATIONS
    cost = read_run(campaign.directory).info.cost
    assert (cost["usd"], cost["limit_usd"]) == (0, 0.001)


def test_this_machine_is_asked_for_nothing(campaign: Campaign) -> None:
    campaign.finish()
    info = read_run(campaign.directory).info
    assert (info.cost, info.profile, info.remarks) == ({}, "compatible", [])
