"""What runs in Locust's own process, and nowhere else: it is the only place that imports it."""

from __future__ import annotations
