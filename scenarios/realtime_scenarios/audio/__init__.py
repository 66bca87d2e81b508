"""Sound in and out over WebSocket.

The input buffer is filled, committed and cleared, by clients that do without turn detection. Spoken
answers are read from their sound: whether it is the format that was asked for, and says what the
transcript says. Where an endpoint understands no tones, what would have to be heard is not judged.
"""

from __future__ import annotations
