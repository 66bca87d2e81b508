"""What a page of another origin needs, to post an offer by itself."""

from __future__ import annotations

from realtime_harness.clients import sdp
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.offers import checks
from realtime_scenarios.offers.judging import hang_up

_ASKED = ("authorization", "content-type", "x-openai-agents-sdk", "x-stainless-lang")
"""Headers that a page, openai-agents-js and openai-node ask for."""


@scenario(
    suite="offers",
    checks=[checks.PREFLIGHT, checks.CORS_ORIGIN, checks.CORS_EXPOSES_LOCATION],
    needs=[Capability.WEBRTC],
    stream=False,
)
async def page_of_another_origin(run: ScenarioRun) -> None:
    """A page of another origin may ask, may read the answer, and learns the call's id."""
    preflight = await run.signaling.preflight(
        "/realtime/calls", {"Access-Control-Request-Headers": ",".join(_ASKED)}
    )
    origin = preflight.headers.get("access-control-allow-origin")
    allowed = _names(preflight.headers.get("access-control-allow-headers"))
    # The wildcard covers every header but Authorization.
    missing = {"authorization"} - allowed if "*" in allowed else set(_ASKED) - allowed
    run.check(
        checks.PREFLIGHT,
        200 <= preflight.status < 300 and origin == "*" and not missing,
        f"expected 2xx, origin * and all headers allowed; got {preflight.status}, origin {origin}, "
        f"missing {', '.join(sorted(missing)) or 'none'}",
        evidence=preflight,
    )

    answer = await run.signaling.create_call(sdp.offer(), model=run.target.model)
    await hang_up(run, answer)
    origin = answer.headers.get("access-control-allow-origin")
    run.check(checks.CORS_ORIGIN, origin == "*", f"expected *, got {origin}", evidence=answer)
    exposed = answer.headers.get("access-control-expose-headers")
    run.check(
        checks.CORS_EXPOSES_LOCATION,
        not {"location", "*"}.isdisjoint(_names(exposed)),
        f"expected Location among the exposed headers, got {exposed}",
        evidence=answer,
    )


def _names(value: str | None) -> set[str]:
    """Return the header names of a list, in lower case."""
    return {name.strip().lower() for name in (value or "").split(",") if name.strip()}
