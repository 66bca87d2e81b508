"""Colours of our pages: text on what it stands on has the contrast that WCAG asks for.

The pages name their colours in custom properties, so that what stands on what is known.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SHEETS = {
    "report": PROJECT / "reports/realtime_reports/assets/report.css",
    "inspector": PROJECT / "fakes/realtime_fakes/inspector/assets/inspector.css",
}
GROUNDS = ("paper", "raised", "sunken", "mark")
TEXTS = (
    *("ink", "soft", "accent"),
    *("fail", "error", "untestable", "warn", "info", "pass", "not-applicable"),
)
AA = 4.5
"""Least contrast of text of usual size (WCAG 2.2, 1.4.3)."""


def palettes(sheet: Path) -> dict[str, dict[str, str]]:
    """Return the colours of the light and of the dark page by their names."""
    css = sheet.read_text(encoding="utf-8")
    roots = re.findall(r":root\s*\{([^}]*)\}", css)
    light, dark = (dict(re.findall(r"--([\w-]+):\s*(#\w+)", root)) for root in roots[:2])
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rgb`` or ``#rrggbb`` (WCAG 2.2, relative luminance)."""
    digits = colour[1:]
    if len(digits) == 3:
        digits = "".join(2 * each for each in digits)
    parts = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(name: str, scheme: str) -> None:
    palette = palettes(SHEETS[name])[scheme]
    pairs = [(t, g) for t in TEXTS for g in GROUNDS if t in palette and g in palette]
    assert len(pairs) >= 12
    faint = {
        f"{text} on {ground}": round(contrast(palette[text], palette[ground]), 2)
        for text, ground in pairs
        if contrast(palette[text], palette[ground]) < AA
    }
    assert faint == {}


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_verdict_can_be_read_in_reverse(name: str, scheme: str) -> None:
    """A filter that is pressed, and a pin, have the colour of the page on that of a verdict."""
    palette = palettes(SHEETS[name])[scheme]
    for text in TEXTS[3:]:
        if text in palette:
            assert contrast(palette["paper"], palette[text]) >= AA, text


@pytest.mark.parametrize(
    ("one", "other", "expected"), [("#000", "#ffffff", 21.0), ("#777777", "#fff", 4.48)]
)
def test_contrast_is_that_of_the_norm(one: str, other: str, expected: float) -> None:
    assert contrast(one, other) == pytest.approx(expected, abs=0.01)
