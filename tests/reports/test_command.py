"""`realtime-harness report`, as it is typed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from realtime_harness.verdicts import ExitCode


def report(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "realtime_harness", "report", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"COLUMNS": "500", "PATH": "", "HOME": ""},
    )


def test_it_prints_where_the_report_is(run_dir: Path) -> None:
    done = report(run_dir)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    assert done.stdout.strip() == str(run_dir / "report.html")
    assert (run_dir / "report.html").exists()
    assert (run_dir / "junit.xml").exists()


def test_it_writes_where_it_is_told(run_dir: Path, tmp_path: Path) -> None:
    done = report(run_dir, "--out", tmp_path / "x.html")
    assert done.stdout.strip() == str(tmp_path / "x.html")
    assert (tmp_path / "x.html").exists()


def test_it_names_what_is_no_run_and_the_remedy(tmp_path: Path) -> None:
    done = report(tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "run.json") in done.stderr
    assert "realtime-harness run" in done.stderr


def test_it_compares_and_shows_many_over_time(run_dir: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(run_dir, other)
    done = report(run_dir, "--against", other)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    assert "No verdict changed" in (run_dir / "report.html").read_text()
    done = report(run_dir, other)
    assert done.stdout.strip() == str(tmp_path / "trend.html")
    assert report(tmp_path).stdout == done.stdout
    done = report(run_dir, other, "--against", other)
    assert done.returncode == ExitCode.USAGE
    assert "give one RUN" in done.stderr
