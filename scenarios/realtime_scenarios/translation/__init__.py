"""Sessions that translate: what is said comes back in another language, without turns.

They have events of their own and no responses, run below an address of their own, and are ended by
the client.
"""

from __future__ import annotations
