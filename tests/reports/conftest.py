from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane
from realtime_harness.results import CheckResult, RunInfo, ScenarioResult
from realtime_harness.verdicts import Level, Verdict

INFO = RunInfo(
    id="20261121T054012-fake",
    target="fake",
    base_url="http://127.0.0.1:8080/v1",
    started_at="2026-11-21T05:40:12.250000+00:00",
    finished_at="2026-11-21T05:40:33.500000+00:00",
    harness_version="0.1.0",
    contract="openai-3.52.0",
    command=["realtime-harness", "run", "--target", "fake", "-k", "not slow"],
    environment={"python": "3.11.7", "platform": "Linux", "websockets": "15.0"},
    switches={"defects": ["sideband-stays-silent"], "behaviours": []},
    exit_code=1,
)


@dataclass
class RunDirectory:
    """Writes a run directory, line by line, as a run does."""

    path: Path
    info: RunInfo = INFO
    checks: list[CheckResult] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.path / "evidence").mkdir(parents=True)
        self.about(self.info)
        for name in ("checks.jsonl", "scenarios.jsonl"):
            (self.path / name).touch()

    def about(self, info: RunInfo) -> None:
        self.info = info
        (self.path / "run.json").write_text(json.dumps(info.to_json()))

    def line(self, name: str, *values: dict[str, Any]) -> None:
        with (self.path / name).open("a") as file:
            file.writelines(json.dumps(value) + "\n" for value in values)

    def check(
        self,
        check: str,
        verdict: Verdict = Verdict.PASS,
        *,
        scenario: str = "offers/rejects_offer_without_audio",
        level: Level = Level.MUST,
        reason: str = "",
        clause: str = "The endpoint does what it promised.",
        source: str = "https://developers.openai.com/docs/realtime",
        seq: int | None = None,
        **more: Any,
    ) -> None:
        result = CheckResult(
            check=check,
            scenario=scenario,
            suite=scenario.partition("/")[0],
            level=level,
            verdict=verdict,
            reason=reason,
            clause=clause,
            source=source,
            evidence_seq=seq,
            **more,
        )
        self.checks.append(result)
        self.line("checks.jsonl", result.to_json())

    def scenario(
        self,
        id: str = "offers/rejects_offer_without_audio",
        entries: Sequence[Entry] = (),
        *,
        summary: str = "An offer is answered.",
        measurements: dict[str, Any] | None = None,
    ) -> None:
        name = f"evidence/{id.replace('/', '.').replace('#', '-')}.jsonl"
        suite, _, short = id.partition("/")
        self.line(
            "scenarios.jsonl",
            ScenarioResult(
                id=id,
                suite=suite,
                name=short.partition("#")[0],
                summary=summary,
                started_at="2026-11-21T05:40:13+00:00",
                duration_s=0.42,
                evidence=name,
                measurements=measurements or {},
            ).to_json(),
        )
        self.line(name, *(entry.to_json() for entry in entries))


