from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from realtime_harness.errors import UsageError
from realtime_harness.verdicts import Verdict
from realtime_reports import write_all


@pytest.fixture
def directory(tmp_path: Path, new_run: Callable[..., Any]) -> Path:
    for name, verdict in (("a", Verdict.PASS), ("b", Verdict.FAIL)):
        run = new_run(name)
        run.check("rt.offers.one", verdict, reason="<b>bold</b>" if verdict is Verdict.FAIL else "")
        run.check("rt.offers.two")
        run.scenario()
    targets = [
        {"name": "<first>", "directory": "a", "error": ""},
        {"name": "second", "directory": "b", "error": ""},
        {"name": "third", "directory": "c", "error": "cannot reach it"},
    ]
    index = {"targets": targets, "command": ["realtime-harness", "run", "--target", "<first>"]}
    (tmp_path / "matrix.json").write_text(json.dumps(index))
    return tmp_path


def test_a_column_for_each_target(directory: Path) -> None:
    path = write_all(directory)
    assert path == directory / "report.html"
    page = html.parse(path).getroot()
    assert page.xpath("//h1")[0].text_content() == "1 of 2 checks differ"
    head = [cell.text_content() for cell in page.xpath("//thead//th")]
    assert head == ["Clause", "Level", "<first>", "second", "third"]
    rows = page.xpath("//tr[starts-with(@id, 'rt.')]")
    assert [row.get("id") for row in rows] == ["rt.offers.one", "rt.offers.two"]
    words = [[cell.text_content().split()[-1] for cell in row[2:]] for row in rows]
    assert words == [["pass", "fail", "judged"], ["pass", "pass", "judged"]]
    assert rows[0].xpath(".//a/@href")[1:] == [
        "a/report.html#rt.offers.one",
        "b/report.html#rt.offers.one",
    ]
    assert "cannot reach it" in page.xpath("//dl")[0].text_content()


def test_what_a_target_said_is_escaped(directory: Path) -> None:
    text = write_all(directory).read_text()
    assert "<first>" not in text
    assert "<b>bold" not in text


@pytest.mark.parametrize("text", ["", "[]", '{"targets": [1], "command": []}', "{}"])
def test_an_index_that_cannot_be_read(directory: Path, text: str) -> None:
    (directory / "matrix.json").write_text(text)
    with pytest.raises(UsageError, match="does not list the runs"):
        write_all(directory)


@pytest.mark.parametrize(
    ("hash", "shown"),
    [
        ("", ["rt.offers.one", "rt.offers.two"]),
        ("#verdict=differs", ["rt.offers.one"]),
        ("#verdict=fail&level=MUST&suite=offers", ["rt.offers.one"]),
        ("#q=two", ["rt.offers.two"]),
        ("#verdict=warn", []),
        ("#verdict=warn&at=rt.offers.two", ["rt.offers.two"]),
    ],
    ids=["all", "differs", "several", "words", "none", "what is linked shows anyway"],
)
def test_it_is_filtered_by_the_hash(
    show: Any, directory: Path, hash: str, shown: list[str]
) -> None:
    page = show(write_all(directory), hash)
    found = page.eval_on_selector_all(
        "tr.check", "rows => rows.filter(r => r.checkVisibility()).map(r => r.id)"
    )
    assert found == shown


def test_filters_go_into_the_hash(show: Any, directory: Path) -> None:
    page = show(write_all(directory))
    page.get_by_role("button", name="differs 1").click()
    assert page.inner_text("#shown") == "1 of 2 checks"
    assert page.evaluate("location.hash") == "#verdict=differs"
    page.click('a[href="#rt.offers.one"]')
    page.wait_for_selector("tr.target")
    assert page.evaluate("location.hash") == "#verdict=differs&at=rt.offers.one"


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_drawn(
    show: Any, directory: Path, keep: Any, width: int, scheme: str
) -> None:
    size = {"width": width, "height": 700}
    page = show(write_all(directory), viewport=size, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep(page, f"matrix-{width}-{scheme}", full_page=True)
