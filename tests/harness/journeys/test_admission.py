from __future__ import annotations

from dataclasses import replace

import pytest

from realtime_harness.clients.control import Control
from realtime_harness.clients.websocket import Auth
from realtime_harness.journeys.admission import knock
from realtime_harness.lab import Lab
from realtime_harness.run import ScenarioRun


@pytest.fixture(scope="module")
def fake():
    with Lab() as lab:
        yield lab.fake()


@pytest.fixture
def knocking(declared, recorder):
    """Opens a run against a target."""

    async def sample(run: ScenarioRun) -> None:
        """Show something."""

    scenario = declared(sample)
    return lambda target: ScenarioRun(scenario, target, lab=None, recorder=recorder)


async def test_admitted(knocking, fake):
    async with knocking(fake) as run:
        knocked = await knock(run)
    assert knocked.admitted
    assert knocked.session["model"] == fake.model
    assert knocked.shown() == "a session"


@pytest.mark.parametrize(
    ("how", "number", "code"),
    [
        ({"auth": Auth.NONE}, 3000, None),
        ({"key": "sk-nobodys-at-all"}, 3000, "invalid_api_key"),
        ({"query": {}}, 4000, "missing_model"),
        ({"headers": {"OpenAI-Beta": "realtime=v1"}}, 4000, "beta_api_shape_disabled"),
    ],
    ids=["no-key", "bad-key", "no-model", "beta"],
)
async def test_refused_in_the_socket(knocking, fake, how, number, code):
    async with knocking(fake) as run:
        knocked = await knock(run, **how)
    assert not knocked.admitted
    assert not knocked.by_http
    assert (knocked.number, knocked.error["code"]) == (number, code)
    assert f"close code {number}" in knocked.shown()


async def test_refused_by_the_handshake(knocking, fake):
    async with Control(fake) as control:
        azure = await control.new_service("azure-for-knocking", profile="azure-ga")
    async with knocking(azure) as run:
        knocked = await knock(run, key="sk-nobodys-at-all")
    assert knocked.by_http
    assert (knocked.number, knocked.error["code"]) == (401, "invalid_api_key")
    assert "HTTP status 401" in knocked.shown()


async def test_left_open(knocking, fake):
    async with Control(fake) as control:
        rude = await control.new_service("left-open", defects=["refused-left-open"])
    async with knocking(rude) as run:
        run.target = replace(rude, patience_s=0.1)
        knocked = await knock(run, key="sk-nobodys-at-all")
    assert knocked.number is None
    assert "left open" in knocked.shown()
