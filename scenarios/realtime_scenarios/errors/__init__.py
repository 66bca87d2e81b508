"""Errors: malformed input of every kind, the error it gets, and that the session survives."""

from __future__ import annotations
