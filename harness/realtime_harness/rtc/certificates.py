"""One certificate for all peers of a process, with what is made of it. Needs aiortc to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiortc import RTCCertificate
from OpenSSL import SSL

if TYPE_CHECKING:
    from aiortc import RTCDtlsFingerprint

__all__ = ["SharedCertificate"]


class SharedCertificate(RTCCertificate):
    """Has its fingerprints and its context for DTLS made once.

    aiortc makes both anew for each peer, the fingerprints several times.

    Args:
        made: one that aiortc made.

    """

    def __init__(self, made: RTCCertificate) -> None:
        super().__init__(key=made._key, cert=made._cert)
        self._contexts: dict[tuple[Any, ...], SSL.Context] = {}
        self._fingerprints: list[RTCDtlsFingerprint] = []

    def getFingerprints(self) -> list[RTCDtlsFingerprint]:
        """Return the fingerprints."""
        if not self._fingerprints:
            self._fingerprints = super().getFingerprints()
        return list(self._fingerprints)

    def _create_ssl_context(self, srtp_profiles: list[Any]) -> SSL.Context:
        wanted = tuple(srtp_profiles)
        if wanted not in self._contexts:
            context = self._contexts[wanted] = super()._create_ssl_context(srtp_profiles)
            # Some 30 kB a peer, which are idle most of the time.
            context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        return self._contexts[wanted]
