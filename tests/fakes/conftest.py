"""A session with one or more parties, driven by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest

from realtime_fakes.audience import (
    Addressed,
    Attachment,
    ClearPlayback,
    Close,
    Cut,
    Effect,
    McpRequest,
    Play,
    Role,
    recipients,
)
from realtime_fakes.brain import Brain, EchoBrain
from realtime_fakes.config import effective_session
from realtime_fakes.ids import Ids
from realtime_fakes.policy import Policy
from realtime_fakes.session import Session

START = 1_785_214_048.0


class StillBrain(EchoBrain):
    """Speaks in silence, 100 ms a letter, so that lengths can be foretold."""

    def speak(self, text: str) -> bytes:
        return bytes(4800 * len(text))


@dataclass
class Stage:
    """A session, its parties, and what each of them has received."""

    session: Session
    now: float = START
    policy: Policy = field(default_factory=Policy)
    parties: list[Attachment] = field(default_factory=list)
    received: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    played: list[bytes] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    closed: Close | None = None
    is_cut: bool = False
    asked: list[McpRequest] = field(default_factory=list)

    def join(self, role: Role, name: str = "client") -> Attachment:
        party = Attachment(role, name)
        self.parties.append(party)
        self.received[name] = []
        self.carry(self.session.attach(party, self.now))
        return party

    def send(self, *events: dict[str, Any], by: Attachment | None = None) -> list[dict[str, Any]]:
        """Send events; return what the sender got in answer."""
        return self.frames(*(orjson.dumps(event).decode() for event in events), by=by)

    def frames(self, *frames: str | bytes, by: Attachment | None = None) -> list[dict[str, Any]]:
        party = by or self.parties[0]
        inbox = self.received[party.name]
        before = len(inbox)
        for frame in frames:
            self.carry(self.session.receive(party, frame, self.now))
        return inbox[before:]

    def advance(self, seconds: float) -> list[dict[str, Any]]:
        """Let time pass, timer by timer; return what the first party got meanwhile."""
        inbox = self.received[self.parties[0].name]
        before, end = len(inbox), self.now + seconds
        while (due := self.session.next_timer()) is not None and due <= end:
            self.now = max(self.now, due)
            self.carry(self.session.on_timer(self.now))
            assert self.session.next_timer() != due
        self.now = end
        return inbox[before:]

    def carry(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Play):
                self.played.append(effect.pcm)
            elif isinstance(effect, ClearPlayback):
                self.cleared.append(effect.response_id)
            elif isinstance(effect, Close):
                self.closed = effect
            elif isinstance(effect, Cut):
                self.is_cut = True
            elif isinstance(effect, McpRequest):
                self.asked.append(effect)
            else:
                if isinstance(effect, Addressed):
                    event, to = effect
                else:
                    event, to = effect, None
                for party in [to] if to else recipients(event, self.parties):
                    self.received[party.name].append(orjson.loads(orjson.dumps(event)))

    def change(self, **policy: Any) -> None:
        self.policy = replace(self.policy, **policy)


OpenStage = Callable[..., Stage]


@pytest.fixture
def open_stage() -> OpenStage:
    """Return a function that opens a session with one primary party, which was greeted."""

    def open_stage(
        *,
        on_call: bool = False,
        modality: str = "text",
        model: str = "gpt-realtime",
        brain: Brain | None = None,
        **asked: Any,
    ) -> Stage:
        stage: Stage | None = None
        policy = Policy()
        ids = Ids(7)
        ids.at(START)
        config = effective_session(
            {"type": "realtime", "output_modalities": [modality], **asked},
            model=model,
            session_id="sess_1",
            expires_at=int(START) + 3600,
        )
        session = Session(
            id="sess_1",
            config=config,
            now=START,
            ids=ids,
            brain=brain or StillBrain(),
            policy=lambda: policy if stage is None else stage.policy,
            on_call=on_call,
        )
        stage = Stage(session, policy=policy)
        stage.join(Role.DATA_CHANNEL if on_call else Role.WEBSOCKET)
        return stage

    return open_stage


def message(text: str, **more: Any) -> dict[str, Any]:
    """Return the event with which a user says something."""
    content = [{"type": "input_text", "text": text}]
    return {
        "type": "conversation.item.create",
        "item": {"type": "message", "role": "user", "content": content},
        **more,
    }


@pytest.fixture(name="message")
def message_fixture() -> Callable[..., dict[str, Any]]:
    return message
