"""A certificate of our own, for clients that refuse to speak without TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

__all__ = ["server_context"]


def server_context(host: str, ca_file: Path) -> ssl.SSLContext:
    """Make a certificate for ``host`` and the names of this machine.

    Args:
        host: what the server listens on.
        ca_file: where to write the certificate that clients have to trust, as PEM.

    """
    authority = trustme.CA()
    names = dict.fromkeys(["127.0.0.1", "localhost", "::1", host])
    for anywhere in ("0.0.0.0", "::", ""):
        names.pop(anywhere, None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    authority.cert_pem.write_to_path(ca_file)
    return context
