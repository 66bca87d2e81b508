from __future__ import annotations

from typing import Any

from realtime_fakes.audience import ClearPlayback, Effect, Play
from realtime_fakes.ids import Ids
from realtime_fakes.output_audio import OutputAudio

SECOND = bytes(48_000)


def seen(effects: list[Effect]) -> list[Any]:
    return [
        (effect["type"].removeprefix("output_audio_buffer."), effect["response_id"])
        if isinstance(effect, dict)
        else type(effect)
        for effect in effects
    ]


def test_sound_is_announced_and_ends_when_it_has_been_played() -> None:
    output, out = OutputAudio(Ids()), list[Effect]()
    assert output.next_timer() is None
    output.queue("r1", "i", SECOND, 10.0, out)
    assert seen(out) == [("started", "r1"), Play]
    assert output.next_timer() == 11.0
    out.clear()
    output.on_timer(10.9, out)
    assert out == []
    output.on_timer(11.0, out)
    assert seen(out) == [("stopped", "r1")]
    assert output.next_timer() is None


def test_sound_plays_behind_what_is_still_playing() -> None:
    output, out = OutputAudio(Ids()), list[Effect]()
    output.queue("r1", "i", SECOND, 10.0, out)
    output.queue("r2", "i", SECOND, 10.5, out)
    out.clear()
    output.on_timer(11.0, out)
    assert output.next_timer() == 12.0
    output.on_timer(12.0, out)
    assert seen(out) == [("stopped", "r1"), ("stopped", "r2")]


def test_a_pause_amid_an_item_is_not_its_end() -> None:
    output, out = OutputAudio(Ids()), list[Effect]()
    output.queue("r1", "i", SECOND, 10.0, out, more=True)
    assert output.next_timer() is None
    output.on_timer(12.0, out)
    output.queue("r1", "i", SECOND, 12.0, out, more=True)
    assert seen(out) == [("started", "r1"), Play, Play]
    output.queue("r1", "i", b"", 12.5, out)
    assert output.next_timer() == 13.0
    output.on_timer(13.0, out)
    assert seen(out)[3:] == [("stopped", "r1")]


def test_what_was_played_of_an_item_leaves_its_pauses_out() -> None:
    output, out = OutputAudio(Ids()), list[Effect]()
    output.queue("r1", "i", SECOND, 10.0, out, more=True)
    output.queue("r1", "i", SECOND, 12.0, out, more=True)
    assert output.interrupt(12.5, out) == [("i", 1500)]
    assert output.next_timer() is None


def test_clear_takes_the_place_of_stopped() -> None:
    output, out = OutputAudio(Ids()), list[Effect]()
    output.queue("r1", "i", SECOND, 10.0, out)
    out.clear()
    output.clear(out)
    assert seen(out) == [ClearPlayback, ("cleared", "r1")]
    assert output.next_timer() is None
    out.clear()
    output.clear(out)
    assert out == []
