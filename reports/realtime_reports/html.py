"""``report.html``: one file that opens from disk without network.

The index (header, matrix, measurements, list of scenarios) is plain HTML and needs no script. The
evidence of each scenario is embedded compressed and inflated when the scenario is opened, so a page
with megabytes of evidence opens at once.

What an endpoint sent is in this file, so it is treated as hostile: the template escapes
everything, evidence is base64 and becomes text nodes only, and a content security policy lets
nothing run but our script and nothing load at all.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import shlex
from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import jinja2
from markupsafe import Markup, escape

from realtime_harness.results import RunInfo
from realtime_harness.verdicts import Level, Standing, Verdict
from realtime_reports.compare import Turn, compare
from realtime_reports.files import write_whole
from realtime_reports.model import (
    SEVERITY,
    Measurement,
    Report,
    ScenarioPage,
    read_report,
    sentence,
)
from realtime_reports.text import visible

__all__ = ["Script", "asset", "environment", "script", "write_report"]


class _Face(NamedTuple):
    """How a verdict looks without colour, and what it means."""

    glyph: str
    word: str
    meaning: str


_FACES: dict[Verdict, _Face] = {
    Verdict.FAIL: _Face("✗", "fail", "A MUST clause is violated."),
    Verdict.ERROR: _Face(
        "‼", "error", "The harness itself failed; this says nothing about the endpoint."
    ),
    Verdict.UNTESTABLE: _Face(
        "?",
        "untestable",
        "Declared and not reached: an earlier violation or a missing extra stood in the way.",
    ),
    Verdict.WARN: _Face("!", "warn", "A SHOULD clause is not met."),
    Verdict.INFO: _Face("i", "info", "An observation, reported for what it is; never a judgement."),
    Verdict.PASS: _Face("✓", "pass", "The endpoint did what the clause says."),
    Verdict.NOT_APPLICABLE: _Face(
        "○", "not applicable", "The target does not claim the capability that the check needs."
    ),
}

_STANDINGS: dict[Standing, str] = {
    Standing.EXPECTED: "Not met, and known to the baseline. Forgiven.",
    Standing.UNEXPECTED: (
        "Red and not known, or not met for another reason than the one known. Fails the run."
    ),
    Standing.FLAKY: "Red now and then: so says the baseline, or another attempt. Forgiven.",
    Standing.PENDING: "Red, and not required by the requirement set. Forgiven.",
    Standing.STALE: "Passes, and the baseline still says that it does not. Fails the run.",
    Standing.EXPIRED: "Known until a day that has passed. Fails the run.",
}

_SCRIPTS = (
    "text.js",
    "hash.js",
    "evidence.js",
    "entry.js",
    "lanes.js",
    "sound.js",
    "spans.js",
    "scale.js",
    "timeline.js",
    "sdp.js",
    "overview.js",
    "filters.js",
    "main.js",
)
"""Modules of a run's report, in the order of their imports."""

_MODULE_SYNTAX = re.compile(r'^import [^;]*? from "\./[^"]+";\n|^export (?=\w)', re.MULTILINE)
_URL = re.compile(r"https?://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]}]")

_PLOT_WIDTH = 120


def write_report(run_dir: Path, out: Path | None = None, *, against: Path | None = None) -> Path:
    """Write the HTML report of a run and return its path.

    Args:
        run_dir: the run directory.
        out: the file to write; ``report.html`` in the run directory if not given.
        against: an earlier run; what changed since then comes first.

    Raises:
        realtime_harness.errors.UsageError: if one is not a run directory; says which file is
            missing and what to give instead.

    """
    report = read_report(run_dir)
    comparison = compare(report, read_report(against)) if against is not None else None
    newly = {c.check for c in comparison.of(Turn.NEWLY_FAILED)} if comparison else set()
    path = run_dir / "report.html" if out is None else out
    template = environment().get_template("report.html.jinja")
    with write_whole(path) as file:
        for chunk in template.generate(
            report=report,
            sentence=sentence(report),
            comparison=comparison,
            headlines=[
                rest
                for alike in report.headlines
                if (rest := [row for row in alike if row.check not in newly])
            ],
            standing_counts=_standing_counts(report),
            switched=_switched(report.info),
            alone=lambda page: _alone(report.info, page.result.id),
            turns=Turn,
            severity=SEVERITY,
            levels=list(Level),
            standings=Standing,
            meanings=_STANDINGS,
            script=script(_SCRIPTS),
            style=Markup(asset("report.css")),
            evidence=lambda page: _evidence(report, page),
            measured=[
                (group.suite, _plotted(group.measurements))
                for group in report.groups
                if group.measurements
            ],
        ):
            file.write(chunk.encode())
    return path


