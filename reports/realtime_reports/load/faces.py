"""How the state of an objective looks without colour, and what it means."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FACES", "ORDER", "Face"]


class Face(NamedTuple):
    """How a state looks, and what it means."""

    glyph: str
    word: str
    meaning: str
    tone: str
    """The class of the style sheet that has its colour."""


FACES: dict[str, Face] = {
    "fail": Face("✗", "fail", "Missed: the command ends with 5.", "fail"),
    "void": Face(
        "⊘",
        "void",
        "The generator was not fit to measure, so nobody knows: the command ends with 6.",
        "error",
    ),
    "warn": Face("!", "warn", "Met, but not by as much as it should be.", "warn"),
    "waived": Face(
        "◌",
        "waived",
        "Missed, and somebody said why that is accepted, and until when. Never reads as a pass.",
        "untestable",
    ),
    "pass": Face("✓", "pass", "Met.", "pass"),
}
"""By state, worst first."""

ORDER = {state: rank for rank, state in enumerate(FACES)}
