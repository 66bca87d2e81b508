"""The detour over a relay: what it costs, and whether everything gets through unharmed."""

from __future__ import annotations
