from __future__ import annotations

from pathlib import Path

import pytest

from realtime_harness.errors import UsageError
from realtime_harness.plan import Plan, chosen_clients


@pytest.mark.parametrize(
    ("plan", "options"),
    [
        (Plan(), "--target fake --seed 1"),
        (Plan(target="staging", out=Path("out")), "--target staging"),
        (Plan(suites=("a", "b"), keyword="x"), "--target fake --suite a --suite b -k x --seed 1"),
        (Plan(clients=("aiortc", "chromium")), "--target fake --clients aiortc,chromium --seed 1"),
        (Plan(repeat=3, workers=2), "--target fake --repeat 3 -n 2 --seed 1"),
        (Plan(workers=0), "--target fake -n 0 --seed 1"),
        (
            Plan(defects=("d",), behaviours=("b",), faults=("delay:50ms",)),
            "--target fake --defect d --behaviour b --fault delay:50ms --seed 1",
        ),
        (
            Plan(config=Path("c"), baseline=Path("b"), requirements="r", retry_unexpected=1),
            "--target fake --config c --seed 1 --baseline b --requirements r --retry-unexpected 1",
        ),
        (Plan(max_cost=0.5, seed=7), "--target fake --seed 7 --max-cost 0.5"),
    ],
    ids=[
        "nothing",
        "out-is-left-out",
        "selection",
        "clients",
        "repetition",
        "one",
        "switches",
        "gate",
        "cost",
    ],
)
def test_the_command_that_repeats_it(plan: Plan, options: str) -> None:
    assert plan.command == ("realtime-harness", "run", *options.split())


def test_keys_are_not_written_down() -> None:
    plan = Plan(faults=("drop:key=sk-secret,every=2",))
    assert "sk-secret" not in " ".join(plan.command)
    assert any("every=2" in word for word in plan.command)


def test_conversations_at_a_time() -> None:
    assert 1 <= Plan().at_a_time <= 4
    assert Plan(target="fake:azure-ga").at_a_time == Plan().at_a_time
    assert Plan(target="openai").at_a_time == 1
    assert Plan(target="openai", workers=3).at_a_time == 3
    assert Plan(workers=0).at_a_time == 1


def test_whole() -> None:
    assert Plan(repeat=2).is_whole
    assert not Plan(suites=("a",)).is_whole
    assert not Plan(keyword="a").is_whole


def test_a_run_without_the_usual_client_is_not_whole() -> None:
    assert Plan(clients=("aiortc", "chromium")).is_whole
    assert not Plan(clients=("chromium",)).is_whole


@pytest.mark.parametrize(
    ("names", "complaint"),
    [("firefox", "no client named 'firefox'"), ("", "''"), ("aiortc,aiortc", "named twice")],
    ids=["unknown", "none", "twice"],
)
def test_clients_that_cannot_be_used(names: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        chosen_clients(names)


def test_clients_by_name() -> None:
    assert chosen_clients("aiortc, chromium") == ("aiortc", "chromium")
