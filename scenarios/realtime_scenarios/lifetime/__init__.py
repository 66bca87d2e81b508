"""How long sessions live, how they end, and that they know nothing of each other.

An hour passes where the clock can be turned. Sockets are pinged, closed and broken off, and two
sessions with the same key are held beside each other.
"""

from __future__ import annotations
