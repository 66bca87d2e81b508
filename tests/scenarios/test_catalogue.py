from __future__ import annotations

import asyncio
import importlib
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

import realtime_scenarios
from realtime_fakes.defects import DEFECTS
from realtime_harness import catalogue, requirements
from realtime_harness.contract.rules import STREAM_RULES
from realtime_harness.requirements import requirement_sets
from realtime_harness.verdicts import Level

SUITES = catalogue.suites(realtime_scenarios)
SCENARIOS = list(catalogue.scenarios(realtime_scenarios))
CATALOGUES = {
    suite: importlib.import_module(f"realtime_scenarios.{suite}.checks").CHECKS for suite in SUITES
}
CATALOGUES["wire"] = tuple(rule.check for rule in STREAM_RULES)
CHECKS = [check for checks in CATALOGUES.values() for check in checks]

CITATION = re.compile(
    r"https://|RFC \d{4}|cassettes?\b|OpenAI .*reference|openai(-python| Python SDK)|pydantic-ai"
)
OUR_OWN = re.compile(r"rt\.relay\.(overhead-bound|added-delay-\w+)")
"""About our reference relays, of which no document speaks."""


JUDGING = {check.id for check in CHECKS if check.level is not Level.INFO}


def test_there_are_suites_and_checks():
    assert {"offers", "text_over_webrtc", "sideband", "relay"} <= set(SUITES)
    assert len(CHECKS) > 250


def test_ids_are_unique():
    assert [i for i, count in Counter(check.id for check in CHECKS).items() if count > 1] == []


@pytest.mark.parametrize("suite", CATALOGUES)
def test_ids_name_their_suite(suite):
    start = f"rt.{suite.replace('_', '-')}."
    assert [check.id for check in CATALOGUES[suite] if not check.id.startswith(start)] == []


@pytest.mark.parametrize("suite", CATALOGUES)
def test_ids_clauses_and_sources(suite):
    checks = CATALOGUES[suite]
    form = r"rt(\.[a-z0-9]+(-[a-z0-9]+)*){2}"
    assert [check.id for check in checks if not re.fullmatch(form, check.id)] == []
    assert [check.id for check in checks if not re.fullmatch(r"\w.*[.?]", check.clause)] == []
    assert [check.id for check in checks if not check.source] == []


@pytest.mark.parametrize("suite", CATALOGUES)
def test_what_judges_cites_a_document_an_issue_or_a_recording(suite):
    judging = [check for check in CATALOGUES[suite] if check.level is not Level.INFO]
    others = [check for check in judging if not OUR_OWN.fullmatch(check.id)]
    assert [check.id for check in others if not CITATION.search(check.source)] == []


@pytest.mark.parametrize("suite", SUITES)
def test_what_is_declared_is_what_is_catalogued(suite):
    """A catalogued check that no scenario judges is dead; a judged one that is not is hidden."""
    wire = {check.id for check in CATALOGUES["wire"]}
    declared = {check.id for s in SCENARIOS if s.suite == suite for check in s.checks} - wire
    assert declared == {check.id for check in CATALOGUES[suite]}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_scenarios_are_declared_well(scenario):
    assert asyncio.iscoroutinefunction(scenario.function)
    assert scenario.suite in scenario.function.__module__
    assert scenario.summary.endswith(".")
    assert len(scenario.checks) > 0


def test_every_judging_check_has_a_defect():
    assert JUDGING - {switch.violates for switch in DEFECTS} == set()


def test_defects_violate_what_judges():
    assert {switch.violates for switch in DEFECTS} - JUDGING == set()


def test_defects_are_described():
    assert [s.name for s in DEFECTS if not re.fullmatch(r"\w.*\.", s.summary)] == []


def test_what_else_a_defect_shows_is_explained():
    known = {check.id for check in CHECKS}
    assert [s.name for s in DEFECTS if not set(s.also) <= known - {s.violates}] == []
    assert [s.name for s in DEFECTS if not all(s.also.values())] == []


def test_defect_names_are_unique():
    assert [n for n, count in Counter(s.name for s in DEFECTS).items() if count > 1] == []


@pytest.mark.parametrize("required", requirement_sets(), ids=lambda required: required.name)
def test_required_checks_are_there_and_judge(required):
    # Pending is what no set has yet: the next one is written by copying this (-rP).
    sys.stdout.writelines(f"{check}\n" for check in sorted(JUDGING - required.checks))
    assert required.checks - JUDGING == set(), "frozen, and gone or no longer judging"


def test_requirement_sets_are_sorted_and_one_is_there():
    folder = Path(requirements.__file__).parent
    sets = {path.stem: path.read_text().splitlines() for path in folder.glob("*.txt")}
    assert "openai-2026-09" in sets
    assert {name: ids for name, ids in sets.items() if ids != sorted(set(ids))} == {}
