"""Malformed input of every kind.

Frames that are no JSON, events that do not exist, fields that are missing, unknown or of another
type: each gets one error with the right code, names the event that it is about, and leaves the
session as usable as before. On sockets and on the data channel.
"""

from __future__ import annotations
