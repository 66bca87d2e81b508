"""One fake service, as a test sees it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realtime_harness.evidence import Direction
from realtime_harness.testing.control import Control
from realtime_harness.testing.evidence import Evidence
from realtime_harness.testing.expectations import Expectation, Expectations

if TYPE_CHECKING:
    from realtime_harness.testing.server import ServerThread

__all__ = ["Fake"]

_TIMEOUT_S = 2.0


class Fake:
    """A fake Realtime service with a port of its own. Made by :meth:`ServerThread.fake`.

    Its methods may be called from tests and from coroutines alike.
    """

    def __init__(self, ready: Mapping[str, Any], service: Any, thread: ServerThread) -> None:
        self.base_url: str = ready["base_url"]
        """``http://127.0.0.1:<port>/v1``, what SDKs call their base URL."""
        self.ws_url: str = ready["ws_url"]
        """``ws://127.0.0.1:<port>/v1/realtime``."""
        self.api_key: str = ready["api_key"]
        self.control_url: str = ready["control_url"]
        self.ca_file: str | None = ready.get("ca_file")
        """The certificate to trust, if the fake speaks TLS."""
        self.control = Control(self.control_url, self.ca_file)
        self.evidence = Evidence(service.journal.start_ns)
        """All that was sent and received so far."""
        self._service = service
        self._thread = thread
        self._expectations = Expectations(self.evidence)
        service.journal.listen(self.evidence.add)

    @property
    def environment(self) -> dict[str, str]:
        """What a program that uses an OpenAI SDK needs in its environment to talk to this fake."""
        found = {"OPENAI_BASE_URL": self.base_url, "OPENAI_API_KEY": self.api_key}
        if self.ca_file is not None:
            found |= dict.fromkeys(("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), self.ca_file)
        return found

    def script(self, *rules: Any) -> None:
        """Answer by a script from now on, and like the echo again if there are no rules.

        Args:
            rules: objects or functions as in ``docs/scripts.md``, tried in order; or the path of
                one YAML or JSON file, which is read again when it changes.

        Raises:
            ValueError: if one of them is no rule, with its place and a remedy; nothing is changed.
            OSError: if the file cannot be read.

        """
        from realtime_fakes.scripts import Script

        if len(rules) == 1 and isinstance(rules[0], str | Path):
            self._service.follow(rules[0])
        else:
            self._service.follow(Script(rules, source="rules") if rules else None)

    def expect(
        self, name: str, fields: Mapping[str, Any] | None = None, *, on: str | None = None
    ) -> Expectation:
        """Expect that the application sends something, behind all that was expected before.

        What was expected may have happened already. To wait for it, ``await`` the result, or call
        its ``wait``; to look at all of them at the end, :meth:`assert_complete`.

        Args:
            name: the type of an event (``session.update``), or method and path of a request
                (``POST /realtime/client_secrets``). ``*`` stands for anything.
            fields: what it has to hold at least, see
                :func:`realtime_harness.testing.matching.differences`. Of a request these are
                ``body``, ``query``, ``headers`` and ``key`` (``standard``, ``ephemeral``,
                ``unknown`` or ``none``).
            on: name of the connection, as the evidence has it: ``client``, ``sideband``, …

        """
        return self._expectations.add(name, fields or {}, Direction.SENT, on)

    def expect_answer(
        self, name: str, fields: Mapping[str, Any] | None = None, *, on: str | None = None
    ) -> Expectation:
        """Expect that the fake sends an event, or answers a request with a status (``"201"``).

        Arguments and order as for :meth:`expect`.
        """
        return self._expectations.add(name, fields or {}, Direction.RECEIVED, on)

    def in_any_order(self) -> AbstractContextManager[None]:
        """Leave the order open between the expectations declared in the block."""
        return self._expectations.in_any_order()

    def ignore(self, *names: str) -> None:
        """Let the application send these (``input_audio_buffer.*``) without being expected."""
        self._expectations.ignore(*names)

    def assert_complete(self, timeout_s: float = _TIMEOUT_S) -> None:
        """Check that all that was expected has happened, and that nothing else was sent.

        Args:
            timeout_s: how long to wait for what is still missing.

        Raises:
            ExpectationFailed: otherwise.

        """
        __tracebackhide__ = True
        self._expectations.assert_complete(timeout_s)
