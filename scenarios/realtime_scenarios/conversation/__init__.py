"""Items: how they get into a conversation and out of it, and where they stand."""

from __future__ import annotations