def _standing_counts(report: Report) -> list[tuple[Standing, int]]:
    """Count where verdicts stand with the baseline; nothing without one."""
    if not report.info.baseline:
        return []
    count = Counter(check.standing for check in report.run.checks)
    return [(standing, count[standing]) for standing in Standing if count[standing]]


def _alone(info: RunInfo, scenario: str) -> list[str]:
    """Return the command that has one conversation of a run again."""
    words = iter(info.command)
    kept = [word for word in words if not (word in _SELECTING and next(words, None) is not None)]
    return [*kept, "--suite", re.split("[@#~]", scenario)[0]]


_SELECTING = frozenset({"--suite", "-k", "--repeat", "-n"})


def _switched(info: RunInfo) -> str:
    """Say what was switched on in the target, in one line."""
    shown = (
        f"{kind} {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for kind, value in info.switches.items()
        if value
    )
    return "; ".join(shown)


def _evidence(report: Report, page: ScenarioPage) -> str:
    """Return what the page of a scenario shows, gzipped, in base64."""
    entries, problems = report.run.entries(page.result)
    data = {
        "checks": [check.to_json() for check in page.checks],
        "entries": [entry.to_json() for entry in entries],
        "problems": problems,
    }
    # ASCII only: lone surrogates survive as escapes.
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode("ascii"), mtime=0)).decode("ascii")


class _Plot(NamedTuple):
    """Where a measurement lies on the axis that it shares with its neighbours of one unit."""

    zero: float
    low: float
    value: float
    high: float


def _plotted(measurements: list[Measurement]) -> list[tuple[Measurement, _Plot | None]]:
    """Place measurements on the axis of their unit, which has 0 on it."""
    shown: dict[str, list[float]] = {}
    for m in measurements:
        if m.low is not None and m.high is not None:
            shown.setdefault(m.unit, [0.0]).extend((m.low, m.value, m.high))

    def plot(m: Measurement) -> _Plot | None:
        if m.low is None or m.high is None:
            return None
        start, end = min(shown[m.unit]), max(shown[m.unit])
        scale = (_PLOT_WIDTH - 4) / (end - start or 1.0)
        points = (0.0, m.low, m.value, m.high)
        return _Plot(*(round(2 + scale * (point - start), 1) for point in points))

    return [(m, plot(m)) for m in measurements]


@cache
def environment() -> jinja2.Environment:
    """Return the environment of all templates: autoescaped, with our filters."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("realtime_reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.globals["faces"] = _FACES
    environment.filters |= {
        "duration": _duration,
        "elapsed": _elapsed,
        "figure": _figure,
        "fragment": lambda text: quote(visible(text), safe="/:"),
        "linked": _linked,
        "moment": _moment,
        "shell": shlex.join,
    }
    return environment


@cache
def asset(name: str) -> str:
    """Return the text of a file that is inlined into reports."""
    return (files("realtime_reports") / "assets" / name).read_text(encoding="utf-8")


class Script(NamedTuple):
    """What a page runs."""

    text: Markup
    hash: str
    """By which the page's content security policy knows it."""


@cache
def script(modules: tuple[str, ...]) -> Script:
    """Inline modules as one; they are given in the order of their imports."""
    body = "\n".join(_MODULE_SYNTAX.sub("", asset(name)) for name in modules)
    text = f'"use strict";\n(() => {{\n{body}\n}})();\n'
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Script(Markup(text), digest)


def _linked(text: str) -> Markup:
    """Turn the addresses in a text into links."""
    parts: list[Markup] = []
    end = 0
    for match in _URL.finditer(text):
        url = visible(match[0])
        parts.append(escape(visible(text[end : match.start()])))
        parts.append(
            Markup('<a href="{}" target="_blank">{}</a>').format(url, url.partition("://")[2])
        )
        end = match.end()
    parts.append(escape(visible(text[end:])))
    return Markup("").join(parts)


def _figure(value: float) -> str:
    """Write a number with about three digits."""
    size = abs(value)
    if isinstance(value, int) or size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"


def _moment(iso: str) -> str:
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname() or 'UTC'}"


def _elapsed(started: str, finished: str | None) -> str:
    try:
        elapsed = datetime.fromisoformat(finished or "") - datetime.fromisoformat(started)
    except (TypeError, ValueError):
        return ""
    return _duration(elapsed / timedelta(seconds=1))


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
