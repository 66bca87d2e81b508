"""The detour over a relay: what it costs, and whether everything gets through unharmed.

The same conversations are had directly and through a relay: same events, same order, same refusals
and endings, and a delay that stays within what is asked for. Needs a relay, ours or somebody's.
"""

from __future__ import annotations
