"""Violations that the checks of ``audio`` find.

What is done to sound is done to G.711, to sound that a client commits by itself, and to items of
sound: so turns that a service finds by itself go on as they should.
"""

from __future__ import annotations

from realtime_fakes.defects.audio import input_buffer, spoken_answers
from realtime_fakes.switches import Switch

__all__ = ["SWITCHES"]

SWITCHES: tuple[Switch, ...] = (*input_buffer.SWITCHES, *spoken_answers.SWITCHES)
