"""Text turns over a data channel, with audio sections that carry nothing.

A call whose caller says nothing is common: in tests, in browsers without a microphone. Text goes on
over its data channel, costs no audio tokens, and survives messages that are larger than a packet.
"""

from __future__ import annotations
