from __future__ import annotations

import base64
import gzip
import json
import re
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html

from realtime_harness.errors import UsageError
from realtime_harness.evidence.entry import Direction, Kind, Lane
from realtime_harness.verdicts import Verdict
from realtime_reports import write_report

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "https://example.com/'><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe\u2066",
    "\ud800 broken \udfff",
    "\x00\x1b[2J\x85\u2028",
]


def read(path: Path) -> html.HtmlElement:
    return html.fromstring(path.read_bytes().decode())


def evidence(page: html.HtmlElement) -> list[dict[str, Any]]:
    stored = page.xpath('//script[@type="text/plain"]/text()')
    return [json.loads(gzip.decompress(base64.b64decode(text))) for text in stored]


def words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def test_the_header_says_what_it_is_about(run_dir: Path) -> None:
    page = read(write_report(run_dir))
    assert words(page.get_element_by_id("verdict")) == (
        "2 MUST clauses violated, the harness itself failed in 1 check, 1 check not reached, "
        "1 SHOULD clause not met; 5 of 10 checks pass"
    )
    header = words(page.find_class("top")[0])
    for said in (
        "fake http://127.0.0.1:8080/v1",
        "2026-11-21 05:40:12 UTC, took 21.2 s",
        "openai-3.52.0",
        "defects: sideband-stays-silent",
        "realtime-harness run --target fake -k 'not slow'",
    ):
        assert said in header


def test_every_check_is_an_anchor_with_all_that_is_known_of_it(run_dir: Path) -> None:
    page = read(write_report(run_dir))
    lines = (run_dir / "checks.jsonl").read_text().splitlines()
    ids = {json.loads(line)["check"] for line in lines}
    assert set(page.xpath('//tr[contains(@class, "check ")]/@id')) == ids
    row = page.get_element_by_id("rt.sideband.no-session-created")
    text = words(row)
    assert "✗ fail" in text
    assert "MUST" in text
    assert "A sideband is not greeted" in text
    assert "got one after 0.4 ms" in text
    assert "pydantic-ai cassette test_openai_ws_sideband__text_turn" in text
    assert row.xpath('.//a[starts-with(@href, "https://github.com/pydantic/")]')
    assert row.xpath('.//a[@href="#at=scenario:sideband/sees_a_turn&seq=6"]')


def test_links_inside_of_the_page_lead_somewhere(run_dir: Path) -> None:
    page = read(write_report(run_dir))
    ids = set(page.xpath("//@id"))
    targets = {
        unquote(href.removeprefix("#").removeprefix("at=").partition("&seq=")[0])
        for href in page.xpath('//a/@href[starts-with(., "#")]')
    }
    assert targets <= ids
    assert len(page.xpath("//@id")) == len(ids)


def test_a_median_is_shown_with_its_interval(run_dir: Path) -> None:
    page = read(write_report(run_dir))
    table = words(page.get_element_by_id("measurements"))
    assert "overhead 41.1 ms 40.2 to 42.3 60 relay/overhead" in table
    assert "turns 120 relay/overhead" in table


def test_evidence_is_embedded_whole(run_dir: Path) -> None:
    [*_, last] = evidence(read(write_report(run_dir)))
    lines = (run_dir / "evidence/relay.overhead.jsonl").read_text().splitlines()
    assert last["entries"] == [json.loads(line) for line in lines]
    assert {check["check"] for check in last["checks"]} >= {"rt.relay.complete", "rt.wire.schema"}


def test_torn_and_missing_evidence_is_said(new_run: Any, talk: Any) -> None:
    run = new_run()
    for name in ("offers/torn", "offers/missing", "offers/unended"):
        run.check("rt.offers.one", scenario=name)
    talk.call()
    run.scenario("offers/torn", talk.entries)
    with (run.path / "evidence/offers.torn.jsonl").open("ab") as file:
        file.write(b'{"seq": 99, "data": {"text": "\xff\xfe')
    run.scenario("offers/missing")
    (run.path / "evidence/offers.missing.jsonl").unlink()
    torn, missing, unended = evidence(read(write_report(run.path)))
    assert len(torn["entries"]) == len(talk.entries)
    assert torn["problems"] == [f"line {len(talk.entries) + 1} of offers.torn.jsonl is cut off"]
    assert "offers.missing.jsonl cannot be read" in missing["problems"][0]
    assert "unended.jsonl cannot be read" in unended["problems"][0]


