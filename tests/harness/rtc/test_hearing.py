from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av import AudioFrame, CodecContext

from realtime_harness.rtc.hearing import Ear
from realtime_harness.rtc.intake import Packet
from realtime_harness.rtc.tracks import OPUS_SILENCE

OPUS = RTCRtpCodecParameters("audio/opus", 48000, 2, payloadType=96)
PCMU = RTCRtpCodecParameters("audio/PCMU", 8000, 1, payloadType=0)
FRAME = 960  # bytes of 20 ms, and ticks of Opus in as much


@pytest.fixture(scope="module")
def tone() -> list[bytes]:
    """Return a second of 440 Hz in Opus."""
    encoder = CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48000, "stereo", "s16"
    encoder.time_base = Fraction(1, 48000)
    wave = (np.sin(np.arange(48000) * 2 * np.pi * 440 / 48000) * 12000).astype("<i2")
    packets = []
    for at in range(0, 48000, 960):
        stereo = np.repeat(wave[at : at + 960], 2).reshape(1, -1)
        frame = AudioFrame.from_ndarray(stereo, format="s16", layout="stereo")
        frame.sample_rate, frame.pts = 48000, at
        packets += encoder.encode(frame)
    return [bytes(packet) for packet in packets]


class Sound:
    """An ear that is given packets by number, and what it heard."""

    def __init__(self, first: int = 65530) -> None:
        self.parts: list[bytes] = []
        self._ear = Ear(self.parts.append)
        self._first = first

    def hear(self, payloads: list[bytes], *numbers: int) -> None:
        for number in numbers:
            stamp = (2**32 - 5 * FRAME + number * FRAME) % 2**32
            packet = Packet((self._first + number) % 65536, stamp, payloads[number])
            self._ear(packet, OPUS)

    @property
    def ms(self) -> float:
        return len(b"".join(self.parts)) / 48


async def test_opus_is_heard(tone):
    sound = Sound()
    sound.hear(tone, *range(40))
    assert sound.ms == 800
    samples = np.frombuffer(b"".join(sound.parts)[9600:], dtype="<i2")
    assert np.abs(np.fft.rfft(samples)).argmax() * 24000 / len(samples) == pytest.approx(440, abs=5)
    assert 11000 < np.abs(samples).max() < 13500


ORDERS = {
    "in order": ([0, 1, 2, 3, 4, 5, 6, 7], 160, 160),
    "swapped": ([0, 2, 1, 3, 4, 5, 6, 7], 160, 160),
    "twice": ([0, 1, 1, 2, 3, 4, 5, 6, 7], 160, 160),
    "one lost": ([0, 1, 3, 4, 5, 6, 7], 160, 140),
    "two lost": ([0, 1, 4, 5, 6, 7], 160, 120),
    "losses side by side": ([0, 1, 3, 5, 7, 8, 9], 200, 140),
    "too late": ([0, 1, 3, 4, 5, 2, 6, 7], 160, 140),
    "first ones lost": ([3, 4, 5, 6, 7], 100, 100),
}


@pytest.mark.parametrize(("order", "ms", "heard_ms"), ORDERS.values(), ids=ORDERS)
async def test_sound_keeps_its_time(tone, order, ms, heard_ms):
    """In order, at once, and with silence only for what did not come."""
    sound = Sound()
    sound.hear(tone, *order)
    assert sound.ms == ms
    assert len([part for part in sound.parts if any(part)]) * 20 == heard_ms


async def test_a_packet_is_waited_for_within_a_bound(tone):
    sound = Sound()
    sound.hear(tone, 0, 1, 3, 4)
    assert sound.ms == 40
    sound.hear(tone, 5)
    assert sound.ms == 120


async def test_a_pause_is_silence(tone):
    sound = Sound()
    sound.hear(tone, 0)
    sound._ear(Packet(65531, (2**32 - 5 * FRAME + 10 * FRAME) % 2**32, tone[1]), OPUS)
    assert sound.ms == 220


async def test_a_jump_begins_anew(tone):
    sound = Sound()
    sound.hear(tone, 0, 1)
    for number in range(3):
        sound._ear(Packet(30000 + number, 77 + number * FRAME, tone[number]), OPUS)
    assert sound.ms >= 100


async def test_silence_needs_no_decoder():
    sound = Sound()
    sound.hear([OPUS_SILENCE] * 5, *range(5))
    assert sound.parts[2:] == [bytes(FRAME)] * 3


async def test_what_cannot_be_decoded_is_lost(tone):
    sound = Sound()
    sound.hear([tone[0], b"\xff\xff", tone[2]], 0, 1, 2)
    assert sound.ms == 60


async def test_telephone_codecs_are_heard():
    parts: list[bytes] = []
    ear = Ear(parts.append)
    for number in range(50):
        ear(Packet(number, number * 160, b"\xff" * 160), PCMU)
    assert len(b"".join(parts)) / 48 == pytest.approx(1000, abs=5)
    assert not any(part == b"" for part in parts)


async def test_a_loss_costs_nothing_but_itself(tone):
    """Whatever its place among others; aiortc's jitter buffer loses what is between two, too."""
    for every in (4, 7, 16):
        for phase in range(every):
            sound = Sound()
            kept = [n for n in range(48) if n % every != phase or n > 44]
            sound.hear(tone, *kept)
            assert sound.ms == 20 * (kept[-1] - kept[0] + 1)
            assert len([part for part in sound.parts if any(part)]) == len(kept)
