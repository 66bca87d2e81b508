"""Sessions of type ``translation``: what is said comes back in another language, without turns."""

from __future__ import annotations
