from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from realtime_reports import write_all
from realtime_reports.load import write_load_ctrf, write_load_junit, write_load_summary

SCHEMA = etree.XMLSchema(file=Path(__file__).parents[1] / "junit.xsd")
FIT = "the generator was fit to measure"
VOID = {"fitness": "void", "reasons": ["the engine sent late"], "remarks": []}


def junit(run: Path) -> etree._Element:
    root = etree.parse(write_load_junit(run)).getroot()
    SCHEMA.assertValid(root)
    return root


def cases(root: etree._Element) -> dict[str, list[str]]:
    return {
        case.get("name", ""): [str(child.tag) for child in case if child.tag != "properties"]
        for case in root.iter("testcase")
    }


def test_one_case_for_each_objective(load_run: Any) -> None:
    root = junit(load_run())
    assert cases(root) == {
        FIT: [],
        "p95(ttft_ms) < 40": ["failure"],
        "p99(gap_ms) < 50": ["system-out"],
        "rate(ok) >= 99.9%": ["skipped"],
        "p50(ttft_ms) < 400": ["system-out"],
    }
    counts = {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "1", "errors": "0", "skipped": "1"}
    skipped = root.find(".//skipped")
    assert skipped is not None
    message = skipped.get("message") or ""
    assert message.endswith("waived until 2026-12-31: until the gateway is replaced")


def test_a_void_run_is_an_error_and_no_failure(load_run: Any, new_load: Any) -> None:
    objectives = [{"objective": "p95(ttft_ms) < 40", "state": "void", "value": 1.0}]
    root = junit(load_run(objectives=objectives, fitness=VOID))
    assert cases(root) == {FIT: ["error"], "p95(ttft_ms) < 40": ["skipped"]}
    assert (root.get("errors"), root.get("failures")) == ("1", "0")
    error = root.find(".//error")
    assert error is not None
    assert error.get("message") == "the engine sent late"


def test_a_run_without_objectives_has_one_case(load_run: Any) -> None:
    assert cases(junit(load_run(objectives=[]))) == {FIT: []}


@pytest.mark.parametrize(
    ("fitness", "statuses"),
    [
        pytest.param({}, ["passed", "failed", "passed", "pending", "passed"], id="fit"),
        pytest.param(VOID, ["other", "failed", "passed", "pending", "passed"], id="void"),
    ],
)
def test_ctrf_has_the_same(load_run: Any, fitness: Any, statuses: list[str]) -> None:
    run = load_run(**({"fitness": fitness} if fitness else {}))
    results = json.loads(write_load_ctrf(run).read_bytes())["results"]
    assert [test["status"] for test in results["tests"]] == statuses
    summary = results["summary"]
    assert summary["tests"] == 5
    assert summary["stop"] - summary["start"] == 60_000


def test_the_summary_has_verdicts_percentiles_and_failures(load_run: Any) -> None:
    text = write_load_summary(load_run()).read_text()
    assert text.startswith("# load text: 1 of 4 objectives missed, 1 waived, 1 with a warning\n")
    assert "| ✗ fail | p95(ttft\\_ms) \\< 40 | 96.2 ms | 1,234 |  |" in text
    assert "| ttft\\_ms, ms | response |" in text
    assert "- 60 x turn timeout: waited 15 s for response.done" in text
    assert "--slo 'p95(ttft_ms) < 400'`" in text


def test_the_summary_tells_what_differs(load_run: Any) -> None:
    before = load_run("before", seed=1)
    after = load_run("after", seed=2, scale=1.3)
    text = write_load_summary(after, against=before).read_text()
    assert "- ttft\\_ms response p50: slower by " in text
    assert "no difference was seen" in text


def test_a_void_summary_says_so(load_run: Any) -> None:
    text = write_load_summary(load_run(fitness=VOID)).read_text()
    assert "**VOID**: the engine sent late" in text


def test_hostile_text_stays_text(new_load: Any, hostile: str) -> None:
    objective = {"objective": hostile, "state": "fail", "reason": hostile, "value": None}
    run = new_load(
        profile={"name": hostile}, target={"name": hostile}, objectives=[objective] * 2
    ).finish(aborted=hostile, command=[hostile])
    write_all(run)
    junit(run)
    assert "\u202e" not in (run / "summary.md").read_text()
    json.loads((run / "ctrf.json").read_bytes())
