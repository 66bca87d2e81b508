"""Messages far above what fits a packet."""

from __future__ import annotations

from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.text_over_webrtc import checks
from realtime_scenarios.text_over_webrtc.judging import text_session

_SIZE = 200 * 1024
_TRANSFER_S = 4.0
"""How long the message and its echo may take, on top of the target's patience."""
_ITEM = "item_of_200_KiB"


@scenario(
    suite="text_over_webrtc",
    checks=[checks.LARGE_MESSAGE, checks.LARGE_MESSAGE_ECHO],
    needs=[Capability.WEBRTC],
    extras=["webrtc"],
)
async def large_message(run: ScenarioRun) -> None:
    """A message of 200 KiB makes an item, which can be deleted again, and the channel stays."""
    call = await run.call(session=text_session(run))
    await call.events.expect("session.created")
    # Blanks cost few tokens, and the item is gone before any response could be billed for it.
    part = {"type": "input_text", "text": "Hello." + " " * _SIZE}
    item = {"id": _ITEM, "type": "message", "role": "user", "content": [part]}
    with run.requiring(checks.LARGE_MESSAGE):
        await call.events.send({"type": "conversation.item.create", "item": item})
        await call.events.send({"type": "conversation.item.delete", "item_id": _ITEM})
        answer = await call.events.expect(
            "conversation.item.deleted", "error", timeout_s=run.target.patience_s + _TRANSFER_S
        )
    run.check(
        checks.LARGE_MESSAGE,
        answer.type == "conversation.item.deleted",
        f"expected conversation.item.deleted, got {answer.data}",
        evidence=answer,
    )
    echo = next((e for e in call.events.events if e.type == "conversation.item.added"), None)
    run.observe(
        checks.LARGE_MESSAGE_ECHO,
        "conversation.item.added came with the whole text"
        if echo is not None and echo.data.get("item", {}).get("content") == [part]
        else "no conversation.item.added with the whole text",
        evidence=echo,
    )
