from __future__ import annotations

import pytest

from realtime_fakes.audience import Attachment, Role
from realtime_fakes.faults import FAULTS, line, parse_fault
from realtime_fakes.faults.programs import Modes, Ramp


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("delay:50ms", {"by": Modes(((0.05, 1.0),)), "jitter": 0.0}),
        ("delay:by=1.5s,jitter=10ms,on=a.b", {"by": Modes(((1.5, 1.0),)), "jitter": 0.01}),
        ("delay:50ms@90%+0.4s@0.1,on=a.b", {"by": Modes(((0.05, 0.9), (0.4, 0.1)))}),
        ("delay:50ms..250ms,over=10s", {"by": Ramp(0.05, 0.25), "over": 10.0}),
        ("freeze:2s", {"length": 2.0, "after": 0.0}),
        ("freeze:2s,after=500ms,every=10s", {"after": 0.5, "every": 10.0}),
        ("drop:every=5", {"every": 5}),
        ("drop:5", {"every": 5}),
        ("duplicate:chance=3%", {"chance": 0.03}),
        ("stall", {"after": 0}),
        ("close:4001,after=2,to=sideband", {"code": 4001, "after": 2, "to": "sideband"}),
        ("disconnect:3,key=sk-one,session=sess_1,seed=7", {"after": 3, "seed": 7}),
        ("rtp-loss:3%", {"chance": 0.03, "to": "caller"}),
        ("rtp-jitter:30ms,to=service", {"by": 0.03, "to": "service"}),
    ],
)
def test_what_can_be_written(text, values):
    fault = parse_fault(text)
    assert fault.text == text
    assert values.items() <= fault.values.items()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("flood", "no fault named 'flood'; known: delay, freeze, drop"),
        ("delay", "fault 'delay': give by"),
        (
            "delay:fast",
            "fault 'delay': by has to be 50ms, 50ms@90%+400ms@10% or 50ms..250ms, not 'fast'",
        ),
        ("delay:50ms..", "fault 'delay': by has to be 50ms, 50ms@90%"),
        ("delay:50ms..1s", "fault 'delay': give over, the time in which it grows, as in delay:50"),
        ("delay:50ms,over=1s", "fault 'delay': over is for a delay that grows, as in delay:50ms.."),
        ("delay:50ms@90%+1s", "fault 'delay': by has to say how often each one is, as in 50ms@90%"),
        ("delay:50ms@90%+1s@20%", "fault 'delay': by has to have shares that add up to 100%, not"),
        ("delay:50ms@ten", "fault 'delay': by has to be a number, not"),
        ("delay:1ms,jitter=2", "fault 'delay': jitter has to be a time such as 50ms or 1.5s, not"),
        ("freeze", "fault 'freeze': give length"),
        (
            "freeze:2s,every=1s",
            "fault 'freeze': every has to be longer than it stands still, as in",
        ),
        ("drop:every=0", "fault 'drop': every has to be a whole number above 0, not '0'"),
        ("drop:chance=2", "fault 'drop': chance has to be a chance such as 3% or 0.03, not '2'"),
        ("drop:chance=x", "fault 'drop': chance has to be a number, not 'x'"),
        ("drop:often=2", "fault 'drop': no parameter 'often'; known: every, chance, on, to"),
        ("drop:every=2,3", "fault 'drop': '3': write parameter=value"),
        ("close:1006", "fault 'close': code has to be a code that a close frame may carry"),
        ("stall:to=phone", "fault 'stall': to has to be one of websocket, data-channel, sideband"),
        ("rtp-loss:3%,to=sideband", "fault 'rtp-loss': to has to be one of caller, service"),
        ("drop:every=2,key=", "fault 'drop': key has to be a key such as sk-fake"),
    ],
)
def test_errors_name_the_fault_and_the_parameter(text, said):
    with pytest.raises(ValueError, match="fault") as caught:
        parse_fault(text)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("scope", "role", "concerned"),
    [
        ("", Role.SIDEBAND, True),
        (",to=sideband", Role.SIDEBAND, True),
        (",to=sideband", Role.WEBSOCKET, False),
        (",to=data-channel", Role.FILTERED_CHANNEL, True),
        (",key=sk-1", Role.WEBSOCKET, True),
        (",key=sk-2", Role.WEBSOCKET, False),
        (",session=sess_1", Role.WEBSOCKET, True),
        (",session=sess_2", Role.WEBSOCKET, False),
    ],
)
def test_whom_a_fault_concerns(scope, role, concerned):
    fault = parse_fault("drop:every=1" + scope)
    assert fault.concerns(Attachment(role, "x", ("ek_1", "sk-1")), "sess_1") is concerned


@pytest.mark.parametrize("kind", FAULTS.values(), ids=lambda kind: kind.name)
def test_every_fault_says_how_it_is_written(kind):
    assert kind.usage.startswith(kind.name + ":")
    assert kind.summary.endswith(".")


def test_every_fault_is_done_by_somebody():
    elsewhere = {"slow-reader", "rtp-loss", "rtp-jitter", "freeze"}  # test_media.py, test_line.py
    assert {*line._STAGES, *elsewhere} == set(FAULTS)
