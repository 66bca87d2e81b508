"""The control API of a fake, for tests: blocking, and answered by a thread of its own."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Control"]

_TIMEOUT_S = 10.0


class Control:
    """Looks into a fake and steers it.

    Every request takes about a millisecond, so it may be used from coroutines too.

    Args:
        url: of the control API.
        ca_file: the certificate to trust, if the URL says ``https``.

    """

    def __init__(self, url: str, ca_file: str | None = None) -> None:
        self.url = url
        self._ca_file = ca_file

    def state(self) -> dict[str, Any]:
        """Return the clock, the switches, the keys, the calls and the sessions."""
        return self.request("GET", "/state")

    def advance(self, seconds: float) -> dict[str, Any]:
        """Move a virtual clock on."""
        return self.request("POST", "/clock", {"advance": seconds})

    def switch(
        self,
        *,
        defects: Iterable[str] = (),
        behaviours: Iterable[str] = (),
        faults: Iterable[str] = (),
        session_id: str | None = None,
    ) -> dict[str, Any]:
        """Switch exactly these defects, behaviours and faults on.

        With a session, they are on for that one alone, and what is on for others stays.
        """
        wanted = {
            "defects": list(defects),
            "behaviours": list(behaviours),
            "faults": list(faults),
        }
        of = "" if session_id is None else f"/sessions/{session_id}"
        return self.request("PUT", f"{of}/switches", wanted)

    def drop(self, session_id: str) -> None:
        """Cut a session off, as a lost network does."""
        self.request("POST", f"/sessions/{session_id}/drop")

    def reset(self) -> None:
        """End all sessions and calls; forget ephemeral keys and the journal."""
        self.request("POST", "/reset")

    def request(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Send any request of the control API.

        Args:
            method: of HTTP.
            path: below the control URL, as in ``docs/fake.md``.
            body: sent as JSON, unless it is ``None``.

        Raises:
            ValueError: if it is refused; with what the fake says.
            OSError: if the fake is gone.

        """
        parts = urlsplit(self.url)
        if parts.scheme == "https":
            trusted = ssl.create_default_context(cafile=self._ca_file)
            connection: HTTPConnection = HTTPSConnection(
                parts.netloc, timeout=_TIMEOUT_S, context=trusted
            )
        else:
            connection = HTTPConnection(parts.netloc, timeout=_TIMEOUT_S)
        try:
            content = None if body is None else json.dumps(body).encode()
            connection.request(method, parts.path + path, content)
            reply = connection.getresponse()
            text = reply.read().decode()
        finally:
            connection.close()
        if reply.status >= 400:
            raise ValueError(f"{method} {path} answered {reply.status}: {text}")
        answer: dict[str, Any] = json.loads(text) if text else {}
        return answer
