"""Admission: who gets a session over WebSocket, and how the others are told."""

from __future__ import annotations
