"""Writing down what the user says.

Beside a conversation, where it may come late and never disturbs, and in sessions of type
transcription, which do nothing else. Words are judged only where what was said is known.
"""

from __future__ import annotations
