"""Rules over the event stream: pure functions over evidence, judged in every scenario."""

from __future__ import annotations

from realtime_harness.contract import content, ending, frames, grammar, items, session
from realtime_harness.contract.rule import Finding, Rule

__all__ = ["STREAM_RULES", "Finding", "Rule"]

STREAM_RULES: tuple[Rule, ...] = (
    *frames.RULES,
    *grammar.RULES,
    *items.RULES,
    *content.RULES,
    *session.RULES,
    *ending.RULES,
)
"""All of them. Each is also a check of every scenario that declares ``stream=True``."""
