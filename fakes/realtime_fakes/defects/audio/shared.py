"""How the defects of ``audio`` are declared."""

from __future__ import annotations

from typing import Any

from realtime_fakes.switches import Switch

__all__ = ["defect"]


def defect(name: str, violates: str, summary: str, **how: Any) -> Switch:
    """Return a defect that violates a check of ``audio``; ``also`` may name others of it."""
    also = {
        check if check.startswith("rt.") else f"rt.audio.{check}": reason
        for check, reason in how.pop("also", {}).items()
    }
    return Switch(name=name, violates=f"rt.audio.{violates}", summary=summary, also=also, **how)
