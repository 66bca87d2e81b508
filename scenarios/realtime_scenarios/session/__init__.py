"""The session: its defaults, what an update changes, and what it cannot."""

from __future__ import annotations
