from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import orjson
import pytest

from realtime_fakes.audience import Addressed, Attachment, ClearPlayback, Close, Play, Role
from realtime_fakes.clock import RealClock, VirtualClock
from realtime_fakes.host import Host
from realtime_fakes.journal import Journal
from realtime_fakes.switches import Switch, Switchboard

PRIMARY = Attachment(Role.WEBSOCKET, "client")
CHANNEL = Attachment(Role.DATA_CHANNEL, "oai-events")
SIDEBAND = Attachment(Role.SIDEBAND, "sideband")


@dataclass
class StubSession:
    """A session of which a test says what it wants done."""

    id: str = "sess_1"
    ended: bool = False
    attachments: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    due: float | None = None
    timed: list = field(default_factory=list)

    def attach(self, attachment, now):
        self.attachments.append(attachment)
        return []

    def detach(self, attachment, now):
        self.attachments.remove(attachment)
        return []

    def receive(self, attachment, frame, now):
        return self.answers

    def next_timer(self):
        return self.due

    def on_timer(self, now):
        self.due = None
        return self.timed

    def describe(self):
        return {}


@dataclass
class Ear:
    """An outlet that remembers."""

    batches: list = field(default_factory=list)
    end: object = None
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, events):
        self.batches.append(events)
        self.heard.set()

    def close(self, code, reason):
        self.end = (code, reason)

    def cut(self):
        self.end = "cut"

    @property
    def types(self):
        return [orjson.loads(event)["type"] for batch in self.batches for event in batch]


@dataclass
class Speaker:
    heard: list = field(default_factory=list)

    def play(self, pcm):
        self.heard.append(pcm)

    def clear(self):
        self.heard.append("clear")


@pytest.fixture
def stage():
    """Return a session, its host, and what has ended."""

    @dataclass
    class Stage:
        session: StubSession = field(default_factory=StubSession)
        ended: list = field(default_factory=list)
        switchboard: Switchboard = field(default_factory=lambda: Switchboard([]))
        journal: Journal = field(default_factory=Journal)
        asked: list = field(default_factory=list)

        def host(self, clock=None):
            return Host(
                self.session,
                caller=self.switchboard.caller((), "sess_1"),
                clock=clock or RealClock(),
                switchboard=self.switchboard,
                journal=self.journal,
                ask=lambda request: self.asked.append(request),
                on_end=self.ended.append,
            )

    return Stage()


async def test_each_event_is_serialised_once_and_shared(stage):
    host, client, side = stage.host(), Ear(), Ear()
    host.attach(CHANNEL, client)
    host.attach(SIDEBAND, side)
    stage.session.answers = [{"type": "a"}, {"type": "b"}]
    host.receive(CHANNEL, "{}")
    assert client.types == side.types == ["a", "b"]
    assert len(client.batches) == 1
    assert client.batches[0][0] is side.batches[0][0]
    host.end()


async def test_delays_of_what_came_in_one_piece_count_from_one_time(stage):
    stage.switchboard.set([], ["delay:60s"])
    host = stage.host()
    host.attach(PRIMARY, Ear())
    stage.session.answers = [{"type": "a"}]
    line = host._lines[PRIMARY].outlet
    for turn in (1, 2):
        for _ in range(40):
            host.receive(PRIMARY, "{}")
        # The time that the first took is not added to the delay of the last.
        assert len({due_ns for due_ns, *_ in line._queue}) == turn
        await asyncio.sleep(0)
    host.end()


async def test_who_gets_what(stage):
    host, client, side = stage.host(), Ear(), Ear()
    host.attach(CHANNEL, client)
    host.attach(SIDEBAND, side)
    stage.session.answers = [
        Addressed({"type": "error"}, SIDEBAND),
        {"type": "response.output_audio.delta"},
        {"type": "output_audio_buffer.started"},
    ]
    host.receive(SIDEBAND, "{}")
    assert client.types == ["output_audio_buffer.started"]
    assert side.types == ["error", "output_audio_buffer.started"]
    host.end()


async def test_sound_goes_to_the_player(stage):
    host, host.player = stage.host(), None
    stage.session.answers = [Play(b"12", "resp_1"), ClearPlayback("resp_1")]
    host.receive(PRIMARY, "{}")
    host.player = Speaker()
    host.receive(PRIMARY, "{}")
    assert host.player.heard == [b"12", "clear"]
    host.end()


@pytest.mark.parametrize(("leaves", "ended"), [(PRIMARY, True), (CHANNEL, True), (SIDEBAND, False)])
async def test_who_leaves_decides_whether_the_session_goes_on(stage, leaves, ended):
    host, other = stage.host(), Ear()
    host.attach(leaves, Ear())
    host.attach(Attachment(Role.SIDEBAND, "other"), other)
    host.detach(leaves)
    host.detach(leaves)
    assert (host.ended, bool(stage.ended)) == (ended, ended)
    assert other.end == ((1000, "") if ended else None)
    host.end()
    assert stage.ended == [host]


async def test_a_session_that_closes_says_how(stage):
    host, client = stage.host(), Ear()
    host.attach(PRIMARY, client)
    stage.session.answers = [{"type": "error"}, Close(1001, "time is up")]
    stage.session.ended = True
    host.receive(PRIMARY, "{}")
    assert client.types == ["error"]
    assert client.end == (1001, "time is up")
    assert stage.ended == [host]


async def test_a_cut_tells_nobody(stage):
    host, client = stage.host(), Ear()
    host.attach(PRIMARY, client)
    host.cut()
    host.end()
    assert (client.end, host.abrupt, stage.ended) == ("cut", True, [host])


async def test_timers_of_the_real_clock(stage):
    clock = RealClock()
    stage.session.due = clock.now() + 60
    host, client = stage.host(clock), Ear()
    host.attach(PRIMARY, client)
    stage.session.due = clock.now() + 0.02  # an earlier one takes its place
    stage.session.timed = [{"type": "tick"}]
    host.receive(PRIMARY, "{}")
    async with asyncio.timeout(5):
        await client.heard.wait()
    assert client.types == ["tick"]
    host.end()


async def test_timers_of_the_virtual_clock(stage):
    clock = VirtualClock(1000.0)
    stage.session.due = 1060.0
    stage.session.timed = [{"type": "tick"}]
    host, client = stage.host(clock), Ear()
    host.attach(PRIMARY, client)
    clock.serve(host.session.next_timer, host.run_timers)
    clock.advance(59)
    assert client.types == []
    clock.advance(1)
    assert client.types == ["tick"]
    host.end()


async def test_taps_change_what_each_party_gets(stage):
    def count(event, role, memory):
        memory["n"] = memory.get("n", 0) + 1
        return [{"type": f"{role.value}.{memory['n']}"}] * 2

    def odd_only(event, role, memory):
        memory["seen"] = memory.get("seen", 0) + 1
        return [event] if memory["seen"] % 2 else []

    stage.switchboard = Switchboard(
        [
            Switch(name="count", summary="", event=count),
            Switch(name="odd-only", summary="", event=odd_only),
        ]
    )
    stage.switchboard.set(["count", "odd-only"])
    host, client, side = stage.host(), Ear(), Ear()
    host.attach(CHANNEL, client)
    host.attach(SIDEBAND, side)
    event = {"type": "a"}
    stage.session.answers = [event, event]
    host.receive(CHANNEL, "{}")
    assert client.types == ["data-channel.1", "data-channel.2"]
    assert side.types == ["sideband.1", "sideband.2"]
    assert event == {"type": "a"}
    host.end()
