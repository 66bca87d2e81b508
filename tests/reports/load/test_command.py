"""`realtime-harness report` of load runs, as it is typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from realtime_harness.verdicts import ExitCode


def report(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "realtime_harness", "report", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"COLUMNS": "200", "PATH": "", "HOME": ""},
    )


def test_runs_are_compared_in_the_terminal_and_on_the_page(load_run: Any) -> None:
    before, after = load_run("before", seed=1), load_run("after", seed=2, scale=1.3, users=20)
    done = report(after, "--against", before)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "not the same: sessions: 10 -> 20"
    assert any("ttft_ms p50" in line and "slower by" in line for line in lines)
    assert not any("service" in line and "ttft_ms" in line for line in lines)
    assert lines[-1] == str(after / "report.html")
    for name in ("report.html", "junit.xml", "ctrf.json", "summary.md"):
        assert (after / name).exists()


def test_a_void_run_is_not_compared(load_run: Any) -> None:
    void = load_run("void", fitness={"fitness": "void", "reasons": ["late"], "remarks": []})
    done = report(load_run("after"), "--against", void)
    assert done.returncode == ExitCode.OK
    assert "not compared: the earlier run is void: late" in done.stdout


def test_a_folder_with_both_kinds_has_a_history_of_each(
    load_run: Any, run_dir: Path, tmp_path: Path
) -> None:
    load_run("load", seconds=3)
    done = report(tmp_path)
    assert done.stdout.splitlines() == [
        str(tmp_path / "trend.html"),
        str(tmp_path / "load-trend.html"),
    ]
    done = report(tmp_path, "--out", tmp_path / "x.html")
    assert done.returncode == ExitCode.USAGE
    assert "give runs of one kind" in done.stderr
    done = report(tmp_path / "load", "--against", run_dir)
    assert done.returncode == ExitCode.USAGE
    assert "one is a load run, the other is none" in done.stderr
