"""Peers that keep to themselves, and how they are closed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from realtime_harness.errors import MissingExtra
from realtime_harness.rtc.inside import require_attributes, require_parameters

if TYPE_CHECKING:
    from aiortc import RTCConfiguration, RTCIceTransport, RTCPeerConnection

__all__ = [
    "available",
    "close",
    "configuration",
    "cut",
    "loopback_only",
    "peer_connection",
    "shared_certificate",
]

_ICE_REST_S = 1.0
"""Fifty times what aioice rests after each check."""

_CANCEL_S = 0.1

_loopback_only: ContextVar[bool] = ContextVar("loopback_only", default=False)
_shared_certificate: ContextVar[bool] = ContextVar("shared_certificate", default=False)


def available() -> bool:
    """Return whether the ``webrtc`` extra is installed."""
    return find_spec("aiortc") is not None


@contextmanager
def loopback_only() -> Iterator[None]:
    """Let peers gather 127.0.0.1 and nothing else, for as long as the context is entered.

    Gathering happens in ``setLocalDescription``, so that call has to be inside. aioice leaves
    127.0.0.1 out by itself, which also makes it useless on a machine without a network.

    Raises:
        MissingExtra: if aiortc is not installed.
        HarnessError: if this aioice has another inside than we know.

    """
    _wrap()
    token = _loopback_only.set(True)
    try:
        yield
    finally:
        _loopback_only.reset(token)


@contextmanager
def shared_certificate() -> Iterator[None]:
    """Let peers made inside share one certificate, instead of making a key pair each.

    Raises:
        MissingExtra: if aiortc is not installed.
        HarnessError: if this aiortc has another inside than we know.

    """
    _wrap()
    token = _shared_certificate.set(True)
    try:
        yield
    finally:
        _shared_certificate.reset(token)


def configuration(*, bundled: bool = False) -> RTCConfiguration:
    """Return a configuration without STUN servers; aiortc's default asks one of Google's.

    Args:
        bundled: whether all sections of an offer share one transport from the beginning
            (``max-bundle``), so that none is made for nothing. The other side has to bundle.

    Raises:
        MissingExtra: if aiortc is not installed.

    """
    _wrap()
    from aiortc import RTCBundlePolicy, RTCConfiguration

    policy = RTCBundlePolicy.MAX_BUNDLE if bundled else RTCBundlePolicy.BALANCED
    return RTCConfiguration(iceServers=[], bundlePolicy=policy)


def peer_connection(*, bundled: bool = False) -> RTCPeerConnection:
    """Return a new peer with :func:`configuration` and the certificate of the process.

    It connects without aioice's last rest, decodes sound on the event loop, without a thread of
    its own, and sends :class:`~realtime_harness.rtc.tracks.PacedTrack` by the metronome.

    Args:
        bundled: as of :func:`configuration`.

    Raises:
        MissingExtra: if aiortc is not installed.

    """
    _wrap()
    with shared_certificate():
        return _peer_class()(configuration(bundled=bundled))


async def close(peer: RTCPeerConnection) -> None:
    """Close a peer, whatever it is about. Idempotent.

    aiortc goes on connecting a peer that is closed meanwhile: it would start to send on transports
    that are gone, and ask the other side for consent every few seconds, for ever. Peers made by
    :func:`peer_connection` are stopped at that first; of others, ICE is waited for and then ended.
    """
    connecting: set[asyncio.Task[Any]] = getattr(peer, "connecting", set())
    connecting = connecting - {asyncio.current_task()}
    was_connecting = bool(connecting)
    while connecting:
        for task in connecting:
            task.cancel()
        # Once may not be enough: ``wait_for``, until Python 3.12, goes on if what it waits for has
        # come with it.
        _, connecting = await asyncio.wait(connecting, timeout=_CANCEL_S)
    transports = _ice_transports(peer)
    await peer.close()
    for transport in transports:
        begun = getattr(transport, "_RTCIceTransport__start", None)
        if begun is not None and not was_connecting:
            with suppress(TimeoutError):
                async with asyncio.timeout(_ICE_REST_S):
                    await begun.wait()
        await transport._connection.close()


async def cut(peer: RTCPeerConnection) -> None:
    """Break a peer off without a word to the other side, as a lost network does, then close it.

    The other side notices when ICE consent expires (RFC 7675: within 30 s).
    """
    for transport in _ice_transports(peer):
        # With the sockets gone first, closing cannot send DTLS or SCTP farewells.
        await transport._connection.close()
    await close(peer)


def _ice_transports(peer: RTCPeerConnection) -> set[RTCIceTransport]:
    transports = {each.receiver.transport.transport for each in peer.getTransceivers()}
    if peer.sctp is not None:
        transports.add(peer.sctp.transport.transport)
    return transports


@cache
def _peer_class() -> type[RTCPeerConnection]:
    """Make the class of our peers.

    They know the tasks in which they connect, and are ours in what they send and receive.
    """
    from aiortc import RTCPeerConnection

    from realtime_harness.rtc import connecting, decoding, receiving, sending
    from realtime_harness.rtc.acknowledging import acknowledge_less, check_acknowledgements
    from realtime_harness.rtc.intake import intercept
    from realtime_harness.rtc.reporting import check_reports, take_over_reports

    require_attributes("connects", RTCPeerConnection, "__connect")
    decoding.wrap_decoders()
    receiving.check_receivers()
    sending.check_senders()
    check_reports()
    check_acknowledgements()

    class Peer(RTCPeerConnection):
        def __init__(self, configuration: RTCConfiguration) -> None:
            super().__init__(configuration)
            self.connecting: set[asyncio.Task[Any]] = set()

        async def _RTCPeerConnection__connect(self) -> None:
            task = asyncio.current_task()
            assert task is not None
            self.connecting.add(task)
            if self.sctp is not None:
                connecting.leave_out_last_rest(self.sctp.transport)
                acknowledge_less(self.sctp)
            for transceiver in self.getTransceivers():
                connecting.leave_out_last_rest(transceiver.receiver.transport)
                intercept(transceiver.receiver.transport)
                sending.take_over_sender(transceiver.sender)
                take_over_reports(transceiver)
                if transceiver.kind == "audio":
                    decoding.decode_on_loop(transceiver.receiver)
            try:
                await super()._RTCPeerConnection__connect()  # type: ignore[misc]
            finally:
                self.connecting.discard(task)

    return Peer


@cache
def _wrap() -> None:
    """Install the wrappers, once for each process."""
    if not available():
        raise MissingExtra("webrtc")
    import aioice.ice
    from aiortc import RTCCertificate

    gather = aioice.ice.get_host_addresses
    require_parameters("gathers addresses", gather, "use_ipv4", "use_ipv6")
    generate = RTCCertificate.generateCertificate
    require_attributes("makes certificates", RTCCertificate, "_create_ssl_context", "_key", "_cert")

    def get_host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        if _loopback_only.get():
            return ["127.0.0.1"]
        addresses: list[str] = gather(use_ipv4=use_ipv4, use_ipv6=use_ipv6)
        return addresses

    @cache
    def shared() -> RTCCertificate:
        from realtime_harness.rtc.certificates import SharedCertificate

        return SharedCertificate(generate())

    def generate_certificate(cls: type[RTCCertificate]) -> RTCCertificate:
        return shared() if _shared_certificate.get() else generate()

    aioice.ice.get_host_addresses = get_host_addresses
    wrapped: Any = classmethod(generate_certificate)
    RTCCertificate.generateCertificate = wrapped  # type: ignore[method-assign]
