"""Responses: what they show, what they heed, and which of them may run at the same time."""

from __future__ import annotations
