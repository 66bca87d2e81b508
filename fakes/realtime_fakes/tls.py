"""A certificate of our own, for clients that refuse to speak without TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

__all__ = ["issue", "server_context"]

_AUTHORITY, _SERVER = "ca.pem", "server.pem"


def issue(host: str, directory: Path) -> None:
    """Make a certificate for ``host`` and the names of this machine.

    Args:
        host: what the server listens on.
        directory: nobody else's; gets the certificate with its key.

    """
    import trustme  # Brings all of cryptography along, which a server without TLS never needs.

    authority = trustme.CA()
    names = dict.fromkeys(["127.0.0.1", "localhost", "::1", host])
    for anywhere in ("0.0.0.0", "::", ""):
        names.pop(anywhere, None)
    certificate = authority.issue_cert(*names)
    certificate.private_key_and_cert_chain_pem.write_to_path(directory / _SERVER)
    authority.cert_pem.write_to_path(directory / _AUTHORITY)


def server_context(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """Return what a server needs of the certificate in ``directory``, and what clients have to.

    The latter is the file of the certificate that they have to trust, as PEM.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / _SERVER)
    return context, directory / _AUTHORITY
