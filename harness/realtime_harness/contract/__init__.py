"""The published contract: event schemas, and the rules over a stream of events."""

from __future__ import annotations
