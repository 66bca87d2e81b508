"""Falling into the assistant's word: by speaking, by cancelling, and what is forgotten of it."""

from __future__ import annotations
