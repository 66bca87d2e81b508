from __future__ import annotations

from realtime_fakes.faults import parse_fault
from realtime_fakes.faults.media import packet_fate, read_pause


def fates(*faults, to="caller", seed="1"):
    fate = packet_fate([parse_fault(each) for each in faults], to=to, seed=seed)
    return [fate() for _ in range(200)]


def test_without_such_faults_there_is_no_fate():
    assert packet_fate([parse_fault("drop:every=2")], to="caller", seed="") is None


def test_the_other_direction_is_left_alone():
    assert packet_fate([parse_fault("rtp-loss:every=2")], to="service", seed="") is None
    assert packet_fate([parse_fault("rtp-loss:2%,to=service")], to="caller", seed="") is None
    assert fates("rtp-loss:every=2,to=service", to="service")[:4] == [0, None, 0, None]


def test_loss_and_jitter():
    assert fates("rtp-loss:every=4")[:8] == [0, 0, 0, None, 0, 0, 0, None]
    lost = fates("rtp-loss:10%")
    assert 5 < lost.count(None) < 40
    assert lost == fates("rtp-loss:10%")
    late = fates("rtp-jitter:10ms")
    assert 0 <= min(late) < 0.003 < 0.007 < max(late) <= 0.01


def test_pauses_of_reading_add_up():
    assert read_pause([parse_fault("slow-reader:1s"), parse_fault("slow-reader:500ms")]) == 1.5
