"""How long sessions live, how they end, and what of them stays behind or gets elsewhere."""

from __future__ import annotations
