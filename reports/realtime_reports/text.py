"""Makes text of any origin safe to show: what an endpoint sends is not to be trusted."""

from __future__ import annotations

import re

__all__ = ["visible", "xml_text"]

# What a reader cannot see or what reorders what she sees: control characters but tab and newline,
# marks of writing direction, line and paragraph separators, surrogates without their other half,
# and noncharacters.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)

# Everything outside of the Char production of XML 1.0, section 2.2.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def visible(text: str) -> str:
    r"""Replace characters that do not show, or that mislead, by their escape (``\u202e``)."""
    return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def xml_text(text: str) -> str:
    r"""Replace characters that XML 1.0 forbids, even escaped, by their escape (``\u0000``)."""
    return _NO_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
