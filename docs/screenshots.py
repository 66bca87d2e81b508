"""Writes ``docs/images``: what the reports of real runs look like.

It runs suites against the fake, once as it is and once with a defect, loads it, and takes pictures
of the reports in Chromium. Needs the ``webrtc`` and ``browser`` extras. It is run by hand after the
reports have changed their looks::

    python docs/screenshots.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).with_name("images")

SUITES = ("sideband", "interruption", "offers")
DEFECT = "sideband-on-a-session-of-its-own"

LOAD = (
    *("load", "text", "--users", "12", "--duration", "30s", "--latency", "realistic"),
    *("--slo", "p95(ttft_ms) < 800", "--slo", "p95(ttft_ms) < 500", "--slo", "rate(ok) >= 99.9%"),
)

LARGEST = 150_000
"""Bytes of a picture."""


class Picture(NamedTuple):
    """One file below ``docs/images``."""

    name: str
    page: str
    """Relative to the folder of the runs."""
    hash: str
    height: int
    shows: str
    """What has to be in view, as a CSS selector."""


PICTURES = (
    Picture("report", "runs/after/report.html", "", 600, "#comparison"),
    Picture(
        "scenario",
        "runs/before/report.html",
        "#at=scenario:interruption/speaking",
        820,
        "details[open] .timeline",
    ),
    Picture(
        "failure",
        "runs/after/report.html",
        "#at=scenario:sideband/watches_turns",
        530,
        "details[open] .pinned-at",
    ),
    Picture("trend", "runs/trend.html", "", 620, ".history"),
    Picture("load", "load/report.html", "", 900, "#time"),
)


def main() -> None:
    """Run the suites, and take the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        suites = [word for suite in SUITES for word in ("--suite", suite)]
        harness("run", *suites, "--out", str(runs / "before"))
        harness("run", *suites, "--defect", DEFECT, "--out", str(runs / "after"))
        harness("report", str(runs / "after"), "--against", str(runs / "before"))
        harness("report", str(runs))
        harness(*LOAD, "--out", "load", folder=folder)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("RT_CHROMIUM") or shutil.which("chromium"),
                args=["--no-sandbox"],
            )
            for picture in PICTURES:
                page = browser.new_page(
                    viewport={"width": 1160, "height": picture.height}, color_scheme="light"
                )
                page.goto((Path(folder) / picture.page).as_uri() + picture.hash)
                page.wait_for_selector(picture.shows)
                path = IMAGES / f"{picture.name}.png"
                page.screenshot(path=path)
                sys.stdout.write(f"docs/images/{path.name}: {path.stat().st_size} bytes\n")
                if path.stat().st_size > LARGEST:
                    raise SystemExit(f"{path.name} is larger than {LARGEST} bytes")
            browser.close()


def harness(*arguments: str, folder: str | None = None) -> None:
    """Run ``realtime-harness``; that a check failed, or an objective, is none here."""
    command = [sys.executable, "-m", "realtime_harness", *arguments]
    done = subprocess.run(command, check=False, cwd=folder)
    if done.returncode not in {0, 1, 5}:
        raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
