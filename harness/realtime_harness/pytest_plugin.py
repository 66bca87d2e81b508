"""The pytest plugin: scenarios are collectors, checks are items.

A scenario has its conversation once, when the first of its items is set up; each declared check is
then an item with a verdict of its own. Nothing happens, and nothing heavy is imported, in a pytest
run that collects no scenario.

What becomes of a verdict: fail and untestable fail the item, error is an error of its set-up,
not-applicable skips it, everything else passes. What is red and forgiven by the baseline is an
expected failure, and a stale or expired entry of it fails. ``user_properties`` hold what it was.

A plain test that asks for a fixture of :mod:`realtime_harness.plain_fixtures` is a scenario with
one check. Fixtures for tests of applications, which have nothing to do with scenarios, are in
:mod:`realtime_harness.fixtures`.

With xdist, the controlling process begins the run and starts the fake; workers join. All items of a
scenario go to one worker, and so do all scenarios that measure time, which are ordered last: they
do not run beside each other, but may run beside the last scenarios of other workers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from realtime_harness.catalogue import scenario_of
from realtime_harness.scenario import DEFAULT_CLIENT
from realtime_harness.verdicts import Standing, Verdict

if TYPE_CHECKING:
    from realtime_harness.campaign import Campaign, Conversation
    from realtime_harness.results import CheckResult
    from realtime_harness.runner import ScenarioOutcome
    from realtime_harness.scenario import Scenario

__all__ = [
    "EXCLUSIVE",
    "CheckItem",
    "ScenarioCollector",
    "adopt",
    "campaign_of",
    "conversations",
    "text_of",
    "write_reports",
]

pytest_plugins = ("realtime_harness.fixtures", "realtime_harness.plain_fixtures")

_CAMPAIGN = pytest.StashKey["Campaign"]()
_OWN = pytest.StashKey[bool]()
_SHARED = "rt_campaign"
EXCLUSIVE = "[exclusive]"
"""Behind the name of a scenario that measures time: xdist's controller knows nothing but names."""
_CHECK = re.compile(r"::rt(\.[a-z0-9-]+){2,}$")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, all prefixed."""
    group = parser.getgroup("realtime", "conformance of a Realtime API endpoint")
    group.addoption(
        "--rt-target",
        metavar="NAME|URL",
        help="endpoint under test: fake (default; started for the run), openai, a base URL, "
        "or a name in realtime-harness.toml",
    )
    group.addoption("--rt-config", type=Path, metavar="FILE", help="TOML file with [targets.NAME]")
    group.addoption("--rt-out", type=Path, metavar="DIR", help="the run directory")
    for name, what in (
        ("suite", "run only this suite, or this SUITE/SCENARIO (may be repeated)"),
        ("defect", "switch a defect on in the fake (may be repeated)"),
        ("behaviour", "switch a behaviour on in the fake (may be repeated)"),
        ("fault", "switch a fault on in the fake (may be repeated)"),
    ):
        group.addoption(
            f"--rt-{name}", action="append", default=[], metavar=name.upper(), help=what
        )
    group.addoption(
        "--rt-clients",
        default="aiortc",
        metavar="NAMES",
        help="what makes WebRTC calls: aiortc, chromium, or both with a comma between them",
    )
    group.addoption(
        "--rt-repeat", type=int, default=1, metavar="N", help="run each scenario N times"
    )
    group.addoption(
        "--rt-baseline", type=Path, metavar="FILE", help="TOML file of what is known to fail"
    )
    group.addoption(
        "--rt-requirements", metavar="SET", help="requirement set that decides; default: the newest"
    )
    group.addoption(
        "--rt-retry-unexpected",
        type=int,
        default=0,
        metavar="N",
        help="try a scenario with unexpected results up to N times more",
    )
    group.addoption(
        "--rt-max-cost",
        type=float,
        metavar="USD",
        help="end before the estimate of what the run costs passes this",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and join the run if this is a worker of xdist's."""
    config.addinivalue_line(
        "markers", "rt_check(level, suite): set on each check; level is MUST, SHOULD or INFO"
    )
    config.addinivalue_line("markers", "rt_exclusive: set on checks of scenarios that measure time")
    if (shared := _workerinput(config).get(_SHARED)) is not None:
        from realtime_harness.campaign import Campaign

        config.stash[_CAMPAIGN] = Campaign.join(shared)


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> list[ScenarioCollector] | None:
    """Collect a scenario where it is defined; where it is imported it is left alone."""
    scenario = scenario_of(obj)
    if scenario is None:
        return None
    config = collector.config
    wanted = config.getoption("--rt-suite")
    defined_here = scenario.function.__module__ == collector.obj.__name__
    if not defined_here or (wanted and not {scenario.suite, scenario.id} & set(wanted)):
        return []
    clients = _clients(config) if scenario.makes_calls else (DEFAULT_CLIENT,)
    return [
        ScenarioCollector.from_parent(
            collector,
            name="".join(
                (
                    name,
                    "" if client == DEFAULT_CLIENT else f"@{client}",
                    EXCLUSIVE if scenario.exclusive else "",
                    "" if repetition == 1 else f"#{repetition}",
                )
            ),
            scenario=scenario,
            repetition=repetition,
            client=client,
        )
        for client in clients
        for repetition in range(1, config.getoption("--rt-repeat") + 1)
    ]


