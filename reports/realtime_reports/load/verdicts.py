"""``junit.xml``, ``ctrf.json`` and ``summary.md`` of a load run, for build servers.

One test case for each objective. A run that is void has decided nothing: that is an error of the
suite, not a failure of the service, and its objectives are skipped.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import orjson

from realtime_harness.load.comparison import Comparison, said
from realtime_reports.files import write_whole
from realtime_reports.junit import properties, timestamp, xml_element
from realtime_reports.load.charts import enough
from realtime_reports.load.drawing import figure
from realtime_reports.load.faces import FACES
from realtime_reports.load.model import (
    LoadRun,
    Objective,
    compare_runs,
    headline,
    read_load,
    reason_of,
    said_value,
)
from realtime_reports.markdown import cell
from realtime_reports.text import visible, xml_text

__all__ = ["write_load_ctrf", "write_load_junit", "write_load_summary"]

_FITNESS = "the generator was fit to measure"
"""Name of the test case that is there in any run."""

_ELEMENTS = {"fail": "failure", "waived": "skipped", "void": "skipped"}
_STATUSES = {"pass": "passed", "warn": "passed", "fail": "failed", "waived": "pending"}
_MOST_SHOWN = 50


def write_load_junit(run_dir: Path) -> Path:
    """Write ``junit.xml`` into the directory of a load run and return its path.

    Raises:
        realtime_harness.errors.UsageError: if it is not the directory of one.

    """
    run = read_load(run_dir)
    tree = ElementTree.ElementTree(_testsuites(run))
    ElementTree.indent(tree)
    path = run_dir / "junit.xml"
    with write_whole(path) as file:
        tree.write(file, encoding="utf-8", xml_declaration=True)
    return path


def _testsuites(run: LoadRun) -> ElementTree.Element:
    cases = [_fitness_case(run), *(_testcase(run, each) for each in run.objectives)]
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    told = {name: str(count) for name, count in counts.items()}
    root = xml_element("testsuites", name="realtime-harness load", time=_seconds(run), **told)
    suite = xml_element(
        "testsuite",
        name=f"load {run.profile}",
        time=_seconds(run),
        hostname=run.text("target", "name"),
        **told,
        **timestamp(run.text("started")),
    )
    suite.append(
        properties(
            target=run.text("target", "name"),
            base_url=run.text("target", "base_url"),
            shape=run.text("shape"),
            sessions=run.text("users"),
            verdict=headline(run),
            run=run.directory.name,
        )
    )
    suite.extend(cases)
    root.append(suite)
    return root


def _fitness_case(run: LoadRun) -> ElementTree.Element:
    case = xml_element(
        "testcase", classname=f"load.{run.profile}", name=_FITNESS, time=_seconds(run)
    )
    text = "; ".join([*run.reasons, *run.remarks])
    if run.fitness == "void":
        error = xml_element("error", type="void", message=text)
        error.text = xml_text(f"{headline(run)}\n{text}")
        case.append(error)
    elif text:
        ElementTree.SubElement(case, "system-out").text = xml_text(f"{run.fitness}: {text}")
    return case


def _testcase(run: LoadRun, objective: Objective) -> ElementTree.Element:
    case = xml_element(
        "testcase", classname=f"load.{run.profile}", name=objective.text, time="0.000"
    )
    case.append(
        properties(
            state=objective.state,
            value=said_value(objective),
            samples=str(objective.count),
            **{f"tag.{name}": value for name, value in objective.tags.items()},
        )
    )
    message = _message(objective)
    tag = _ELEMENTS.get(objective.state)
    if tag == "failure":
        failure = xml_element("failure", type="fail", message=message)
        failure.text = xml_text(f"{objective.text}\n{message}")
        case.append(failure)
    elif tag:
        case.append(xml_element(tag, message=message))
    else:
        ElementTree.SubElement(case, "system-out").text = xml_text(message)
    return case


def _message(objective: Objective) -> str:
    text = f"{said_value(objective)} of {objective.count} samples"
    reason = reason_of(objective)
    return f"{text}; {reason}" if reason else text


def _seconds(run: LoadRun) -> str:
    return f"{run.seconds:.3f}"


def write_load_ctrf(run_dir: Path) -> Path:
    """Write ``ctrf.json`` (https://ctrf.io) into the directory of a load run and return its path.

    Raises:
        realtime_harness.errors.UsageError: if it is not the directory of one.

    """
    run = read_load(run_dir)
    path = run_dir / "ctrf.json"
    with write_whole(path) as file:
        file.write(orjson.dumps(_document(run), option=orjson.OPT_INDENT_2))
    return path


def _document(run: LoadRun) -> dict[str, Any]:
    void = run.fitness == "void"
    suite = ["load", visible(run.profile)]
    tests: list[dict[str, Any]] = [
        {
            "name": _FITNESS,
            "status": "other" if void else "passed",
            "duration": round(run.seconds * 1000),
            "suite": suite,
            "message": visible("; ".join([*run.reasons, *run.remarks])),
        },
        *(
            {
                "name": visible(each.text),
                "status": _STATUSES.get(each.state, "skipped"),
                "duration": 0,
                "suite": suite,
                "message": visible(_message(each)),
                "extra": {"state": each.state, "value": each.value, "samples": each.count},
            }
            for each in run.objectives
        ),
    ]
    statuses = [test["status"] for test in tests]
    names = ("passed", "failed", "pending", "skipped", "other")
    start = _milliseconds(run.text("started"))
    return {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "generatedBy": "realtime-harness",
        "results": {
            "tool": {
                "name": "realtime-harness load",
                "version": run.text("environment", "realtime-harness"),
            },
            "summary": {
                "tests": len(tests),
                **{name: statuses.count(name) for name in names},
                "start": start,
                "stop": start + round(1000 * (run.number("duration_s") or 0)),
            },
            "tests": tests,
            "environment": {
                "testEnvironment": visible(run.text("target", "name")),
                "extra": {
                    "base_url": visible(run.text("target", "base_url")),
                    "command": [visible(each) for each in run.command],
                    "verdict": headline(run),
                },
            },
        },
    }


def _milliseconds(moment: str) -> int:
    try:
        return round(datetime.fromisoformat(moment).timestamp() * 1000)
    except ValueError:
        return 0


def write_load_summary(run_dir: Path, *, against: Path | None = None) -> Path:
    """Write ``summary.md`` into the directory of a load run and return its path.

    Args:
        run_dir: the run directory.
        against: an earlier load run; what differs is told.

    Raises:
        realtime_harness.errors.UsageError: if one is not the directory of a load run.

    """
    run = read_load(run_dir)
    comparison = compare_runs(run, read_load(against)) if against is not None else None
    path = run_dir / "summary.md"
    with write_whole(path) as file:
        file.write("\n".join(_lines(run, comparison)).encode() + b"\n")
    return path


def _lines(run: LoadRun, comparison: Comparison | None) -> Iterable[str]:
    yield f"# load {cell(run.profile)}: {cell(headline(run))}"
    yield ""
    yield (
        f"{cell(run.text('target', 'name'))}, {cell(run.text('users'))} sessions, shape "
        f"{cell(run.text('shape'))}, {run.seconds:.1f} s counted, {cell(run.text('started'))}"
    )
    if run.fitness != "fit":
        yield ""
        yield from (
            f"**{run.fitness.upper()}**: {cell(text)}" for text in [*run.reasons, *run.remarks]
        )
    yield from (f"\n**{cell(problem)}**" for problem in run.problems)
    if run.objectives:
        yield from ("", "| | objective | measured | samples | why |", "|---|---|---:|---:|---|")
        for each in run.objectives[:_MOST_SHOWN]:
            face = FACES.get(each.state)
            shown = f"{face.glyph} {face.word}" if face else cell(each.state)
            yield (
                f"| {shown} | {cell(each.text)} | {said_value(each)} | {each.count:,} "
                f"| {cell(reason_of(each))} |"
            )
    if comparison is not None:
        yield from _changes(comparison)
    yield from ("", "| metric | clock | p50 | p95 | p99 | n |", "|---|---|---:|---:|---:|---:|")
    for metric in run.tally.metrics()[:_MOST_SHOWN]:
        for clock in run.clocks(metric):
            found = run.tally.histogram(metric, clock=clock)
            shown = " | ".join(figure(enough(found, percent)) for percent in (50.0, 95.0, 99.0))
            unit = run.metric(metric)[1]
            yield f"| {cell(metric)}, {cell(unit)} | {clock} | {shown} | {found.count:,} |"
    if run.examples:
        yield from ("", "## Failures", "")
        for example in run.examples:
            what = f"{example.operation} {example.outcome}"
            yield f"- {example.count:,} x {cell(what)}: {cell(example.text)}"
    yield ""
    yield f"`{visible(shlex.join(run.command)).replace('`', ' ')}`"


def _changes(comparison: Comparison) -> Iterable[str]:
    yield from ("", "## Since the earlier run", "")
    if comparison.refused:
        yield f"Not compared: {cell(comparison.refused)}."
    for name, before, after in comparison.plans:
        yield f"- not the same: {cell(name)}: {cell(before)} → {cell(after)}"
    for each in comparison.seen[:_MOST_SHOWN]:
        of = " ".join(filter(None, [each.name, each.clock, each.figure]))
        yield f"- {cell(of)}: {cell(said(each))}"
    if not comparison.refused:
        alike = len(comparison.judged) - len(comparison.seen)
        yield f"- of {alike} figures no difference was seen"
