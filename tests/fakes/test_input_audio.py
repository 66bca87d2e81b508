from __future__ import annotations

import math
from base64 import b64encode
from struct import pack
from typing import Any

import pytest

from realtime_fakes.input_audio import InputAudio, coded, sound
from realtime_fakes.shapes import Refusal
from realtime_harness.audio.pcm import dbfs

TONE = b"".join(
    pack("<h", int(8000 * math.sin(2 * math.pi * 440 * n / 24_000))) for n in range(4800)
)


def test_sound_is_decoded() -> None:
    assert sound(b64encode(b"\x01\x02").decode()) == b"\x01\x02"
    assert sound("") == b""


@pytest.mark.parametrize("value", [3, None, "no base64!", "AAA", "grüß"], ids=repr)
def test_what_is_not_base64_is_refused(value: Any) -> None:
    with pytest.raises(Refusal) as caught:
        sound(value)
    assert caught.value.row == "invalid_base64"


def test_more_than_15_mib_at_once_are_refused() -> None:
    with pytest.raises(Refusal):
        sound(b64encode(bytes(15 * 1024 * 1024 + 1)).decode())


@pytest.mark.parametrize(
    ("format", "data"),
    [("audio/pcm", bytes(4800)), ("audio/pcmu", bytes(800)), ("audio/pcma", bytes(800))],
)
def test_time_is_counted_in_every_format(format: str, data: bytes) -> None:
    heard = InputAudio()
    heard.append(data, format)
    heard.append(data, format)
    assert heard.ms == heard.total_ms == 200
    assert len(heard.take()) == 9600
    assert heard.ms == 0
    assert heard.total_ms == 200


@pytest.mark.parametrize("format", ["audio/pcmu", "audio/pcma"])
def test_what_was_coded_sounds_as_before(format: str) -> None:
    heard = InputAudio()
    data = coded(TONE, format)
    assert len(data) == len(TONE) // 6
    heard.append(data[:100], format)
    heard.append(data[100:], format)
    assert dbfs(heard.take()) == pytest.approx(dbfs(TONE), abs=1)


def test_a_change_of_format_keeps_what_was_heard() -> None:
    heard = InputAudio()
    heard.append(TONE, "audio/pcm")
    heard.append(coded(TONE, "audio/pcmu"), "audio/pcmu")
    heard.append(TONE, "audio/pcm")
    assert heard.ms == 600
    pcm = heard.take()
    assert pcm[: len(TONE)] == TONE
    assert pcm[-len(TONE) :] == TONE


def test_clear_forgets() -> None:
    heard = InputAudio()
    heard.append(TONE, "audio/pcm")
    heard.append(b"\xff" * 8, "audio/pcmu")
    heard.clear()
    assert heard.ms == 0


def test_what_is_old_is_forgotten() -> None:
    heard = InputAudio()
    for _ in range(11):
        heard.append(bytes(960), "audio/pcm")
        heard.keep_last(100)
    assert heard.ms <= 200
    assert heard.total_ms == 220
