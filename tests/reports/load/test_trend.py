from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import html

from realtime_harness.results import run_directories
from realtime_reports.load import write_load_report, write_load_trend

VOID = {"fitness": "void", "reasons": ["late"], "remarks": []}


@pytest.fixture
def history(load_run: Any) -> list[Path]:
    made = []
    for day, state in enumerate(["pass", "fail", "waived", "pass"]):
        objectives = [{"objective": "p95(ttft_ms) < 400", "state": state, "value": 100.0 + day}]
        if day == 3:
            objectives.append({"objective": "rate(ok) > 99%", "state": "pass", "value": 1.0})
        made.append(
            load_run(
                f"runs/{day}",
                seed=day,
                seconds=4,
                scale=1 + day / 10,
                objectives=objectives,
                started=f"2026-11-{day + 1:02}T05:40:12+00:00",
                **({"fitness": VOID} if day == 2 else {}),
            )
        )
    return made


def said(element: Any) -> str:
    return " ".join(" ".join(element.itertext()).split())


def test_objectives_have_a_history(history: list[Path]) -> None:
    page = html.fromstring(write_load_trend(history[::-1]).read_text())
    assert page.xpath("//h1/text()") == ["1 of 2 objectives missed in any of 4 runs; 1 void"]
    first, second = page.xpath('//table[@class="history"]/tbody/tr')
    assert "p95(ttft_ms) < 400" in said(first)
    assert "1 of 4" in said(first)
    labels = first.xpath('.//td[@class="run"]/span/@aria-label')
    assert [label.partition(":")[0] for label in labels] == ["pass", "fail", "waived", "pass"]
    assert second.xpath('.//td[@class="run"]/span/@aria-label')[:3] == ["not asked for"] * 3


def test_percentiles_have_a_course_without_void_runs(history: list[Path]) -> None:
    page = html.fromstring(write_load_trend(history).read_text())
    rows = {
        said(row[0]).split()[0]: row for row in page.xpath('//table[@class="courses"]/tbody/tr')
    }
    assert set(rows) == {"ttft_ms", "gap_ms"}
    ttft = rows["ttft_ms"]
    assert len(ttft.xpath('.//circle[@class="one"]')) == 3
    spoken = said(ttft.xpath('.//*[@class="spoken"]')[0])
    assert [part.split(":")[0] for part in spoken.split("; ")] == ["run 1", "run 2", "run 4"]
    assert said(ttft[5]).startswith("+")


def test_runs_lead_to_their_reports(history: list[Path], tmp_path: Path) -> None:
    write_load_report(history[1])
    page = html.fromstring(write_load_trend(history).read_text())
    assert set(page.xpath("//a/@href")) == {"#objectives", "1/report.html"}
    elsewhere = html.fromstring(write_load_trend(history, tmp_path / "x.html").read_text())
    assert "runs/1/report.html" in elsewhere.xpath("//a/@href")


def test_what_was_not_asked_for_alike_is_told(load_run: Any) -> None:
    runs = [load_run(f"runs/{n}", seconds=2, users=10 * (n + 1)) for n in range(2)]
    page = html.fromstring(write_load_trend(runs).read_text())
    assert "text: sessions 10 · 20" in said(page.xpath("//header")[0])


def test_a_folder_stands_for_the_runs_inside(history: list[Path], tmp_path: Path) -> None:
    assert run_directories([tmp_path / "runs"]) == history
    assert write_load_trend(history) == tmp_path / "runs" / "load-trend.html"


def test_hostile_text_stays_text(new_load: Any, hostile: str) -> None:
    runs = [
        new_load(
            f"runs/{n}",
            profile={"name": hostile},
            target={"name": hostile},
            objectives=[{"objective": hostile, "state": hostile, "value": 1}],
            users=hostile + str(n),
        ).finish()
        for n in range(2)
    ]
    path = write_load_trend(runs)
    page = html.fromstring(path.read_text())
    assert not page.xpath("//img | //script")
    assert "\u202e" not in path.read_text()


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_drawn(
    show: Any, history: list[Path], keep: Any, width: int, scheme: str
) -> None:
    size = {"width": width, "height": 900}
    page = show(write_load_trend(history), viewport=size, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep(page, f"load-trend-{width}-{scheme}", full_page=True)
