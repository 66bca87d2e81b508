"""Rules over the event stream: pure functions over evidence, judged in every scenario."""

from __future__ import annotations

from realtime_harness.contract import content, frames, grammar, items
from realtime_harness.contract.rule import Finding, Rule

__all__ = ["STREAM_RULES", "Finding", "Rule"]

STREAM_RULES: tuple[Rule, ...] = (
    *frames.RULES,
    *grammar.RULES,
    *items.RULES,
    *content.RULES,
)
"""All of them. Each is also a check of every scenario that declares ``stream=True``."""
