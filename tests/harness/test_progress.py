from __future__ import annotations

import io
import re
import types
from typing import Any

import pytest

from realtime_harness.progress import Progress


class Report:
    """As much of a report as there is to see."""

    def __init__(self, node_id: str, verdict: str, *, when: str = "call", node: object = None):
        self.nodeid = f"suite/test_x.py::{node_id}"
        self.when = when
        self.failed = verdict in {"fail", "error"} and when != "teardown"
        self.outcome = "failed" if self.failed else "passed"
        self.user_properties = [("suite", "alpha"), ("verdict", verdict)]
        if node is not None:
            self.node = node


def shown(*reports: Any) -> list[list[str]]:
    file = io.StringIO()
    progress = Progress(file)
    for report in reports:
        progress.pytest_runtest_logreport(report)
    progress.pytest_sessionfinish()
    return [line.split(maxsplit=2) for line in file.getvalue().splitlines()]


def test_a_line_for_each_scenario() -> None:
    assert shown(
        Report("one::rt.a.b", "pass", when="setup"),
        Report("one::rt.a.b", "pass"),
        Report("one::rt.a.b", "pass", when="teardown"),
        Report("one::rt.a.c", "warn"),
        Report("two::rt.a.b", "fail"),
        Report("two::rt.a.c", "error", when="setup"),
    ) == [["ok", "alpha/one", "1 pass, 1 warn"], ["RED", "alpha/two", "1 fail, 1 error"]]


def test_workers_do_not_mix() -> None:
    one, two = object(), object()
    assert sorted(
        shown(
            Report("one::rt.a.b", "pass", node=one),
            Report("two::rt.a.b", "pass", node=two),
            Report("one::rt.a.c", "pass", node=one),
        )
    ) == [["ok", "alpha/one", "2 pass"], ["ok", "alpha/two", "1 pass"]]


@pytest.mark.parametrize("when", ["setup", "call", "teardown"])
def test_pytest_itself_is_silent(when: str) -> None:
    _, letter, word = Progress(io.StringIO()).pytest_report_teststatus(
        Report("a::b", "pass", when=when)
    )
    assert not letter
    assert not word


class Terminal(io.StringIO):
    """Something that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar_and_a_table_and_keeps_what_is_red(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    file = Terminal()
    progress = Progress(file)
    progress.pytest_collection_finish(types.SimpleNamespace(items=[]))
    progress.pytest_runtest_logreport(Report("one::rt.a.b", "pass"))
    progress.pytest_runtest_logreport(Report("two::rt.a.b", "fail"))
    progress.pytest_sessionfinish()
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", file.getvalue())
    assert "RED alpha/two" in shown
    assert "ok  alpha/one" not in shown
    assert re.search(r"scenarios .* 2/0", shown)
    assert re.search(r"suite +pass +fail", shown)
