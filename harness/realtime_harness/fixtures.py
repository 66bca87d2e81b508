"""Fixtures and markers for tests of applications: a fake Realtime service for each test.

Everything else is in :mod:`realtime_harness.testing`, which is imported when a test asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from realtime_harness.testing import Clock, Evidence, Fake, ServerThread

__all__ = ["MARKERS", "rt_clock", "rt_evidence", "rt_fake", "rt_script", "rt_server"]

MARKERS = (
    "rt_fake(**options): options of the fake behind rt_fake: api_keys, clock, seed, tls, …",
    "rt_script(*rules): what rt_fake answers: rules, or the path of a script",
    "rt_defect(name, ...): defects that the fake behind rt_fake commits",
    "rt_behaviour(name, ...): behaviours that are on in the fake behind rt_fake",
    "rt_fault(fault, ...): damage to what rt_fake sends, such as 'drop:every=5'",
    "rt_complete(ignore=()): after the test, all that was expected of the application has happened "
    "and nothing else was sent, but for events of the names in ignore",
)
_FAKE = pytest.StashKey["Fake"]()
_SHOWN = 60
"""Lines of evidence in the report of a test that failed."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.fixture(scope="session")
def rt_server() -> Iterator[ServerThread]:
    """Thread on which fakes run; its fake() makes one of another scope than a test's."""
    from realtime_harness.testing import ServerThread

    with ServerThread() as server:
        yield server


@pytest.fixture
def rt_fake(request: pytest.FixtureRequest, rt_server: ServerThread) -> Iterator[Fake]:
    """Fake Realtime service on a free port, for this test alone."""
    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("rt_fake"))):
        options.update(marker.kwargs)
    if "rt_clock" in request.fixturenames:
        options["clock"] = "virtual"
    for name in ("defect", "behaviour", "fault"):
        chosen = [each for m in request.node.iter_markers(f"rt_{name}") for each in m.args]
        options[f"{name}s"] = (*options.get(f"{name}s", ()), *chosen)
    with rt_server.fake(**options) as fake:
        request.node.stash[_FAKE] = fake
        for marker in request.node.iter_markers("rt_complete"):
            fake.ignore(*marker.kwargs.get("ignore", ()))
        if (marker := request.node.get_closest_marker("rt_script")) is not None:
            fake.script(*_rules(request, marker.args))
        yield fake


@pytest.fixture
def rt_script(request: pytest.FixtureRequest, rt_fake: Fake) -> Callable[..., None]:
    """Function that tells rt_fake what to answer: rules, or the path of a script."""
    return lambda *rules: rt_fake.script(*_rules(request, rules))


@pytest.fixture
def rt_clock(rt_fake: Fake) -> Clock:
    """Virtual clock of rt_fake: stands still until its advance(seconds) is called."""
    from realtime_harness.testing import Clock

    return Clock(rt_fake.control)


@pytest.fixture
def rt_evidence(request: pytest.FixtureRequest) -> Evidence:
    """What was said, as it grows: between test and rt_target, or application and rt_fake."""
    from realtime_harness.plain_fixtures import is_plain

    if is_plain(request.node):
        return request.getfixturevalue("_rt_plain").evidence  # type: ignore[no-any-return]
    return request.getfixturevalue("rt_fake").evidence  # type: ignore[no-any-return]


def _rules(request: pytest.FixtureRequest, rules: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the rules; a path is one that begins beside the file of the test."""
    if len(rules) == 1 and isinstance(rules[0], str | Path):
        return (request.path.parent / rules[0],)
    return rules


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Hold a test that is marked so to its expectations; it fails itself, not its teardown."""
    result = yield
    fake = item.stash.get(_FAKE, None)
    if fake is not None and item.get_closest_marker("rt_complete") is not None:
        try:
            fake.assert_complete()
        except AssertionError as error:
            pytest.fail(str(error), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show beside a failure what went over the wire."""
    report = yield
    from realtime_harness.plain_fixtures import PLAIN

    talk = item.stash.get(PLAIN, None) or item.stash.get(_FAKE, None)
    if talk is not None and report.failed and report.when == "call":
        lines = repr(talk.evidence).splitlines()
        skipped = [f"… {len(lines) - _SHOWN} more …"] if len(lines) > _SHOWN else []
        report.sections.append(("rt_evidence", "\n".join([*skipped, *lines[-_SHOWN:]])))
    return report
