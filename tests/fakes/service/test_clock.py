from __future__ import annotations

import pytest

from realtime_fakes.clock import RealClock, VirtualClock


class Timers:
    """Some timers of somebody; one may set others. Notes at what time they run."""

    def __init__(self, clock, *due, then=None):
        self.clock = clock
        self.due = list(due)
        self.then = then or {}
        self.ran = []
        clock.serve(lambda: min(self.due, default=None), self.run)

    def run(self):
        for due in [each for each in sorted(self.due) if each <= self.clock.now()]:
            self.due.remove(due)
            self.ran.append((due, self.clock.now()))
            self.due += [self.clock.now() + s for s in self.then.get(due, ())]


def test_each_timer_runs_at_its_own_time():
    clock = VirtualClock(1000.0)
    one, other = Timers(clock, 1030.0, 1010.0), Timers(clock, 1020.0, 1060.5)
    assert clock.advance(60) == 1060
    assert one.ran == [(1010.0, 1010.0), (1030.0, 1030.0)]
    assert other.ran == [(1020.0, 1020.0)]
    clock.advance(0.5)
    assert other.ran[1:] == [(1060.5, 1060.5)]


def test_timers_that_are_set_on_the_way_run_as_well():
    clock = VirtualClock(1000.0)
    timers = Timers(clock, 1010.0, then={1010.0: [5.0, 100.0], 1015.0: [5.0]})
    clock.advance(60)
    assert [at for _, at in timers.ran] == [1010.0, 1015.0, 1020.0]
    assert (clock.now(), timers.due) == (1060.0, [1110.0])


def test_a_timer_that_is_overdue_turns_no_clock_back():
    clock = VirtualClock(1000.0)
    timers = Timers(clock, 990.0)
    clock.advance(0)
    assert timers.ran == [(990.0, 1000.0)]


def test_time_does_not_run_backwards():
    clock = VirtualClock(1000.0)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
    assert clock.now() == 1000.0


def test_the_real_clock_goes_on():
    clock = RealClock()
    assert clock.now() <= clock.now()
    assert clock.kind == "real"


IDLE = {"type": "server_vad", "idle_timeout_ms": 30_000}


async def test_an_hour_has_everything_in_it(open_world, say):
    """Idle timeouts come at their own times, each is answered, and then the session expires."""
    client = (await open_world(clock="virtual")).client
    socket = await client.socket()
    await socket.event()
    session = {"type": "realtime", "audio": {"input": {"turn_detection": IDLE}}}
    text = {"output_modalities": ["text"]}
    await socket.send(
        {"type": "session.update", "session": session | text},
        say("hello"),
        {"type": "response.create"},
    )
    await socket.until("rate_limits.updated")
    begin = (await client.state())["clock"]["now"]
    advanced = await client.control("POST", "/clock", json={"advance": 7200})
    assert advanced.json()["clock"]["now"] == begin + 7200
    events = [await socket.event()]
    while events[-1]["type"] != "error":
        events.append(await socket.event())
    assert events[-1]["error"]["code"] == "session_expired"
    assert (await socket.closed())[0] == 1001
    kinds = [event["type"] for event in events]
    # One after the other, and each was answered before the next one came.
    told = [
        kind for kind in kinds if kind in ("input_audio_buffer.timeout_triggered", "response.done")
    ]
    assert len(told) > 200
    assert told == ["input_audio_buffer.timeout_triggered", "response.done"] * (len(told) // 2)


async def test_answers_of_a_realistic_service_take_their_time(open_world, say):
    client = (await open_world(clock="virtual", latency="realistic", seed=5)).client
    socket = await client.socket()
    await socket.event()
    start = (await client.state())["clock"]["now"]
    await socket.send(
        say("hello"), {"type": "response.create"}, {"type": "input_audio_buffer.clear"}
    )
    await socket.until("input_audio_buffer.cleared")
    await client.control("POST", "/clock", json={"advance": 60})
    kinds = [event["type"] for event in await socket.until("rate_limits.updated")]
    assert kinds.index("response.created") < kinds.index("response.done")
    assert (await client.state())["clock"]["now"] == start + 60
