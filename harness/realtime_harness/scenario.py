'''How a scenario is declared: a coroutine and the checks that it judges.

.. code-block:: python

    @scenario(suite="sideband", checks=[SILENT, SAME_ORDER], needs=[Capability.SIDEBAND])
    async def sees_a_turn(run: ScenarioRun) -> None:
        """A sideband sees every event of a turn made on the data channel."""
        call = await run.call()
        ...
        with run.judging(SAME_ORDER):
            ...

The decorated coroutine stays callable as it was; :func:`scenario` only attaches a
:class:`Scenario` to it, which the pytest plugin and the runner find.
'''

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from realtime_harness.checks import Check
from realtime_harness.targets.capabilities import Capability

if TYPE_CHECKING:
    from realtime_harness.run import ScenarioRun

__all__ = ["CLIENTS", "DEFAULT_CLIENT", "Scenario", "ScenarioFunction", "scenario"]

DEFAULT_CLIENT = "aiortc"
CLIENTS = (DEFAULT_CLIENT, "chromium")
"""What may make the WebRTC calls of a scenario."""

ScenarioFunction: TypeAlias = "Callable[[ScenarioRun], Awaitable[None]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One conversation with a target, and the checks that it judges."""

    suite: str
    name: str
    summary: str
    checks: tuple[Check, ...]
    """Declared by its author; a stream scenario also carries the stream rules' checks."""
    needs: frozenset[Capability]
    """What the target has to claim; otherwise every check is not applicable."""
    extras: frozenset[str]
    """Extras of the distribution that have to be installed; otherwise untestable."""
    stream: bool
    """Whether events flow, so that the rules over the event stream are judged as well."""
    exclusive: bool
    """Whether it measures time and must not share the machine with other scenarios."""
    timeout_s: float
    function: ScenarioFunction

    @property
    def id(self) -> str:
        """``<suite>/<name>``."""
        return f"{self.suite}/{self.name}"

    @property
    def makes_calls(self) -> bool:
        """Whether it makes WebRTC calls, so that it is run once with each client."""
        return "webrtc" in self.extras


def scenario(
    *,
    suite: str,
    checks: Sequence[Check],
    needs: Sequence[Capability] = (),
    extras: Sequence[str] = (),
    stream: bool = True,
    exclusive: bool = False,
    timeout_s: float = 30.0,
) -> Callable[[ScenarioFunction], ScenarioFunction]:
    """Declare a coroutine as a scenario.

    Args:
        suite: the suite it belongs to.
        checks: the checks it judges; each must be reached when the target is right.
        needs: capabilities that the target must claim.
        extras: extras of this distribution that must be installed; ``webrtc`` if it makes calls.
        stream: whether the rules over the event stream are judged too.
        exclusive: whether it measures time and therefore runs alone.
        timeout_s: bound on the whole conversation, seconds.

    Raises:
        ValueError: if a check is declared twice or the coroutine has no docstring.

    """

    def declare(function: ScenarioFunction) -> ScenarioFunction:
        from realtime_harness.contract.rules import STREAM_RULES

        name = getattr(function, "__name__", "")
        summary = (function.__doc__ or "").strip().partition("\n")[0].strip()
        if not summary:
            raise ValueError(f"scenario {suite}/{name} has no docstring: say what it shows")
        declared = (*checks, *(rule.check for rule in STREAM_RULES)) if stream else tuple(checks)
        ids = [check.id for check in declared]
        if twice := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"scenario {suite}/{name} declares {', '.join(twice)} twice")
        function.__rt_scenario__ = Scenario(  # type: ignore[attr-defined]
            suite=suite,
            name=name,
            summary=summary,
            checks=declared,
            needs=frozenset(needs),
            extras=frozenset(extras),
            stream=stream,
            exclusive=exclusive,
            timeout_s=timeout_s,
            function=function,
        )
        return function

    return declare
