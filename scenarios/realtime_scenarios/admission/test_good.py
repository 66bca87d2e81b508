"""Callers who have to be let in."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.clients.websocket import Auth
from realtime_harness.journeys.admission import Knock, knock
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.admission import checks


@scenario(
    suite="admission",
    checks=[
        checks.ADMITTED,
        checks.MODEL,
        checks.SUBPROTOCOL_KEY,
        checks.SUBPROTOCOL,
        checks.KEY_NOT_SELECTED,
        checks.INTENT,
        checks.UNKNOWN_INTENT,
    ],
    needs=[Capability.WEBSOCKET],
)
async def good_callers(run: ScenarioRun) -> None:
    """A server and a browser get a session, each in its own way."""
    server = await knock(run)
    _judge_admitted(run, checks.ADMITTED, server)
    first = server.connection.events[0].type if server.connection is not None else "nothing"
    run.check(
        checks.ADMITTED,
        first == "session.created",
        f"expected session.created first, got {first}",
        evidence=server.seq,
    )
    if run.target.models_are_deployments:
        run.not_applicable(checks.MODEL, "the model in the URL is the name of a deployment")
    elif server.admitted:
        # An alias may be shown as the snapshot that it stands for.
        got = str(server.session.get("model"))
        run.check(
            checks.MODEL,
            got.startswith(run.target.model),
            f"expected {run.target.model}, got {got}",
            evidence=server.seq,
        )
    browser = await knock(run, auth=Auth.SUBPROTOCOL, name="browser")
    _judge_admitted(run, checks.SUBPROTOCOL_KEY, browser)
    if browser.connection is not None:
        selected = browser.connection.subprotocol or "none"
        run.check(
            checks.KEY_NOT_SELECTED,
            not selected.startswith("openai-insecure-api-key"),
            "expected realtime to be selected, got the subprotocol with the key",
        )
    # With the key in a header, so that this is about the selection alone.
    polite = await knock(run, subprotocols=["realtime"], name="polite")
    got = (polite.connection.subprotocol or "none") if polite.connection is not None else "none"
    run.check(checks.SUBPROTOCOL, got == "realtime", f"expected realtime, got {got}")
    meant = await knock(
        run, query={"model": run.target.model, "intent": "realtime"}, name="with-intent"
    )
    _judge_admitted(run, checks.INTENT, meant)
    if meant.admitted:
        kind = meant.session.get("type")
        run.check(
            checks.INTENT,
            kind == "realtime",
            f"expected a session of type realtime, got {kind}",
            evidence=meant.seq,
        )
    odd = await knock(run, query={"model": run.target.model, "intent": "dance"}, name="odd")
    run.observe(checks.UNKNOWN_INTENT, odd.shown(), evidence=odd.seq)


def _judge_admitted(run: ScenarioRun, check: Check, knocked: Knock) -> None:
    run.check(
        check,
        knocked.admitted,
        f"expected session.created, got {knocked.shown()}",
        evidence=knocked.seq,
    )
