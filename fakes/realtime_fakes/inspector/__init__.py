"""The inspector: a page at ``/`` that shows what goes on in the fake, and steers it.

Everything it needs is served from here, and it talks to nothing but the fake that it came from: by
the control API, and by ``/v1`` as any client.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from realtime_fakes.switches import HttpReply

__all__ = ["ASSETS", "PAGE", "asset"]

ASSETS = "/_fake/inspector/"
"""Where the files of the page are."""

PAGE = "index.html"

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "media-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
)
_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "; ".join(_POLICY),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
)


@cache
def asset(name: str) -> HttpReply | None:
    """Return a file of the page; ``None`` if there is none of that name."""
    folder = files("realtime_fakes") / "inspector" / "assets"
    found = next((each for each in folder.iterdir() if each.name == name), None)
    media_type = _TYPES.get(name[name.rfind(".") :])
    if found is None or media_type is None:
        return None
    return HttpReply(status=200, body=found.read_bytes(), media_type=media_type, headers=_HEADERS)
