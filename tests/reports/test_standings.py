"""Whatever a verdict's standing, all that a run leaves behind say the same of it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from realtime_harness.annotations import annotation_lines
from realtime_harness.gate import exit_code
from realtime_harness.results import read_run
from realtime_harness.summary import print_summary
from realtime_harness.verdicts import ExitCode, Level, Standing, Verdict
from realtime_reports.ctrf import write_ctrf
from realtime_reports.junit import write_junit
from realtime_reports.markdown import write_summary
from realtime_reports.model import read_report, sentence

_DECIDES = ("Red", "Passes, and is still in the baseline", "Known until a day that has passed")


def on_the_terminal(path: Path) -> bool:
    file = io.StringIO()
    print_summary(read_run(path), None, Console(file=file, width=200))
    return "rt.offers.one" in file.getvalue()


def in_annotations(path: Path) -> bool:
    return any(line.startswith("::error") for line in annotation_lines(read_run(path)))


def in_junit(path: Path) -> bool:
    root = ElementTree.parse(write_junit(path)).getroot()
    return int(root.get("failures", 0)) + int(root.get("errors", 0)) > 0


def in_ctrf(path: Path) -> bool:
    counts = json.loads(write_ctrf(path).read_text())["results"]["summary"]
    return counts["failed"] + counts["other"] > 0


def in_markdown(path: Path) -> bool:
    text = write_summary(path).read_text()
    return any(f"## {title} (" in text for title in _DECIDES)


def in_the_report(path: Path) -> bool:
    worst = read_report(path).worst
    return worst is not None and worst.is_red


@pytest.mark.parametrize(
    ("verdict", "standing", "code"),
    [
        (Verdict.PASS, None, ExitCode.OK),
        (Verdict.WARN, None, ExitCode.OK),
        (Verdict.FAIL, None, ExitCode.VIOLATIONS),
        (Verdict.ERROR, None, ExitCode.HARNESS_FAULT),
        (Verdict.FAIL, Standing.EXPECTED, ExitCode.OK),
        (Verdict.WARN, Standing.EXPECTED, ExitCode.OK),
        (Verdict.FAIL, Standing.UNEXPECTED, ExitCode.VIOLATIONS),
        (Verdict.WARN, Standing.UNEXPECTED, ExitCode.VIOLATIONS),
        (Verdict.UNTESTABLE, Standing.UNEXPECTED, ExitCode.VIOLATIONS),
        (Verdict.FAIL, Standing.FLAKY, ExitCode.OK),
        (Verdict.PASS, Standing.FLAKY, ExitCode.OK),
        (Verdict.FAIL, Standing.PENDING, ExitCode.OK),
        (Verdict.PASS, Standing.STALE, ExitCode.STALE_BASELINE),
        (Verdict.FAIL, Standing.EXPIRED, ExitCode.STALE_BASELINE),
        (Verdict.WARN, Standing.EXPIRED, ExitCode.STALE_BASELINE),
    ],
    ids=lambda value: getattr(value, "name", "none").lower(),
)
def test_all_outputs_and_the_exit_code_agree(
    new_run: Any, verdict: Verdict, standing: Standing | None, code: ExitCode
) -> None:
    run = new_run()
    level = Level.SHOULD if verdict is Verdict.WARN else Level.MUST
    known = "" if standing in {None, Standing.PENDING} else "old; issue 7"
    run.check("rt.offers.one", verdict, level=level, reason="got 2", standing=standing, known=known)
    run.scenario()
    outputs = (
        on_the_terminal,
        in_annotations,
        in_junit,
        in_ctrf,
        in_markdown,
        in_the_report,
    )
    assert exit_code(run.checks) is code
    fails = code is not ExitCode.OK
    assert {output.__name__: output(run.path) for output in outputs} == {
        output.__name__: fails for output in outputs
    }


@pytest.mark.parametrize(
    ("verdict", "standing", "said"),
    [
        (Verdict.WARN, Standing.UNEXPECTED, "1 known for another reason"),
        (Verdict.WARN, Standing.EXPIRED, "1 stale in the baseline"),
        (Verdict.PASS, Standing.STALE, "1 stale in the baseline"),
        (Verdict.FAIL, Standing.EXPECTED, "1 red and forgiven"),
        (Verdict.FAIL, Standing.FLAKY, "1 red and forgiven"),
        (Verdict.FAIL, Standing.PENDING, "1 red and not required"),
    ],
    ids=["another reason", "expired", "stale", "expected", "flaky", "pending"],
)
def test_the_sentence_says_how_a_verdict_stands(
    new_run: Any, verdict: Verdict, standing: Standing, said: str
) -> None:
    run = new_run()
    run.check("rt.offers.one", verdict, level=Level.SHOULD, standing=standing, known="old")
    assert said in sentence(read_report(run.path))
