"""``junit.xml``: what build servers read.

One ``<testsuite>`` a suite, one ``<testcase>`` a check and scenario. Level, clause and source are
properties of the test case.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

from realtime_harness.results import CheckResult, RunInfo
from realtime_harness.verdicts import Verdict
from realtime_reports.files import write_whole
from realtime_reports.model import Report, ScenarioPage, read_report
from realtime_reports.text import xml_text

__all__ = ["properties", "timestamp", "write_junit", "xml_element"]

_ELEMENT: dict[Verdict, str] = {
    Verdict.FAIL: "failure",
    Verdict.UNTESTABLE: "error",
    Verdict.ERROR: "error",
    Verdict.NOT_APPLICABLE: "skipped",
}
"""Verdicts that a test case shows as an element; the others have passed a gate."""


def _tag(check: CheckResult) -> str | None:
    """Return the element that a check shows: what is forgiven is skipped, a stale entry fails."""
    if check.decides:
        return _ELEMENT.get(check.verdict, "failure")
    return "skipped" if check.verdict.is_red else _ELEMENT.get(check.verdict)


def write_junit(run_dir: Path) -> Path:
    """Write ``junit.xml`` into a run directory and return its path.

    Raises:
        realtime_harness.errors.UsageError: if it is not a run directory.

    """
    report = read_report(run_dir)
    tree = ElementTree.ElementTree(_testsuites(report))
    ElementTree.indent(tree)
    path = run_dir / "junit.xml"
    with write_whole(path) as file:
        tree.write(file, encoding="utf-8", xml_declaration=True)
    return path


def _testsuites(report: Report) -> ElementTree.Element:
    by_suite: dict[str, list[ScenarioPage]] = {}
    for page in report.scenarios:
        by_suite.setdefault(page.result.suite, []).append(page)
    suites = [_testsuite(report.info, suite, pages) for suite, pages in by_suite.items()]
    root = ElementTree.Element("testsuites", name="realtime-harness")
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, 0)) for suite in suites)))
    root.set("time", _seconds(sum(page.result.duration_s for page in report.scenarios)))
    root.extend(suites)
    return root


def _testsuite(info: RunInfo, suite: str, pages: list[ScenarioPage]) -> ElementTree.Element:
    elements = [_tag(check) for page in pages for check in page.checks]
    element = xml_element(
        "testsuite",
        name=suite,
        tests=str(len(elements)),
        failures=str(elements.count("failure")),
        errors=str(elements.count("error")),
        skipped=str(elements.count("skipped")),
        time=_seconds(sum(page.result.duration_s for page in pages)),
        hostname=info.target,
        **timestamp(info.started_at),
    )
    element.append(
        properties(target=info.target, base_url=info.base_url, contract=info.contract, run=info.id)
    )
    for page in pages:
        for check in page.checks:
            # A check takes no time of its own: the first one carries the scenario's, so that the
            # times of a suite add up.
            duration = page.result.duration_s if check is page.checks[0] else 0.0
            element.append(_testcase(check, duration))
    return element


def _testcase(check: CheckResult, duration_s: float) -> ElementTree.Element:
    element = xml_element(
        "testcase", classname=check.scenario, name=check.check, time=_seconds(duration_s)
    )
    element.append(
        properties(
            level=check.level.value,
            verdict=check.verdict.value,
            **({"standing": check.standing.value} if check.standing else {}),
            clause=check.clause,
            source=check.source,
        )
    )
    tag = _tag(check)
    standing = f"{check.standing.value}: {check.known}" if check.standing and check.known else ""
    reason = "; ".join(filter(None, [check.reason, standing]))
    if tag == "skipped":
        element.append(xml_element("skipped", message=reason))
    elif tag:
        outcome = xml_element(tag, type=check.verdict.value, message=reason)
        outcome.text = xml_text(f"{check.level.value}: {check.clause}\n{reason}")
        element.append(outcome)
    elif check.reason:
        output = ElementTree.SubElement(element, "system-out")
        output.text = xml_text(f"{check.verdict.value}: {check.reason}")
    return element


def properties(**values: str) -> ElementTree.Element:
    """Return the element with the properties of a suite or a case."""
    element = ElementTree.Element("properties")
    element.extend(
        xml_element("property", name=name, value=value) for name, value in values.items()
    )
    return element


def xml_element(tag: str, **attributes: str) -> ElementTree.Element:
    """Return an element; its attributes may be of any origin."""
    return ElementTree.Element(tag, {name: xml_text(value) for name, value in attributes.items()})


def timestamp(started_at: str) -> dict[str, str]:
    """Return the attribute in the only form that the schema knows: seconds, without a zone."""
    try:
        started = datetime.fromisoformat(started_at)
    except ValueError:
        return {}
    return {"timestamp": started.replace(tzinfo=None, microsecond=0).isoformat()}


def _seconds(value: float) -> str:
    return f"{value:.3f}"
