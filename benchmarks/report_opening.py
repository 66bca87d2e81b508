"""How long Chromium takes to open a report that has megabytes of evidence.

Makes a run directory of a failed run with ``--megabytes`` of raw evidence (as it lies in
``evidence/``, before compression; a tenth of it in one conversation), writes its report and opens
it from disk. Beside it, in the same run, an empty page is opened, and the report of a run with next
to no evidence. Told are the medians of

- ``first paint``: the first contentful paint, since navigation began;
- ``interactive``: ``domInteractive``, by when the page's script has run;
- ``complete``: when a filter was pressed and what it shows was laid out;
- ``conversation``: from the click on the largest conversation to its lanes being laid out.

::

    python benchmarks/report_opening.py [--megabytes 5] [--rounds 7]

Needs the ``browser`` extra and a Chromium. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane
from realtime_harness.results import CheckResult, RunInfo, ScenarioResult
from realtime_harness.verdicts import Level, Verdict
from realtime_reports import write_report

SCENARIOS = 60
CHECKS = 500
LARGEST = 0.1
"""Part of the evidence that is of one conversation."""

PAGES = ("an empty page", "no evidence", "the report")


def main() -> None:
    """Make the reports, open them in turn, tell how long it took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=float, default=5.0, help="of raw evidence")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.html"
        empty.write_text("<!doctype html><title>empty</title><p>nothing</p>", encoding="utf-8")
        reports = [make_report(Path(folder) / f"run{mb}", mb) for mb in (0.0, options.megabytes)]
        sizes = ", ".join(f"{path.stat().st_size / 1e6:.2f} MB" for path in reports)
        sys.stdout.write(f"{options.megabytes} MB of raw evidence; the files have {sizes}\n")
        figures = measure(dict(zip(PAGES, [empty, *reports], strict=True)), options.rounds)
    columns = ("first paint", "interactive", "complete", "conversation")
    sys.stdout.write(f"{'':<14}" + "".join(f"{name:>16}" for name in columns) + "\n")
    for page, taken in figures.items():
        row = "".join(
            f"{statistics.median(taken[name]):>13.0f} ms" if taken.get(name) else f"{'':>16}"
            for name in columns
        )
        sys.stdout.write(f"{page:<14}{row}\n")


