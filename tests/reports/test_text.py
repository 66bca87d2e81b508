from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from realtime_reports.text import visible, xml_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain ✓ ä 漢 \t\n 😀", "plain ✓ ä 漢 \t\n 😀", id="ordinary"),
        pytest.param("a\u202eb", "a\\u202eb", id="right-to-left override"),
        pytest.param("\u2066\u200f\u061c", "\\u2066\\u200f\\u061c", id="marks of direction"),
        pytest.param("\x00\x1b[31m", "\\u0000\\u001b[31m", id="terminal escape"),
        pytest.param("\ud83d", "\\ud83d", id="lone surrogate"),
        pytest.param("\ufeff\u200b", "\\ufeff\\u200b", id="zero width"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_visible_is_good_unicode_without_hidden_characters(text: str) -> None:
    shown = visible(text)
    shown.encode()
    assert not any(unicodedata.bidirectional(c) in {"RLO", "LRO", "RLE", "RLI"} for c in shown)


@given(st.text())
def test_xml_text_survives_an_xml_parser(text: str) -> None:
    root = etree.Element("x")
    root.text = xml_text(text)
    assert etree.fromstring(etree.tostring(root)).text == (root.text or None)