class ScenarioCollector(pytest.Collector):
    """One run of a scenario; its items are the declared checks."""

    def __init__(self, *, scenario: Scenario, repetition: int, client: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scenario = scenario
        self._repetition = repetition
        self._client = client
        self._outcome: ScenarioOutcome | None = None
        if scenario.exclusive:
            self.add_marker(pytest.mark.rt_exclusive)

    def collect(self) -> Iterator[CheckItem]:
        """Yield an item for each declared check."""
        for check in self.scenario.checks:
            item: CheckItem = CheckItem.from_parent(self, name=check.id)
            item.add_marker(
                pytest.mark.rt_check(level=check.level.value, suite=self.scenario.suite)
            )
            item.user_properties += [
                ("level", check.level.value),
                ("suite", self.scenario.suite),
                ("clause", check.clause),
                ("source", check.source),
            ]
            yield item

    def setup(self) -> None:
        """Have the conversation, once."""
        if self._outcome is None:
            campaign = self.config.stash.get(_CAMPAIGN, None)
            if campaign is None:
                pytest.fail("scenarios on xdist's workers need --rt-target", pytrace=False)
            self._outcome = campaign.run(self.conversation())

    def conversation(self) -> Conversation:
        """Return what its items judge."""
        from realtime_harness.campaign import Conversation

        return Conversation(self.scenario, self._repetition, self._client)

    def result(self, check: str) -> CheckResult:
        """Return the verdict of a check; only after :meth:`setup`."""
        assert self._outcome is not None
        return next(result for result in self._outcome.results if result.check == check)


class CheckItem(pytest.Item):
    """One check of one run of a scenario."""

    parent: ScenarioCollector

    def setup(self) -> None:
        """Store the verdict; a fault of ours ends the item here, as an error."""
        result = self.parent.result(self.name)
        self.config.stash[_CAMPAIGN].store.add_check(result)
        self.user_properties.append(("verdict", result.verdict.value))
        if result.standing is not None:
            self.user_properties.append(("standing", result.standing.value))
        if result.verdict is Verdict.ERROR:
            pytest.fail(text_of(result), pytrace=False)

    def runtest(self) -> None:
        """Turn the verdict into an outcome of pytest's."""
        result = self.parent.result(self.name)
        if result.verdict is Verdict.NOT_APPLICABLE:
            pytest.skip(result.reason)
        if result.decides:
            pytest.fail(text_of(result), pytrace=False)
        if result.standing is not None and result.verdict is not Verdict.PASS:
            pytest.xfail(f"{result.standing.value}: {result.known or result.reason}")
        if result.reason:
            self.add_report_section("call", result.verdict.value, result.reason)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Name the item by its scenario and its check."""
        code = self.parent.scenario.function.__code__
        # Not the end of the node id: pytest would print that with "::" for each of its dots.
        return self.path, code.co_firstlineno - 1, f"{self.name} in {self.parent.name}"


def text_of(result: CheckResult) -> str:
    """Return what a failure shows of a result."""
    first = f"{result.verdict.value}: {result.reason}"
    if result.standing in {Standing.STALE, Standing.EXPIRED}:
        first = f"{result.standing.value} in the baseline ({result.known}): {first}"
    elif result.known:
        first += f"; {result.known}"
    return f"{first}\n  {result.level.value}: {result.clause}\n  source: {result.source}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the scenarios that measure time last."""
    items.sort(key=lambda item: isinstance(item, CheckItem) and item.parent.scenario.exclusive)
    wanted = set(config.getoption("--rt-suite"))
    scenarios = [item.parent.scenario for item in items if isinstance(item, CheckItem)]
    found = {name for scenario in scenarios for name in (scenario.suite, scenario.id)}
    if missing := sorted(wanted - found):
        raise pytest.UsageError(f"--rt-suite: nothing was collected of {', '.join(missing)}")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin the run, if there are scenarios to run in this process."""
    config = session.config
    if _CAMPAIGN in config.stash or _workerinput(config) or config.option.collectonly:
        return
    from realtime_harness.plain_fixtures import is_plain

    if any(isinstance(item, CheckItem) or is_plain(item) for item in session.items):
        _begin(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the run to a worker of xdist's; begin it if this is the first."""
    if node.config.getoption("--rt-target"):
        if _CAMPAIGN not in node.config.stash:
            _begin(node.config)
        node.workerinput[_SHARED] = node.config.stash[_CAMPAIGN].share()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the items of a scenario together, and those of all scenarios that measure time."""
    if not config.getoption("--rt-target") or config.getoption("dist") == "each":
        return None
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped, unused-ignore]

    class ScenarioScheduling(LoadScopeScheduling):  # type: ignore[misc, unused-ignore]
        def _split_scope(self, nodeid: str) -> str:
            if _CHECK.search(nodeid) is None:
                return nodeid
            scenario = nodeid.rpartition("::")[0]
            return EXCLUSIVE if EXCLUSIVE in scenario else scenario

    # Otherwise the largest group would come first, which is the one that has to come last.
    config.option.loadscopereorder = False
    return ScenarioScheduling(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Finish the run that this process began, and write its reports."""
    config = session.config
    campaign = config.stash.get(_CAMPAIGN, None)
    if campaign is None:
        return
    if not config.stash.get(_OWN, False):
        if _workerinput(config):
            campaign.leave()
        return
    campaign.finish()
    write_reports(campaign.directory)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say where the report is."""
    if config.stash.get(_OWN, False):
        directory = config.stash[_CAMPAIGN].directory
        terminalreporter.write_sep("-", "realtime-harness")
        terminalreporter.write_line(f"report: {directory / 'report.html'}")


def adopt(config: pytest.Config, campaign: Campaign) -> None:
    """Run the scenarios of this pytest session in a campaign that somebody else finishes."""
    config.stash[_CAMPAIGN] = campaign


def conversations(session: pytest.Session) -> list[Conversation]:
    """Return the conversations that the items of a session are about, in order."""
    owners = dict.fromkeys(item.parent for item in session.items if isinstance(item, CheckItem))
    return [owner.conversation() for owner in owners]


def campaign_of(config: pytest.Config) -> Campaign:
    """Return the run that this pytest session belongs to."""
    campaign = config.stash.get(_CAMPAIGN, None)
    if campaign is None:
        pytest.fail("tests of an endpoint on xdist's workers need --rt-target", pytrace=False)
    return campaign


def write_reports(directory: Path) -> Path:
    """Write the reports of a run directory; return the HTML file."""
    from realtime_reports import write_all

    path: Path = write_all(directory)
    return path


def _begin(config: pytest.Config) -> None:
    from realtime_harness.campaign import Campaign
    from realtime_harness.errors import HarnessError, UsageError
    from realtime_harness.plan import Plan
    from realtime_harness.verdicts import ExitCode

    option = config.getoption
    plan = Plan(
        target=option("--rt-target") or "fake",
        config=option("--rt-config"),
        out=option("--rt-out"),
        suites=tuple(option("--rt-suite")),
        keyword=option("-k"),
        clients=_clients(config),
        repeat=option("--rt-repeat"),
        defects=tuple(option("--rt-defect")),
        behaviours=tuple(option("--rt-behaviour")),
        faults=tuple(option("--rt-fault")),
        baseline=option("--rt-baseline"),
        requirements=option("--rt-requirements"),
        retry_unexpected=option("--rt-retry-unexpected"),
        max_cost=option("--rt-max-cost"),
    )
    try:
        config.stash[_CAMPAIGN] = Campaign.begin(plan)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    except HarnessError as error:
        pytest.exit(str(error), returncode=ExitCode.HARNESS_FAULT)
    config.stash[_OWN] = True


def _clients(config: pytest.Config) -> tuple[str, ...]:
    """Return the clients that were asked for."""
    if (names := config.getoption("--rt-clients")) == DEFAULT_CLIENT:
        return (DEFAULT_CLIENT,)
    from realtime_harness.errors import UsageError
    from realtime_harness.plan import chosen_clients

    try:
        return chosen_clients(names)
    except UsageError as error:
        raise pytest.UsageError(f"--rt-clients: {error}") from None


def _workerinput(config: pytest.Config) -> dict[str, Any]:
    """Return what xdist's controller gave this process; nothing in the controller itself."""
    given: dict[str, Any] = getattr(config, "workerinput", {})
    return given
