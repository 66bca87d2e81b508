"""Ephemeral keys: how they are made, what they open, and until when.

A backend mints a key for a session that it has configured; who holds it gets that session and no
other. What cannot be configured is refused when the key is made. With a clock that can be turned,
keys also expire.
"""

from __future__ import annotations
