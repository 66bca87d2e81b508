"""What responses cost, and what the endpoint says about its limits.

Tokens add up, by kind and in total; text costs none for audio, a second of sound what a second
costs, and what was in the conversation before is counted again.
"""

from __future__ import annotations
