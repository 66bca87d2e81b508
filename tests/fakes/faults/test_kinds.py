from __future__ import annotations

import pytest

from realtime_fakes.audience import Attachment, Role
from realtime_fakes.faults import FAULTS, line, parse_fault


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("delay:50ms", {"by": 0.05, "jitter": 0.0}),
        ("delay:by=1.5s,jitter=10ms,on=session.updated", {"by": 1.5, "jitter": 0.01}),
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
        ("flood", "no fault named 'flood'; known: delay, drop"),
        ("delay", "fault 'delay': give by"),
        ("delay:fast", "fault 'delay': by has to be a time such as 50ms or 1.5s, not 'fast'"),
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
    elsewhere = {"slow-reader", "rtp-loss", "rtp-jitter"}  # test_media.py
    assert {*line._STAGES, *elsewhere} == set(FAULTS)
