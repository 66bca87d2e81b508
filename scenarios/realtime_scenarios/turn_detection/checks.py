"""The checks of ``turn_detection``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "ANSWERS",
    "CHECKS",
    "COMMITTED_BEFORE_ANSWER",
    "CREATE_RESPONSE_OFF",
    "EAGERNESS",
    "IDLE",
    "IDLE_ANSWERS",
    "IDLE_COMMITS",
    "IDLE_WINDOW",
    "ITEM_IDS",
    "LEFT_OVER",
    "NO_SILENCE",
    "OFF",
    "OFFSETS",
    "ON_AGAIN",
    "ORDER",
    "PADDING",
    "SECOND_TURN",
    "SEMANTIC_ORDER",
    "SEMANTIC_TURN",
    "SILENCE",
    "SILENCE_DURATION",
    "STARTED",
    "STOPPED",
    "THRESHOLD",
]

_SDK = "openai Python SDK 3.52.0, "
_SETTINGS = _SDK + "docstrings of realtime_audio_input_turn_detection.py"
_STARTED = _SDK + "docstring of input_audio_buffer_speech_started_event.py"
_STOPPED = _SDK + "docstring of input_audio_buffer_speech_stopped_event.py"
_TIMEOUT = _SDK + "docstring of input_audio_buffer_timeout_triggered.py"
_RECORDED = (
    "pydantic-ai cassette test_openai_ws__test_audio_in_server_vad_turn (api.openai.com, July 2026)"
)


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.turn-detection.{slug}", level=level, clause=clause, source=source)


# -- one turn --------------------------------------------------------------------------------------

STARTED = _check(
    "speech-started",
    Level.MUST,
    "Server VAD tells when somebody begins to speak.",
    f"{_STARTED}; {_RECORDED}",
)
STOPPED = _check(
    "speech-stopped",
    Level.MUST,
    "Server VAD tells when somebody who spoke is silent for long enough.",
    f"{_STOPPED}; {_RECORDED}",
)
ORDER = _check(
    "order",
    Level.MUST,
    "A turn is told in the order speech started, speech stopped, committed, item added, item done.",
    _RECORDED,
)
ITEM_IDS = _check(
    "item-ids-agree",
    Level.MUST,
    "Start, stop, commit and item of a turn name the same item.",
    f"{_STARTED}; {_RECORDED}",
)
OFFSETS = _check(
    "offsets",
    Level.MUST,
    "Start and end of speech are offsets in the sound that was appended: the start is before the "
    "end, and the end is not behind what was sent.",
    f"{_STARTED}; {_STOPPED}",
)
ANSWERS = _check(
    "answers",
    Level.MUST,
    "A turn that was found is answered by a response that nobody has to ask for.",
    f"{_SETTINGS}: create_response; {_RECORDED}",
)
COMMITTED_BEFORE_ANSWER = _check(
    "item-before-answer",
    Level.MUST,
    "The response to a turn is created behind the item of that turn.",
    _RECORDED,
)
SECOND_TURN = _check(
    "second-turn",
    Level.MUST,
    "A second turn gets an item of its own, behind the answer to the first.",
    f"{_STARTED}; {_RECORDED}",
)
SILENCE = _check(
    "silence-is-no-turn",
    Level.MUST,
    "Silence is no speech.",
    f"{_STARTED}: sent when speech is detected",
)

# -- settings --------------------------------------------------------------------------------------

PADDING = _check(
    "prefix-padding",
    Level.SHOULD,
    "The start of speech includes the padding that the session asks for.",
    f"{_SETTINGS}: prefix_padding_ms; {_STARTED}",
)
SILENCE_DURATION = _check(
    "silence-duration",
    Level.SHOULD,
    "The end of speech includes the silence that the session asks for.",
    f"{_SETTINGS}: silence_duration_ms; {_STOPPED}",
)
THRESHOLD = _check(
    "threshold",
    Level.SHOULD,
    "A higher threshold needs a louder voice.",
    f"{_SETTINGS}: threshold",
)
CREATE_RESPONSE_OFF = _check(
    "create-response-off",
    Level.MUST,
    "With create_response off a turn is found and committed, and not answered.",
    f"{_SETTINGS}: create_response",
)
OFF = _check(
    "off",
    Level.MUST,
    "Turn detection that is switched off finds no more turns.",
    f"{_SETTINGS}: can be set to null to turn off",
)
ON_AGAIN = _check(
    "on-again",
    Level.MUST,
    "Turn detection that is switched on again finds turns again.",
    "openai Python SDK 3.52.0, docstring of session_update_event.py",
)
LEFT_OVER = _check(
    "left-over",
    Level.INFO,
    "What a commit by the client gets right behind the end of a turn.",
    _SDK + "docstring of input_audio_buffer_commit_event.py; reported by clients that do both",
)
NO_SILENCE = _check(
    "no-trailing-silence",
    Level.INFO,
    "Whether a turn ends when the client sends nothing more, not even silence.",
    "reported for clients that stop to send: https://github.com/livekit/agents/issues/835",
)

# -- semantic --------------------------------------------------------------------------------------

SEMANTIC_TURN = _check(
    "semantic-turn",
    Level.SHOULD,
    "Semantic VAD tells the start and the end of a turn, and commits it.",
    _SETTINGS,
)
SEMANTIC_ORDER = _check(
    "semantic-order",
    Level.INFO,
    "In which order semantic VAD tells of a turn.",
    "no recording shows it",
)
EAGERNESS = _check(
    "eagerness",
    Level.SHOULD,
    "With eagerness high, two seconds of silence end even what is not finished.",
    f"{_SETTINGS}: eagerness, a maximum of 2 s for high",
)

# -- idle ------------------------------------------------------------------------------------------

IDLE = _check(
    "idle-triggered",
    Level.MUST,
    "A silence as long as idle_timeout_ms behind an answer triggers the timeout.",
    f"{_SETTINGS}: idle_timeout_ms; {_TIMEOUT}",
)
IDLE_COMMITS = _check(
    "idle-commits",
    Level.MUST,
    "The silence is committed as an item of the user, under the id that the timeout names.",
    _TIMEOUT,
)
IDLE_ANSWERS = _check(
    "idle-answers",
    Level.MUST,
    "The silence is answered by a response.",
    _TIMEOUT,
)
IDLE_WINDOW = _check(
    "idle-window",
    Level.SHOULD,
    "From the start to the end that the timeout names it is about idle_timeout_ms.",
    _TIMEOUT,
)

CHECKS = (
    STARTED,
    STOPPED,
    ORDER,
    ITEM_IDS,
    OFFSETS,
    ANSWERS,
    COMMITTED_BEFORE_ANSWER,
    SECOND_TURN,
    SILENCE,
    PADDING,
    SILENCE_DURATION,
    THRESHOLD,
    CREATE_RESPONSE_OFF,
    OFF,
    ON_AGAIN,
    LEFT_OVER,
    NO_SILENCE,
    SEMANTIC_TURN,
    SEMANTIC_ORDER,
    EAGERNESS,
    IDLE,
    IDLE_COMMITS,
    IDLE_ANSWERS,
    IDLE_WINDOW,
)
"""The catalogue."""