def measure(pages: dict[str, Path], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Open each page so many times, in turn, in contexts of their own."""
    figures: dict[str, dict[str, list[float]]] = {page: {} for page in pages}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("RT_CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox"],
        )
        for _ in range(rounds):
            for name, path in pages.items():
                context = browser.new_context(viewport={"width": 1280, "height": 900})
                taken = opened(context.new_page(), path)
                for what, ms in taken.items():
                    figures[name].setdefault(what, []).append(ms)
                context.close()
        browser.close()
    return figures


def opened(page: Any, path: Path) -> dict[str, float]:
    """Open a page once; return what took how many milliseconds."""
    page.goto(path.as_uri())
    taken: dict[str, float] = page.evaluate(_PAINTED)
    if page.locator("#filters").count():
        taken["complete"] = page.evaluate(_PRESSED)
        taken["conversation"] = page.evaluate(_CONVERSATION)
    return taken


_PAINTED = """() => new Promise((done) => {
  new PerformanceObserver((list) => {
    const [navigation] = performance.getEntriesByType("navigation");
    done({
      "first paint": list.getEntriesByName("first-contentful-paint")[0].startTime,
      "interactive": navigation.domInteractive,
    });
  }).observe({type: "paint", buffered: true});
})"""

_PRESSED = """() => {
  const began = performance.now();
  document.querySelector(".chip.fail").click();
  document.body.offsetHeight;
  const [navigation] = performance.getEntriesByType("navigation");
  return navigation.domContentLoadedEventEnd + performance.now() - began;
}"""

_CONVERSATION = """() => new Promise((done) => {
  document.querySelector(".chip.fail").click();
  const scenario = document.querySelector("details.scenario");
  const began = performance.now();
  new MutationObserver((_, observer) => {
    if (!scenario.querySelector(".lanes")) return;
    observer.disconnect();
    document.body.offsetHeight;
    done(performance.now() - began);
  }).observe(scenario, {childList: true, subtree: true});
  scenario.querySelector("summary").click();
})"""


def make_report(directory: Path, megabytes: float) -> Path:
    """Write a run directory with so much evidence, and its report; return that."""
    (directory / "evidence").mkdir(parents=True)
    info = RunInfo(
        id=directory.name,
        target="benchmark",
        base_url="http://127.0.0.1/v1",
        started_at="2026-11-21T05:40:12.250000+00:00",
        finished_at="2026-11-21T05:40:33.500000+00:00",
        harness_version="0",
        contract="benchmark",
        command=["realtime-harness", "run"],
        exit_code=1,
    )
    (directory / "run.json").write_text(json.dumps(info.to_json()), encoding="utf-8")
    chance = random.Random(1)
    with (
        (directory / "checks.jsonl").open("w", encoding="utf-8") as checks,
        (directory / "scenarios.jsonl").open("w", encoding="utf-8") as scenarios,
    ):
        for number in range(SCENARIOS):
            name = f"suite{number % 12}/conversation_{number}"
            part = LARGEST if number == 0 else (1 - LARGEST) / (SCENARIOS - 1)
            evidence = f"evidence/{name.replace('/', '.')}.jsonl"
            last = write_evidence(directory / evidence, part * megabytes * 1e6, chance)
            for check in range(CHECKS // SCENARIOS):
                verdict = Verdict.FAIL if check == number == 0 else Verdict.PASS
                result = CheckResult(
                    check=f"rt.suite{number % 12}.check-{number}-{check}",
                    scenario=name,
                    suite=name.partition("/")[0],
                    level=Level.MUST,
                    verdict=verdict,
                    reason="expected one, got another" if verdict is Verdict.FAIL else "",
                    clause="The endpoint does what is written in a sentence of usual length.",
                    source="https://developers.openai.com/api/docs/guides/realtime",
                    evidence_seq=last if verdict is Verdict.FAIL else None,
                )
                checks.write(json.dumps(result.to_json()) + "\n")
            scenario = ScenarioResult(
                id=name,
                suite=name.partition("/")[0],
                name=name.partition("/")[2],
                summary="What is said in this conversation, in a sentence.",
                started_at=info.started_at,
                duration_s=1.5,
                evidence=evidence,
            )
            scenarios.write(json.dumps(scenario.to_json()) + "\n")
    return write_report(directory)


def write_evidence(path: Path, size: float, chance: random.Random) -> int:
    """Write turns with text and sound up to a size in bytes; return the number of the last line."""
    written = seq = 0
    with path.open("w", encoding="utf-8") as file:
        for entry in entries(chance):
            line = json.dumps(entry.to_json(), separators=(",", ":")) + "\n"
            file.write(line)
            written, seq = written + len(line), entry.seq
            if written >= size:
                break
    return seq


def entries(chance: random.Random) -> Iterator[Entry]:
    """Yield the lines of turns, one after the other: words, and sound that does not compress."""
    seq = 0
    while True:
        response = f"resp_{chance.randbytes(8).hex()}"
        events: list[dict[str, Any]] = [{"type": "response.created", "response": {"id": response}}]
        for _ in range(20):
            delta = " ".join(chance.choices(("well", "then", "listen", "again"), k=4))
            events.append({"type": "response.output_audio_transcript.delta", "delta": delta})
        sound = base64.b64encode(chance.randbytes(9_600)).decode("ascii")
        events.append(
            {"type": "response.output_audio.delta", "response_id": response, "delta": sound}
        )
        done = {"id": response, "status": "completed", "usage": {"total_tokens": 47}}
        events.append({"type": "response.done", "response": done})
        for event in events:
            identified = {"event_id": f"event_{chance.randbytes(8).hex()}", **event}
            yield Entry(
                seq=seq,
                t_ns=seq * 3_000_000,
                lane=Lane.WEBSOCKET,
                connection="client",
                direction=Direction.RECEIVED,
                kind=Kind.EVENT,
                data=identified,
            )
            seq += 1


if __name__ == "__main__":
    main()
