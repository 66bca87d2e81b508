"""Voice activity detection: where in the sound somebody speaks, and where a turn ends.

Energy decides: a frame of 20 ms is speech if it is louder than the threshold, than what silence
sounds like here, and, within an utterance, not much quieter than its loudest part. So neither a
steady hum nor the noise of a line keeps a turn open.

Times are milliseconds of sound that was heard, whatever the clock says meanwhile (OpenAI SDK,
docstrings of ``input_audio_buffer_speech_started_event`` and ``…_stopped_event``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import log10
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy import int16
    from numpy.typing import NDArray

__all__ = [
    "FRAME_MS",
    "SpeechStarted",
    "SpeechStopped",
    "TurnDetector",
    "is_complete",
    "levels",
    "threshold_dbfs",
]

FRAME_MS = 20
"""What is judged at a time."""

_FULL_SCALE = 32_768
_SILENCE_DBFS = -100.0
_LEAST_POWER = 1e-10
_FRAMES_TO_START = 2  # a click is one
_ABOVE_FLOOR_DB = 9.0
_BELOW_PEAK_DB = 15.0
_PEAK_DECAY_DB = 0.1  # a frame: a bang is forgotten before long
_FLOOR_RISE = 0.1  # of the distance, a frame

# Semantic detection: the longest waits are documented (OpenAI SDK docstring of ``eagerness``).
_LONGEST_WAIT_MS = {"low": 8_000, "medium": 4_000, "high": 2_000, "auto": 4_000}
_COMPLETE_WAIT_MS = 500
_SEMANTIC_PADDING_MS = 300

_CLOSING = (
    "\"')\N{RIGHT DOUBLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{RIGHT CORNER BRACKET}"
)
_SENTENCE_END = (
    ".?!\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH QUESTION MARK}\N{FULLWIDTH EXCLAMATION MARK}"
)
_EXPECTS_MORE = frozenset(
    word
    for words in (
        "a an the my your his her our their this that i it's well like",
        "and as because but if or so than then when where while who",
        "at by for from in is are was were of on to with",
        "um uh uhm er hm",
    )
    for word in words.split()
)


class SpeechStarted(NamedTuple):
    """Somebody began to speak."""

    start_ms: int
    """Padding included."""


class SpeechStopped(NamedTuple):
    """The turn is over."""

    end_ms: int
    """The silence that ended it included."""


def threshold_dbfs(threshold: float) -> float:
    """Return the level that speech must have at a ``threshold`` of 0 to 1."""
    return -55.0 + 30.0 * threshold


def levels(samples: NDArray[int16], rate: int) -> list[float]:
    """Return the level of each whole frame in dBFS, at least -100."""
    import numpy as np

    width = rate * FRAME_MS // 1000
    frames = samples[: len(samples) // width * width].astype(np.float32).reshape(-1, width)
    powers: list[float] = np.einsum("ij,ij->i", frames, frames).tolist()
    # One by one: mostly there is one, and the logarithm of an array costs more than the rest.
    full = width * _FULL_SCALE**2
    return [10 * log10(max(power / full, _LEAST_POWER)) for power in powers]


def is_complete(words: str) -> bool:
    """Tell whether somebody who said ``words`` has finished, as far as words can tell."""
    words = words.rstrip().rstrip(_CLOSING)
    if words.endswith(("...", "\N{HORIZONTAL ELLIPSIS}")):
        return False
    if words.endswith(tuple(_SENTENCE_END)):
        return True
    return words[-1:].isalnum() and words.split()[-1].lower() not in _EXPECTS_MORE


class TurnDetector:
    """Listens to one session.

    Args:
        settings: ``turn_detection`` of the session.
        at_ms: how much was heard before.
        words_until: returns what was said in the current utterance up to a time, in milliseconds;
            asked by semantic detection only.

    """

    def __init__(
        self, settings: Mapping[str, Any], *, at_ms: float, words_until: Callable[[int], str]
    ) -> None:
        self._is_semantic = settings["type"] == "semantic_vad"
        if self._is_semantic:
            self._wait_ms = _LONGEST_WAIT_MS[settings["eagerness"]]
        else:
            self._wait_ms = settings["silence_duration_ms"]
        self._padding_ms: int = settings.get("prefix_padding_ms", _SEMANTIC_PADDING_MS)
        self._threshold = threshold_dbfs(settings.get("threshold", 0.5))
        self._words_until = words_until
        self._rest: NDArray[int16] | None = None
        self._rate = 0
        self._now_ms = at_ms
        self._floor = _SILENCE_DBFS
        self.is_speaking = False
        self.start_over(at_ms)

    def start_over(self, earliest_ms: float) -> None:
        """Forget the current utterance: what was heard before ``earliest_ms`` is gone."""
        self.is_speaking = False
        self._earliest_ms = earliest_ms
        self._loud = 0
        self._quiet_ms = 0
        self._quietest = 0.0
        self._peak = _SILENCE_DBFS

    def hear(self, samples: NDArray[int16], rate: int) -> Iterator[SpeechStarted | SpeechStopped]:
        """Listen on; what happened comes in order, while it is asked for."""
        rest = self._rest
        if rest is not None and len(rest):
            if rate == self._rate:
                import numpy as np

                samples = np.concatenate((rest, samples))
            else:  # another format: what is left of the last one is too short to matter
                self._now_ms += len(rest) * 1000 / self._rate
        self._rate = rate
        heard = levels(samples, rate)
        self._rest = samples[len(heard) * rate * FRAME_MS // 1000 :]
        if not heard:
            return
        if not self.is_speaking and max(heard) <= self._threshold:
            # What nearly every frame of a silent track is.
            self._loud = 0
            self._now_ms += FRAME_MS * len(heard)
            self._learn_floor(heard[-1])
            return
        for level in heard:
            self._now_ms += FRAME_MS
            if self.is_speaking:
                if self._goes_on(level):
                    continue
                end_ms = round(self._now_ms)
                self._floor = self._quietest
                self.start_over(end_ms)
                yield SpeechStopped(end_ms)
            elif level <= max(self._threshold, self._floor + _ABOVE_FLOOR_DB):
                self._loud = 0
                self._learn_floor(level)
            else:
                self._loud += 1
                if self._loud == _FRAMES_TO_START:
                    began_ms = self._now_ms - FRAME_MS * _FRAMES_TO_START
                    self.is_speaking, self._peak = True, level
                    yield SpeechStarted(
                        round(max(self._earliest_ms, began_ms - self._padding_ms, 0))
                    )

    def _goes_on(self, level: float) -> bool:
        """Tell whether the utterance is not over with a frame of this level."""
        if level > max(self._threshold, self._peak - _BELOW_PEAK_DB):
            self._peak = max(level, self._peak - _PEAK_DECAY_DB)
            self._quiet_ms = 0
            return True
        self._quietest = min(level, self._quietest) if self._quiet_ms else level
        self._quiet_ms += FRAME_MS
        if self._quiet_ms >= self._wait_ms:
            return False
        if self._is_semantic and self._quiet_ms == _COMPLETE_WAIT_MS:
            return not is_complete(self._words_until(round(self._now_ms)))
        return True

    def _learn_floor(self, level: float) -> None:
        if level < self._floor:
            self._floor = level
        else:
            self._floor += _FLOOR_RISE * (level - self._floor)
