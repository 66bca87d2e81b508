"""What the scenarios of ``text_over_webrtc`` share."""

from __future__ import annotations

import asyncio
from typing import Any

from realtime_harness.clients.control import Control
from realtime_harness.journeys.text_turn import Turn
from realtime_harness.run import Call, ScenarioRun
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.text_over_webrtc import checks

__all__ = ["judge_complete", "judge_session_ends", "judge_text_turn", "text_session", "tokens"]


def text_session(run: ScenarioRun) -> dict[str, Any]:
    """Return the configuration of a session that answers in text."""
    return {
        "type": "realtime",
        "model": run.target.model,
        "instructions": "Answer in two words.",
        "output_modalities": ["text"],
    }


def tokens(turn: Turn, details: str, kind: str) -> int | None:
    """Return a count from the usage of a turn, such as ``input_token_details.audio_tokens``."""
    return (turn.usage.get(details) or {}).get(kind)


def judge_complete(run: ScenarioRun, turn: Turn) -> None:
    """Judge that a text turn came to its end."""
    status = turn.response.get("status")
    run.check(
        checks.TURN_COMPLETE,
        status == "completed" and bool(turn.text),
        f"expected a completed response with text, got {status} with {turn.text!r}",
        evidence=turn.done,
    )


def judge_text_turn(run: ScenarioRun, turn: Turn) -> None:
    """Judge that a text turn is complete and in order, and is about text only."""
    judge_complete(run, turn)
    order = [
        event.type
        for event in turn.events
        if event.type in {"response.created", "response.done"}
        or (event.type in _ITEM_EVENTS and event.data.get("item", {}).get("id") == turn.item_id)
    ]
    expected = [*_ITEM_EVENTS, "response.created", "response.done"]
    run.check(
        checks.TURN_ORDER,
        order == expected,
        f"expected {', '.join(expected)}; got {', '.join(order)}",
        evidence=turn.done,
    )
    strange = [event for event in turn.events if event.type.startswith(_AUDIO_EVENTS)]
    content = [
        part.get("type")
        for item in turn.response.get("output") or []
        for part in item.get("content") or []
    ]
    run.check(
        checks.TEXT_ONLY,
        not strange and set(content) == {"output_text"},
        f"expected output_text and no event about audio, got {content or 'no content'} and "
        f"{', '.join(event.type for event in strange) or 'none'}",
        evidence=strange[0] if strange else turn.done,
    )
    for details in ("input_token_details", "output_token_details"):
        spent = tokens(turn, details, "text_tokens")
        run.check(
            checks.TEXT_TOKENS,
            bool(spent),
            f"expected {details}.text_tokens above 0, got {spent}",
            evidence=turn.done,
        )


_ITEM_EVENTS = ("conversation.item.added", "conversation.item.done")
_AUDIO_EVENTS = ("response.output_audio", "output_audio_buffer.")


async def judge_session_ends(run: ScenarioRun, call: Call) -> None:
    """Close the peer connection and judge that the session ends.

    Whoever can see the session from outside is asked: the control API, or else a sideband.
    """
    if run.control is not None:
        await call.close()
        has_ended = await _ends(run.control, call.id, run.target.patience_s)
        run.check(
            checks.SESSION_ENDS,
            has_ended,
            f"expected the end of {call.id} within {run.target.patience_s:g} s, it goes on",
        )
    elif Capability.SIDEBAND in run.target.capabilities:
        sideband = await run.sideband(call.id)
        await call.close()
        with run.judging(checks.SESSION_ENDS):
            await sideband.wait_closed()
    else:
        run.not_applicable(checks.SESSION_ENDS, "nobody else can see the session")


async def _ends(control: Control, call_id: str, timeout_s: float) -> bool:
    """Return whether a call is gone in time."""
    try:
        async with asyncio.timeout(timeout_s):
            # The control API does not tell by itself.
            while await _goes_on(control, call_id):  # noqa: ASYNC110
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        return False
    return True


async def _goes_on(control: Control, call_id: str) -> bool:
    return any(call["id"] == call_id for call in (await control.state())["calls"])


_POLL_S = 0.02
