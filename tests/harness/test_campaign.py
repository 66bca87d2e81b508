from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from realtime_harness.campaign import Campaign
from realtime_harness.checks import Check
from realtime_harness.errors import TargetUnreachable, UsageError
from realtime_harness.plan import Plan
from realtime_harness.results import read_run
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import Scenario
from realtime_harness.verdicts import ExitCode

KEY = {"REALTIME_API_KEY": "top-secret-key"}


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sample(declared: Callable[..., Scenario], check: Callable[..., Check]) -> Scenario:
    async def sample(run: ScenarioRun) -> None:
        """Judge by the key."""
        run.check(check(), run.target.api_key == "top-secret-key", "another key")

    return declared(sample)


@pytest.fixture
def campaign(http_root: str) -> Iterator[Campaign]:
    campaign = Campaign.begin(Plan(target=http_root, suites=("sample",)), KEY)
    yield campaign
    campaign.leave()


def test_from_begin_to_finish(campaign: Campaign, sample: Scenario, http_root: str) -> None:
    info = read_run(campaign.directory).info
    assert (info.base_url, info.finished_at) == (http_root, None)
    assert info.command[-2:] == ["--suite", "sample"]
    assert {"python", "platform", "websockets"} <= info.environment.keys()
    assert info.contract.startswith("openai-")
    outcome = campaign.run(sample)
    for result in outcome.results:
        campaign.store.add_check(result)
    assert campaign.finish() is ExitCode.OK
    run = read_run(campaign.directory)
    assert run.info.exit_code == ExitCode.OK
    assert run.info.finished_at is not None
    assert run.checks == outcome.results
    assert run.scenarios == [outcome.result]


def test_end_by_something_else_than_verdicts(campaign: Campaign) -> None:
    assert campaign.finish(ExitCode.INTERRUPTED) is ExitCode.INTERRUPTED
    assert read_run(campaign.directory).info.exit_code == ExitCode.INTERRUPTED


def test_worker_joins_and_leaves_the_end_to_others(campaign: Campaign, sample: Scenario) -> None:
    worker = Campaign.join(campaign.share())
    assert worker.target == campaign.target
    worker.run(sample, repetition=2)
    worker.leave()
    run = read_run(campaign.directory)
    assert [scenario.id for scenario in run.scenarios] == ["sample/sample#2"]
    assert run.info.finished_at is None


def test_run_directory_of_choice_is_cleared_of_an_earlier_run(http_root: str) -> None:
    plan = Plan(target=http_root, out=Path("out"))
    first = Campaign.begin(plan, KEY)
    (first.directory / "evidence").mkdir()
    (first.directory / "evidence" / "old.jsonl").touch()
    (first.directory / "notes.txt").touch()
    first.finish()
    Campaign.begin(plan, KEY).finish()
    assert not Path("out/evidence/old.jsonl").exists()
    assert Path("out/notes.txt").exists()


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        pytest.param(Plan(target="nope"), UsageError, id="unknown"),
        pytest.param(Plan(target="http://127.0.0.1:1/v1"), TargetUnreachable, id="nobody"),
        pytest.param(
            Plan(target="http://127.0.0.1:1/v1", defects=("x",)), UsageError, id="defects"
        ),
    ],
)
def test_what_cannot_be_begun_leaves_nothing(plan: Plan, error: type[Exception]) -> None:
    with pytest.raises(error):
        Campaign.begin(plan, KEY)
    assert not list(Path().iterdir())