class Talk:
    """Makes entries of evidence that follow each other in time."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.t_ms = 0.0

    def add(
        self, lane: Lane, connection: str, direction: Direction, kind: Kind, **data: Any
    ) -> int:
        self.t_ms += 1.7
        self.entries.append(
            Entry(
                seq=len(self.entries),
                t_ns=int(self.t_ms * 1e6),
                lane=lane,
                connection=connection,
                direction=direction,
                kind=kind,
                data=data,
            )
        )
        return len(self.entries) - 1

    def call(self) -> None:
        http = (Lane.HTTP, "signaling")
        self.add(
            *http,
            Direction.SENT,
            Kind.REQUEST,
            method="POST",
            url="http://127.0.0.1:8080/v1/realtime/calls?model=gpt-realtime",
            headers={"authorization": "[redacted]", "content-type": "application/sdp"},
            body="v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
        )
        self.add(
            *http,
            Direction.RECEIVED,
            Kind.RESPONSE,
            status=201,
            headers={"location": "/v1/realtime/calls/rtc_u0_1", "content-type": "application/sdp"},
            body="v=0\r\n",
        )
        for what in ("ice", "dtls", "sctp"):
            self.add(
                Lane.TRANSPORT, "client", Direction.NOTE, Kind.STATE, what=what, state="connected"
            )
        self.t_ms += 80
        self.event("session.created", session={"id": "sess_1", "type": "realtime"})

    def event(self, type: str, *, sent: bool = False, sideband: bool = True, **data: Any) -> int:
        direction = Direction.SENT if sent else Direction.RECEIVED
        seq = self.add(
            Lane.DATA_CHANNEL, "client", direction, Kind.EVENT, type=type, event_id="ev_1", **data
        )
        if sideband and not sent:
            self.add(
                Lane.SIDEBAND, "sideband", direction, Kind.EVENT, type=type, event_id="ev_1", **data
            )
        return seq

    def turn(self, words: Sequence[str]) -> int:
        item = {"id": "item_1", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
        self.event("conversation.item.create", sent=True, item=item)
        self.event("response.create", sent=True)
        self.event("conversation.item.added", item=item)
        self.event("response.created", response={"id": "resp_1", "status": "in_progress"})
        for word in words:
            self.event("response.output_text.delta", delta=word)
        self.event("response.output_text.done", text="".join(words))
        return self.event(
            "response.done", response={"id": "resp_1", "status": "completed", "usage": {}}
        )


@pytest.fixture
def new_run(tmp_path: Path) -> Callable[..., RunDirectory]:
    """Returns a maker of run directories that has nothing judged yet."""

    def make(name: str = "run", **info: Any) -> RunDirectory:
        return RunDirectory(tmp_path / name, info=replace(INFO, **info))

    return make


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
def run_dir(new_run: Callable[..., RunDirectory]) -> Path:
    """A run like a real one: four suites, every verdict, stream rules judged everywhere."""
    run = new_run()
    stream = [
        ("rt.wire.schema", "Every server event is valid against the contract."),
        ("rt.wire.event-id-unique", "No two server events carry the same event_id."),
        ("rt.wire.response-order", "The events of a response come in their documented order."),
    ]
    scenarios = {
        "offers/rejects_offer_without_audio": "An offer without audio is refused.",
        "offers/accepts_good_offers": "An offer with audio is answered.",
        "text_over_webrtc/one_turn": "A text turn over the data channel, with a silent track.",
        "text_over_webrtc/one_turn#2": "A text turn over the data channel, with a silent track.",
        "sideband/sees_a_turn": "A sideband sees every event of a turn on the data channel.",
        "relay/overhead": "Direct and relayed turns, interleaved.",
    }
    for id, summary in scenarios.items():
        made = Talk()
        made.call()
        done = made.turn(["You", " said", ": hi"])
        measurements: dict[str, Any] = {}
        if id == "sideband/sees_a_turn":
            run.check(
                "rt.sideband.no-session-created",
                Verdict.FAIL,
                scenario=id,
                reason="expected no session.created on a sideband, got one after 0.4 ms",
                clause="A sideband is not greeted with session.created.",
                source="pydantic-ai cassette test_openai_ws_sideband__text_turn, "
                "https://github.com/pydantic/pydantic-ai/tree/main/tests/realtime/cassettes",
                seq=6,
            )
            run.check(
                "rt.sideband.same-order",
                Verdict.UNTESTABLE,
                scenario=id,
                reason="not reached: no event came on the sideband within 5 s",
                clause="A sideband sees the events of a turn in the order of the data channel.",
            )
            run.check(
                "rt.sideband.lag",
                Verdict.INFO,
                scenario=id,
                level=Level.INFO,
                reason="lag of the sideband behind the data channel: 0.6 ms (0.5 to 0.8)",
                clause="How far the sideband is behind.",
            )
            measurements = {"sideband_lag": dict(median=0.61, low=0.5, high=0.83, n=24, unit="ms")}
        elif id == "offers/rejects_offer_without_audio":
            run.check("rt.offers.missing-audio-status", scenario=id, clause="Status is 400.")
            run.check(
                "rt.offers.retry-after",
                Verdict.WARN,
                scenario=id,
                level=Level.SHOULD,
                reason="the header is absent",
                clause="A refusal says when to try again.",
                seq=1,
            )
        elif id == "offers/accepts_good_offers":
            run.check("rt.offers.location", scenario=id, clause="Location names the call.")
            run.check(
                "rt.offers.hangup",
                Verdict.NOT_APPLICABLE,
                scenario=id,
                reason="the target does not claim hangup",
                clause="A call can be hung up.",
            )
        elif id == "relay/overhead":
            run.check(
                "rt.relay.complete",
                Verdict.ERROR,
                scenario=id,
                reason="HarnessError: the relay did not start: [Errno 98] address in use",
                clause="A relay loses nothing.",
            )
            measurements = {
                "first_text_direct": dict(median=4.1, low=3.9, high=4.4, n=60, unit="ms"),
                "first_text_relayed": dict(median=45.2, low=44.1, high=46.9, n=60, unit="ms"),
                "overhead": dict(median=41.1, low=40.2, high=42.3, n=60, unit="ms"),
                "slack": dict(median=-1.6, low=-2.3, high=0.4, n=60, unit="ms"),
                "turns": 120,
            }
        else:
            repeated = id.endswith("#2")
            run.check(
                "rt.text-over-webrtc.no-audio-tokens",
                Verdict.FAIL if repeated else Verdict.PASS,
                scenario=id,
                reason="expected 0 input audio tokens, got 10" if repeated else "",
                clause="A silent track costs no audio tokens in a text turn.",
                seq=done if repeated else None,
            )
        for check, clause in stream:
            run.check(check, scenario=id, clause=clause)
        run.scenario(id, made.entries, summary=summary, measurements=measurements)
    return run.path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real Chromium, for one module: as long as it is there, no other event loop can run."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="install realtime-harness[browser]"
    )
    chromium = (
        os.environ.get("RT_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    if chromium is None:
        pytest.skip("no Chromium: install it (Debian: apt-get install chromium) or set RT_CHROMIUM")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        yield browser
        browser.close()


@pytest.fixture
def show(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a report; at the end, nothing was loaded and nothing went wrong."""
    complaints: list[str] = []
    contexts = []

    def show(report: Path, hash: str = "", **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda m: complaints.append(m.text) if m.type != "log" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        # A dialog stops the page until it is answered, which ends a test by its time-out.
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        address = report.resolve().as_uri()

        def allow(route: Any) -> None:
            if route.request.url.partition("#")[0] != address:
                complaints.append(f"asked for {route.request.url}")
                route.abort()
            else:
                route.continue_()

        context.route("**/*", allow)
        page.goto(address + hash)
        return page

    yield show
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def keep(tmp_path: Path) -> Callable[..., None]:
    """Takes screenshots, for people to look at."""

    def keep(page: Any, name: str, **options: Any) -> None:
        folder = Path(os.environ.get("RT_ARTIFACTS") or tmp_path) / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"report-{name}.png", **options)
        assert (folder / f"report-{name}.png").stat().st_size > 5_000

    return keep
