from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from realtime_harness.catalogue import checks, placed, scenario_of, scenarios, suites

SCENARIO = '''
from realtime_harness.checks import Check
from realtime_harness.scenario import scenario
from realtime_harness.verdicts import Level

CHECK = Check(id="rt.{suite}.it", level=Level.MUST, clause="So.", source="RFC 0")

@scenario(suite="{suite}", checks=[CHECK], stream=False)
async def {name}(run):
    """Show it."""

async def helper(): ...
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    root = tmp_path / "sample_scenarios"
    for suite, name in (("beta", "second"), ("alpha", "first")):
        (root / suite).mkdir(parents=True)
        (root / suite / "__init__.py").touch()
        (root / suite / "test_it.py").write_text(SCENARIO.format(suite=suite, name=name))
    (root / "__init__.py").touch()
    (root / "alpha" / "test_more.py").write_text("from .test_it import first\n")
    (root / "tools").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("sample_scenarios")
    for name in [name for name in sys.modules if name.startswith("sample_scenarios")]:
        del sys.modules[name]


def test_suites_scenarios_and_checks(package: ModuleType) -> None:
    assert suites(package) == ["alpha", "beta"]
    assert [each.id for each in scenarios(package)] == ["alpha/first", "beta/second"]
    assert list(checks(package)) == ["rt.alpha.it", "rt.beta.it"]


class Odd:
    def __getattr__(self, name: str) -> object:
        raise RuntimeError(name)


@pytest.mark.parametrize(
    "value", [Odd(), Odd, None, lambda: None], ids=["instance", "class", "none", "function"]
)
def test_strangers_are_left_alone(value: object) -> None:
    assert scenario_of(value) is None


def test_where_checks_are_judged() -> None:
    import realtime_scenarios

    found = {each.check.id: each for each in placed(realtime_scenarios)}
    assert list(found) == list(checks(realtime_scenarios))
    silent = found["rt.sideband.no-session-created"]
    assert silent.transports == ("sideband", "webrtc")
    assert {"sideband", "webrtc"} <= set(silent.capabilities)
    assert silent.since == "openai-2026-09"
    assert found["rt.wire.event-ids-unique"].capabilities == ()
    assert {"websocket", "webrtc"} <= set(found["rt.wire.event-ids-unique"].transports)
