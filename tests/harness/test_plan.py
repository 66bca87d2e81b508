from __future__ import annotations

from pathlib import Path

import pytest

from realtime_harness.plan import Plan


@pytest.mark.parametrize(
    ("plan", "options"),
    [
        (Plan(), "--target fake"),
        (Plan(target="staging", out=Path("out")), "--target staging"),
        (Plan(suites=("a", "b"), keyword="x"), "--target fake --suite a --suite b -k x"),
        (Plan(repeat=3, workers=2), "--target fake --repeat 3 -n 2"),
        (
            Plan(defects=("d",), behaviours=("b",), faults=("delay:50ms",)),
            "--target fake --defect d --behaviour b --fault delay:50ms",
        ),
        (
            Plan(config=Path("c"), baseline=Path("b"), requirements="r", retry_unexpected=1),
            "--target fake --config c --baseline b --requirements r --retry-unexpected 1",
        ),
    ],
    ids=["nothing", "out-is-left-out", "selection", "repetition", "switches", "gate"],
)
def test_the_command_that_repeats_it(plan: Plan, options: str) -> None:
    assert plan.command == ("realtime-harness", "run", *options.split())


def test_keys_are_not_written_down() -> None:
    plan = Plan(faults=("drop:key=sk-secret,every=2",))
    assert "sk-secret" not in " ".join(plan.command)
    assert "every=2" in plan.command[-1]


def test_whole() -> None:
    assert Plan(repeat=2).is_whole
    assert not Plan(suites=("a",)).is_whole
    assert not Plan(keyword="a").is_whole
