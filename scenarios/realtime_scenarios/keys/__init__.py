"""Ephemeral keys: how they are made, what they open, and until when."""

from __future__ import annotations
