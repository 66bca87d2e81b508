"""How defects are declared, in the same way for every suite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime_fakes.switches import EventTap, Switch

__all__ = ["Suite"]


class Suite:
    """Declares the defects of one suite.

    Args:
        name: of the suite, as ids of checks have it.
        prefix: of the names of its defects.

    """

    def __init__(self, name: str, *, prefix: str = "") -> None:
        self._name = name
        self._prefix = prefix

    def defect(
        self,
        name: str,
        violates: str,
        summary: str,
        event: EventTap | None = None,
        *,
        also: Mapping[str, str] | None = None,
        **how: Any,
    ) -> Switch:
        """Return a defect.

        Args:
            name: of the defect, without the prefix.
            violates: the check that it turns red, without ``rt.`` and the suite.
            summary: what is wrong, in a sentence.
            event: tap on what is sent.
            also: further checks that cannot but be red, with the reason; those of other suites
                by their full ids.
            how: further fields of :class:`~realtime_fakes.switches.Switch`.

        """
        return Switch(
            name=self._prefix + name,
            violates=self._id(violates),
            summary=summary,
            event=event,
            also={self._id(check): reason for check, reason in (also or {}).items()},
            **how,
        )

    def _id(self, check: str) -> str:
        return check if check.startswith("rt.") else f"rt.{self._name}.{check}"
