"""Plain tests of an endpoint, in pytest processes of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from realtime_harness.lab import Lab
from realtime_harness.plain import slug_of
from realtime_harness.results import CheckResult, read_run
from realtime_harness.verdicts import Standing, Verdict

Invoke = Callable[..., "subprocess.CompletedProcess[str]"]

TESTS = '''
import asyncio

import pytest

from realtime_harness.errors import TargetViolation
from realtime_harness.journeys.text_turn import text_turn


async def test_talks(rt_connect, rt_evidence, rt_target):
    """A greeting is answered."""
    connection = await rt_connect()
    await connection.expect("session.created")
    assert (await text_turn(connection, "hello")).text
    assert rt_evidence.sent("response.create")
    assert rt_evidence.received("response.done")
    assert rt_target.name == "fake"


class TestKinds:
    async def test_calls(self, rt_connect, rt_sideband):
        call = await rt_connect("webrtc")
        await call.events.expect("session.created")
        sideband = await rt_sideband(call.id)
        await text_turn(call.events, "hello")
        await sideband.expect("response.done")


async def test_relays(rt_relay):
    relay = await rt_relay("ws")
    await (await relay.websocket()).expect("session.created")


def test_without_a_loop(rt_target):
    assert rt_target.base_url.endswith("/v1")


@pytest.mark.parametrize("number", [1, 2])
async def test_asserts(rt_connect, number):
    await rt_connect()
    assert number == 1, "expected 1"


async def test_waits_in_vain(rt_connect):
    connection = await rt_connect()
    await connection.expect("nothing.of.the.kind", timeout_s=0.05)


async def test_is_wrong(rt_connect):
    connection = await rt_connect()
    await connection.send({"type": "nonsense"})


async def test_gives_up(rt_connect):
    pytest.skip("not here")


def test_of_somebody_else():
    pass
'''
VERDICTS = {
    "shop-talks": Verdict.PASS,
    "shop-testkinds-calls": Verdict.PASS,
    "shop-relays": Verdict.PASS,
    "shop-without-a-loop": Verdict.PASS,
    "shop-asserts-1": Verdict.PASS,
    "shop-asserts-2": Verdict.FAIL,
    "shop-waits-in-vain": Verdict.FAIL,
    "shop-is-wrong": Verdict.ERROR,
    "shop-gives-up": Verdict.NOT_APPLICABLE,
}


@pytest.mark.parametrize(
    ("node_id", "slug"),
    [
        ("test_shop.py::test_greets", "shop-greets"),
        ("a/test_shop.py::TestKind::test_greets[one two]", "a-shop-testkind-greets-one-two"),
        ("test.py::test", "test"),
    ],
    ids=["plain", "all of it", "nothing"],
)
def test_slug(node_id: str, slug: str) -> None:
    assert slug_of(node_id) == slug


def own(directory: Path) -> dict[str, CheckResult]:
    return {
        check.check.removeprefix("rt.tests."): check
        for check in read_run(directory).checks
        if check.check.startswith("rt.tests.")
    }


@pytest.mark.parametrize(
    "options",
    [
        ("-pno:asyncio",),
        ("-oasyncio_mode=auto", "-oasyncio_default_fixture_loop_scope=function"),
        ("-pno:asyncio", "-n2", "--rt-target=fake"),
    ],
    ids=["alone", "pytest-asyncio", "xdist"],
)
def test_verdicts(invoke: Invoke, tmp_path: Path, options: tuple[str, ...]) -> None:
    pytest.importorskip("aiortc")
    (tmp_path / "test_shop.py").write_text(TESTS)
    done = invoke("pytest", "-Werror", "--rt-out=out", *options)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "3 failed, 6 passed, 1 skipped" in done.stdout, done.stdout
    results = own(tmp_path / "out")
    assert {slug: result.verdict for slug, result in results.items()} == VERDICTS
    assert results["shop-talks"].clause == "A greeting is answered."
    assert results["shop-talks"].source == "test_shop.py::test_talks"
    assert "expected 1" in results["shop-asserts-2"].reason
    assert "-- rt_evidence --" in done.stdout
    run = read_run(tmp_path / "out")
    assert len(run.scenarios) == len(VERDICTS)
    judged = {c.scenario: c.verdict for c in run.checks if c.check == "rt.wire.event-schema"}
    assert judged["tests/shop-talks"] is Verdict.PASS
    assert judged["tests/shop-without-a-loop"] is Verdict.NOT_APPLICABLE
    assert "tests/shop-talks" in (tmp_path / "out" / "report.html").read_text()


def test_a_rule_over_the_stream_fails_the_test(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(TESTS)
    done = invoke(
        "pytest", "-pno:asyncio", "-ktalks", "--rt-out=out", "--rt-defect=event-id-reused"
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "rt.wire.event-ids-unique" in done.stdout
    assert own(tmp_path / "out")["shop-talks"].verdict is Verdict.PASS


def test_what_is_known_is_forgiven(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(TESTS)
    (tmp_path / "known.toml").write_text(
        "[[known]]\n"
        'scenario = "tests/shop-waits-in-vain"\n'
        'check = "rt.tests.shop-waits-in-vain"\n'
        'reason = "not there yet"\n'
    )
    words = ("-pno:asyncio", "-kvain", "--rt-out=out", "--rt-baseline=known.toml")
    done = invoke("pytest", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 xfailed" in done.stdout
    assert own(tmp_path / "out")["shop-waits-in-vain"].standing is Standing.EXPECTED


def test_set_up_that_fails(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(
        "import pytest\n\n\n"
        "@pytest.fixture\ndef broken(rt_target):\n    raise RuntimeError\n\n\n"
        "async def test_never(broken):\n    pass\n"
    )
    done = invoke("pytest", "-pno:asyncio", "--rt-out=out")
    assert done.returncode == 1
    assert own(tmp_path / "out")["shop-never"].verdict is Verdict.UNTESTABLE


def test_what_the_target_does_not_claim_is_skipped(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(TESTS)
    with Lab() as lab:
        fake = lab.fake()
        (tmp_path / "realtime-harness.toml").write_text(
            "[targets.plain]\n"
            f'base_url = "{fake.base_url}"\n'
            f'api_key = "{fake.api_key}"\n'
            'capabilities = ["websocket"]\n'
        )
        done = invoke(
            "pytest", "-pno:asyncio", "-kcalls", "--rt-target=plain", "-rs", "--rt-out=out"
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "target plain does not claim webrtc" in done.stdout
    assert own(tmp_path / "out")["shop-testkinds-calls"].verdict is Verdict.NOT_APPLICABLE
