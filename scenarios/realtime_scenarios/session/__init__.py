"""The session: its defaults, what an update changes, and what it cannot.

An update merges, is answered with the whole session, and is atomic: one wrong field, and nothing of
it happens. The voice is fixed once it was heard.
"""

from __future__ import annotations
