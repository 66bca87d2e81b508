from __future__ import annotations

import pytest

from realtime_fakes.audience import Attachment, Role, recipients

EVERYBODY = ["websocket", "data-channel", "sideband"]


@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        ("session.updated", EVERYBODY),
        ("conversation.item.added", EVERYBODY),
        ("response.output_audio.done", EVERYBODY),
        ("response.output_audio_transcript.delta", EVERYBODY),
        ("error", EVERYBODY),
        ("session.created", ["websocket", "data-channel"]),
        ("response.output_audio.delta", ["websocket"]),
        ("output_audio_buffer.started", ["data-channel", "sideband"]),
        ("output_audio_buffer.stopped", ["data-channel", "sideband"]),
        ("output_audio_buffer.cleared", ["data-channel", "sideband"]),
    ],
)
def test_who_gets_an_event(kind: str, roles: list[str]) -> None:
    # What a filtered channel gets is decided where events leave.
    roles_here = [role for role in Role if role is not Role.FILTERED_CHANNEL]
    parties = [Attachment(role, role.value) for role in roles_here]
    assert [party.name for party in recipients({"type": kind}, parties)] == roles
