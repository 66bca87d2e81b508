"""The pytest plugin: scenarios are collectors, checks are items."""

from __future__ import annotations
