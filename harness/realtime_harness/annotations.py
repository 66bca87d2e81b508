"""Annotations: what is red, as lines that GitHub Actions puts beside a run.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterator

from realtime_harness.results import CheckResult, Run
from realtime_harness.verdicts import Standing, Verdict

__all__ = ["annotation_lines"]

_MOST = 10
"""GitHub shows ten of a kind for a step."""


def annotation_lines(run: Run) -> Iterator[str]:
    """Yield ``::error`` for what decides a run and ``::warning`` for what does not and should.

    One line a check, however many scenarios judged it.
    """
    errors = {each.check: each for each in reversed(run.checks) if each.decides}
    warnings = {
        each.check: each
        for each in reversed(run.checks)
        if not each.decides
        and (each.verdict is Verdict.WARN or each.standing is Standing.FLAKY)
        and each.check not in errors
    }
    for kind, results in (("error", errors), ("warning", warnings)):
        for result in list(reversed(results.values()))[:_MOST]:
            yield _line(kind, result)


def _line(kind: str, result: CheckResult) -> str:
    standing = f"{result.standing.value}, " if result.standing else ""
    said = "; ".join(filter(None, [result.reason, result.known])) or "passes"
    text = f"{result.scenario}: {standing}{result.verdict.value}: {said}"
    return f"::{kind} title={_property(result.check)}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
