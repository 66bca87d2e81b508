"""Where turns begin and end: server VAD, semantic VAD, none, and silence that is too long."""

from __future__ import annotations