def test_evidence_outside_of_the_run_directory_stays_there(new_run: Any, tmp_path: Path) -> None:
    run = new_run()
    run.scenario("offers/one")
    (tmp_path / "secret.jsonl").write_text('{"key": "hidden"}\n')
    scenarios = run.path / "scenarios.jsonl"
    line = json.loads(scenarios.read_text())
    scenarios.write_text(json.dumps({**line, "evidence": "../secret.jsonl"}) + "\n")
    [page] = evidence(read(write_report(run.path)))
    assert page["entries"] == []
    assert "outside of the run directory" in page["problems"][0]


@given(text=st.text() | st.sampled_from(HOSTILE))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_text_becomes_markup_or_code(new_run: Any, talk: Any, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = new_run(f"{folder}/run", target=text, command=["run", text], switches={"x": [text]})
        run.check("rt.offers.one", Verdict.FAIL, reason=text, clause=text, source=text)
        talk.entries.clear()
        talk.add(
            Lane.WEBSOCKET, text, Direction.RECEIVED, Kind.EVENT, type=text, session={text: text}
        )
        run.scenario(entries=talk.entries, summary=text, measurements={text: {"unit": text}})
        path = write_report(run.path)
        page = read(path)
        source = path.read_bytes().decode()
    assert len(page.xpath("//script")) == 2
    assert len(page.xpath("//script[not(@type)]")) == 1
    assert source.count("</script") == 2
    assert not page.xpath("//img | //iframe | //object | //@*[starts-with(name(), 'on')]")
    for address in page.xpath("//@href | //@src"):
        assert re.match(r"#|data:,$|https?://", address)
    [stored] = evidence(page)
    assert stored["entries"][0]["data"]["type"] == text


def test_the_file_names_nothing_to_load(run_dir: Path) -> None:
    page = read(write_report(run_dir))
    assert page.xpath("//link/@href") == ["data:,"]
    assert not page.xpath("//@src")
    [policy] = page.xpath('//meta[@http-equiv="Content-Security-Policy"]/@content')
    assert policy.startswith("default-src 'none'")


def test_the_index_of_a_huge_run_stays_small(new_run: Any) -> None:
    run = new_run()
    lines = []
    for number in range(200):
        name = f"sideband/a_scenario_with_a_rather_long_name_{number}"
        run.scenario(name)
        lines += [{"check": f"rt.wire.stream-rule-{rule}", "scenario": name} for rule in range(30)]
        lines += [
            {"check": f"rt.sideband.its-own-check-{2 * number + own}", "scenario": name}
            for own in range(2)
        ]
    rest = {
        "suite": "sideband",
        "level": "MUST",
        "verdict": "pass",
        "reason": "",
        "clause": "The endpoint does what its documentation promises, in time and in order.",
        "source": "https://developers.openai.com/docs/realtime",
    }
    with (run.path / "checks.jsonl").open("w") as file:
        file.writelines(json.dumps({**line, **rest}) + "\n" for line in lines)
    source = write_report(run.path).read_text()
    index = re.sub(r'<script type="text/plain".*?</script>', "", source, flags=re.DOTALL)
    assert len(index) < 1_000_000


def test_a_report_is_the_same_every_time_and_goes_where_it_is_told(
    run_dir: Path, tmp_path: Path
) -> None:
    first = write_report(run_dir)
    second = write_report(run_dir, tmp_path / "elsewhere.html")
    assert first == run_dir / "report.html"
    assert first.read_bytes() == second.read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_what_is_no_run_directory_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"run\.json cannot be read"):
        write_report(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("scenario", "name"),
    [
        pytest.param("offers/browser", "offers/browser", id="as it is"),
        pytest.param("offers/browser@chromium#2~3", "offers/browser", id="again"),
    ],
)
def test_the_command_that_has_one_conversation_again(
    new_run: Any, scenario: str, name: str
) -> None:
    words = "realtime-harness run --target fake --suite offers -k x -n 2 --defect d --seed 7"
    run = new_run(
        command=words.split(),
        switches={"defects": ["d"]},
        settings={"clock": "virtual", "seed": "7"},
    )
    run.check("rt.offers.one", scenario=scenario)
    run.scenario(scenario)
    text = write_report(run.path).read_text()
    assert f"realtime-harness run --target fake --defect d --seed 7 --suite {name}<" in text
    assert "Switched on: <b>defects d</b>; clock virtual; seed 7." in text
