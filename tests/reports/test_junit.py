from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from realtime_harness.verdicts import Verdict
from realtime_reports import write_junit

SCHEMA = etree.XMLSchema(file=Path(__file__).with_name("junit.xsd"))


def read(run_dir: Path) -> etree._Element:
    root = etree.parse(write_junit(run_dir)).getroot()
    SCHEMA.assertValid(root)
    return root


def test_one_suite_a_suite_and_one_case_a_check(run_dir: Path) -> None:
    root = read(run_dir)
    assert root.xpath("testsuite/@name") == ["offers", "text_over_webrtc", "sideband", "relay"]
    lines = (run_dir / "checks.jsonl").read_text().splitlines()
    assert len(root.xpath("//testcase")) == len(lines) == int(root.get("tests", ""))
    for suite in root:
        for count, tag in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]:
            assert int(suite.get(count, "")) == len(suite.xpath(f"testcase/{tag}"))


@pytest.mark.parametrize(
    ("verdict", "tags"),
    [
        (Verdict.PASS, []),
        (Verdict.INFO, ["system-out"]),
        (Verdict.WARN, ["system-out"]),
        (Verdict.FAIL, ["failure"]),
        (Verdict.UNTESTABLE, ["error"]),
        (Verdict.ERROR, ["error"]),
        (Verdict.NOT_APPLICABLE, ["skipped"]),
    ],
    ids=lambda value: value.value if isinstance(value, Verdict) else "",
)
def test_a_verdict_becomes_an_element(new_run: Any, verdict: Verdict, tags: list[str]) -> None:
    run = new_run()
    reason = "" if verdict is Verdict.PASS else "expected a, got b"
    run.check("rt.offers.one", verdict, reason=reason, clause="It is right.", source="a page")
    run.scenario()
    [case] = read(run.path).iter("testcase")
    assert [child.tag for child in case if child.tag != "properties"] == tags
    assert (case.get("classname"), case.get("name"), case.get("time")) == (
        "offers/rejects_offer_without_audio",
        "rt.offers.one",
        "0.420",
    )
    properties = {each.get("name"): each.get("value") for each in case.iter("property")}
    assert properties == {
        "level": "MUST",
        "verdict": verdict.value,
        "clause": "It is right.",
        "source": "a page",
    }
    assert all(reason in etree.tostring(child).decode() for child in case[1:])


@given(text=st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_text_gives_valid_xml(new_run: Any, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = new_run(f"{folder}/run")
        for verdict in (Verdict.FAIL, Verdict.WARN, Verdict.NOT_APPLICABLE):
            run.check("rt.offers.one", verdict, reason=text, clause=text, source=text)
        assert len(list(read(run.path).iter("testcase"))) == 3


def test_control_characters_are_shown(new_run: Any) -> None:
    run = new_run()
    run.check("rt.offers.one", Verdict.FAIL, reason="got \x00 and \x1b[31m ]]> &")
    [failure] = read(run.path).iter("failure")
    assert failure.get("message") == "got \\u0000 and \\u001b[31m ]]> &"


def test_a_run_without_checks_is_valid(new_run: Any) -> None:
    assert read(new_run().path).get("tests") == "0"
