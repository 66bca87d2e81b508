"""What all clients of a target share below the protocol: TLS, and why there is no connection."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from functools import cache

from realtime_harness.errors import TargetUnreachable
from realtime_harness.targets.target import Target

__all__ = ["ssl_context", "unreachable"]


def ssl_context(target: Target) -> ssl.SSLContext:
    """Return what to trust: the machine's store, and the target's own certificate if it has one."""
    return _ssl_context(target.ca_file)


@cache
def _ssl_context(ca_file: str | None) -> ssl.SSLContext:
    # Reading the machine's store takes about 40 ms, which is more than most scenarios do.
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def unreachable(target: Target, url: str, error: BaseException) -> TargetUnreachable:
    """Return the fault that a failed connection is, with a sentence about its innermost reason.

    Args:
        target: of the connection.
        url: without credentials.
        error: what a client raised.

    """
    return TargetUnreachable(url=url, detail=_reason(target, error))


def _reason(target: Target, error: BaseException) -> str:
    for each in _chain(error):
        match each:
            case ssl.SSLCertVerificationError(verify_code=code, verify_message=message):
                if code in _OTHER_HOST:
                    return f"its certificate is another host's: {message}"
                return (
                    f"its certificate is not trusted: {message}. If it is the right one, name the "
                    f"PEM file of its authority as ca_file in [targets.{target.name}]"
                )
            case ssl.SSLError():
                return f"no TLS with it: {each.reason or each}. Is it https at all?"
            case ConnectionResetError() if target.base_url.startswith("https"):
                return "no TLS with it: it breaks the connection off. Is it https at all?"
            case ConnectionRefusedError():
                return "nothing listens there"
            case socket.gaierror():
                return f"its name is not known ({each.strerror})"
    return str(error) or repr(error)


_OTHER_HOST = {62, 64}
"""``X509_V_ERR_HOSTNAME_MISMATCH`` and ``X509_V_ERR_IP_ADDRESS_MISMATCH`` of OpenSSL."""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Go from an error to what it was raised from, each once."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__
