"""Violations that the checks of ``relay`` find: what the reference relays can be made to do wrong.

Their policy is :class:`realtime_fakes.relays.policy.RelayPolicy`. An event tap sees what goes down:
to ``Role.WEBSOCKET`` in the WebSocket relay, to ``Role.DATA_CHANNEL`` in the WebRTC relay.
"""

from __future__ import annotations

from typing import Any

from realtime_fakes.audience import Role
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]


def _loses(role: Role) -> EventTap:
    def tap(event: Event, to: Role, memory: dict[str, Any]) -> list[Event]:
        return [] if to is role and event["type"] == "response.content_part.done" else [event]

    return tap


def _swaps(event: Event, to: Role, memory: dict[str, Any]) -> list[Event]:
    if to is not Role.WEBSOCKET:
        return [event]
    if event["type"] == "response.output_item.added":
        memory["held"] = event
        return []
    held = memory.pop("held", None)
    return [event] if held is None else [event, held]


def _renames_items(event: Event, to: Role, memory: dict[str, Any]) -> list[Event]:
    if to is Role.WEBSOCKET and event["type"] == "conversation.item.added":
        item = event["item"]
        return [{**event, "item": {**item, "id": f"{item['id']}_r"}}]
    return [event]


def _defect(name: str, violates: str, summary: str, **how: Any) -> Switch:
    return Switch(name=name, violates=f"rt.relay.{violates}", summary=summary, where="relay", **how)


SWITCHES: tuple[Switch, ...] = (
    _defect(
        "relay-slow",
        "overhead-bound",
        "The relay holds every frame back for 25 ms that nobody asked for.",
        policy={"hidden_delay_ms": 25.0},
    ),
    _defect(
        "relay-delays-text-more",
        "added-delay-text",
        "The relay adds a fifth more delay to text deltas than it was told.",
        policy={"delay_factor": {"response.output_text.delta": 1.2}},
    ),
    _defect(
        "relay-delays-audio-more",
        "added-delay-audio",
        "The relay adds a fifth more delay to audio deltas than it was told.",
        policy={"delay_factor": {"response.output_audio.delta": 1.2}},
    ),
    _defect(
        "relay-loses-events",
        "nothing-lost",
        "The WebSocket relay drops response.content_part.done.",
        event=_loses(Role.WEBSOCKET),
    ),
    _defect(
        "relay-reorders",
        "same-order",
        "response.output_item.added trades places with its successor in the WebSocket relay.",
        event=_swaps,
    ),
    _defect(
        "relay-renames-items",
        "ids",
        "The WebSocket relay gives items ids of its own.",
        event=_renames_items,
    ),
    _defect(
        "relay-limits-frames",
        "big-frame",
        "The relay takes no frame above 64 KiB.",
        policy={"max_frame_bytes": 64 * 1024},
    ),
    _defect(
        "relay-hides-subprotocols",
        "subprotocols",
        "The relay does not offer its client's subprotocols to the service.",
        policy={"offers_subprotocols": False},
    ),
    _defect(
        "relay-hides-close-codes",
        "refusal",
        "The relay closes with 1000, whatever code the other side closed with.",
        policy={"keeps_close_codes": False},
    ),
    _defect(
        "relay-keeps-session-of-client",
        "client-closes",
        "The relay stays connected to the service when its client closes.",
        policy={"ends_with_client": False},
    ),
    _defect(
        "relay-misses-client-loss",
        "client-loss",
        "The relay stays connected to the service when its client's connection breaks.",
        policy={"client_loss_code": None},
    ),
    _defect(
        "relay-misses-upstream-loss",
        "upstream-loss",
        "The relay keeps its client when the connection to the service breaks.",
        policy={"upstream_loss_code": None},
    ),
    _defect(
        "relay-calls-loss-normal",
        "upstream-loss-code",
        "The relay closes with 1000 when the connection to the service breaks.",
        policy={"upstream_loss_code": 1000},
    ),
    _defect(
        "call-relay-loses-events",
        "call-nothing-lost",
        "The WebRTC relay drops response.content_part.done.",
        event=_loses(Role.DATA_CHANNEL),
    ),
    _defect(
        "call-relay-sends-audio-deltas",
        "call-no-audio-deltas",
        "The WebRTC relay sends output audio deltas over the data channel too.",
        policy={"drops_audio_deltas": False},
    ),
    _defect(
        "call-relay-mute",
        "caller-hears",
        "The WebRTC relay does not play the service's sound.",
        policy={"speaks_to_caller": False},
    ),
    _defect(
        "call-relay-deaf",
        "caller-heard",
        "The WebRTC relay does not pass the caller's sound on.",
        policy={"hears_caller": False},
    ),
    _defect(
        "call-relay-keeps-session",
        "caller-leaves",
        "The WebRTC relay stays connected to the service when its caller hangs up.",
        policy={"ends_with_caller": False},
    ),
    _defect(
        "call-relay-keeps-call",
        "call-ends",
        "The WebRTC relay keeps the call when the connection to the service ends.",
        policy={"ends_call": False},
    ),
)
