from __future__ import annotations

import pytest

import realtime_scenarios
from realtime_fakes.behaviours import BEHAVIOURS
from realtime_fakes.defects import DEFECTS
from realtime_harness import catalogue
from realtime_harness.verdicts import Level, Verdict

CHECKS = catalogue.checks(realtime_scenarios)

RED = {Level.MUST: Verdict.FAIL, Level.SHOULD: Verdict.WARN}


def test_a_right_fake_is_green(matrix):
    row = matrix.row("(none)")
    assert row.judged == set(CHECKS), "declared, and judged by nobody"
    assert row.red == {}
    assert row.broken == {}
    assert row.not_reached == set()


@pytest.mark.parametrize(
    "switch", [each for each in BEHAVIOURS if not each.refuses], ids=lambda switch: switch.name
)
def test_a_behaviour_turns_nothing_red(switch, matrix):
    row = matrix.row(switch.name)
    assert row.judged
    assert row.red == {}
    assert {check: said for check, said in row.broken.items() if check not in switch.also} == {}
    assert row.not_reached == set()


@pytest.mark.parametrize("switch", DEFECTS, ids=lambda switch: switch.name)
def test_a_defect_turns_its_check_red_and_no_other(switch, matrix):
    row = matrix.row(switch.name)
    expected = {switch.violates, *switch.also}
    # Some cannot be judged where the defect shows nothing red.
    found = row.red | row.broken
    assert {check: said for check, said in found.items() if check not in expected} == {}
    assert switch.violates in row.red, "seen by nobody"
    assert expected - set(found) - row.not_reached == set(), "said to be red as well, and is not"
    assert f": {RED[CHECKS[switch.violates].level].value}: " in row.red[switch.violates]
