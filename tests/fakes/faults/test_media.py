from __future__ import annotations

from realtime_fakes.faults import parse_fault
from realtime_fakes.faults.media import packet_fate, read_pause


def fates(*faults, seed="1"):
    fate = packet_fate([parse_fault(each) for each in faults], seed=seed)
    return [fate() for _ in range(200)]


def test_without_such_faults_there_is_no_fate():
    assert packet_fate([parse_fault("drop:every=2")], seed="") is None


def test_loss_and_jitter():
    assert fates("rtp-loss:every=4")[:8] == [0, 0, 0, None, 0, 0, 0, None]
    lost = fates("rtp-loss:10%")
    assert 5 < lost.count(None) < 40
    assert lost == fates("rtp-loss:10%")
    late = fates("rtp-jitter:10ms")
    assert 0 <= min(late) < 0.003 < 0.007 < max(late) <= 0.01


def test_pauses_of_reading_add_up():
    assert read_pause([parse_fault("slow-reader:1s"), parse_fault("slow-reader:500ms")]) == 1.5
