"""Items: how they get into a conversation and out of it, and where they stand.

They are added at the end, at the beginning and between others, retrieved, deleted and truncated,
with ids of the client's choice. What is refused leaves the conversation as it was.
"""

from __future__ import annotations
