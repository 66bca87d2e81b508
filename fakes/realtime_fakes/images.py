"""Pictures that a user shows: data URIs of PNG and JPEG, and what they cost.

What an image costs is counted as the vision guide counts for models with tiles
(https://platform.openai.com/docs/guides/images-vision): a base, and an amount for each tile of 512
pixels after scaling. Whether realtime models count like this is not known.
"""

from __future__ import annotations

from binascii import a2b_base64
from math import ceil

from realtime_fakes.shapes import Refusal

__all__ = ["data_uri", "image_tokens"]

_TYPES = ("data:image/png;base64,", "data:image/jpeg;base64,")
_BASE, _TILE = 85, 170
_LONGEST_SIDE, _SHORTEST_SIDE, _TILE_SIDE = 2048, 768, 512
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def data_uri(value: str) -> str:
    """Accept the data URI of an image and return it as it is."""
    if not value.startswith(_TYPES):
        raise Refusal("unsupported_value", reason="expected a data URI of a PNG or JPEG image.")
    try:
        a2b_base64(value.partition(",")[2], strict_mode=True)
    except ValueError:
        raise Refusal("invalid_base64") from None
    return value


def image_tokens(uri: str, detail: str) -> int:
    """Return what an image costs.

    Args:
        uri: that has passed :func:`data_uri`.
        detail: ``low``, ``high``, or ``auto``, which is high.

    """
    if detail == "low":
        return _BASE
    width, height = _size(a2b_base64(uri.partition(",")[2])) or (1, 1)
    scale = min(1.0, _LONGEST_SIDE / max(width, height))
    scale = min(scale, _SHORTEST_SIDE / min(width, height))
    tiles = ceil(width * scale / _TILE_SIDE) * ceil(height * scale / _TILE_SIDE)
    return _BASE + _TILE * tiles


def _size(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels; ``None`` if the data does not say."""
    if data.startswith(_PNG) and len(data) >= 24:
        size = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
        return size if min(size) > 0 else None
    at = 2 if data.startswith(_JPEG) else len(data)
    while at + 9 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in _START_OF_FRAME:
            height, width = (int.from_bytes(data[i : i + 2]) for i in (at + 5, at + 7))
            return (width, height) if min(width, height) > 0 else None
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None
