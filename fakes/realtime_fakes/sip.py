"""Calls over SIP, up to the wire: a call comes in, is announced by a webhook, and is decided upon.

No SIP is spoken. The control API plays the caller, and :class:`SipCall` is what a phone would be:
it rings, is answered or rejected, hears, presses keys, is referred to somebody else, and hangs up.

Webhook, bodies and defaults are those of the OpenAI SDK (``realtime_call_incoming_webhook_event``,
``call_reject_params``, ``call_refer_params``). Its webhooks are signed as
https://www.standardwebhooks.com describes.
"""

from __future__ import annotations

import hmac
import time
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import orjson

from realtime_fakes.clock import Clock, VirtualClock
from realtime_fakes.latency import INSTANT
from realtime_fakes.refusals import refusal
from realtime_fakes.shapes import (
    Refusal,
    anything,
    by_type,
    check,
    integer,
    nullable,
    record,
    tagged,
)
from realtime_fakes.sip_voice import Mouth
from realtime_harness.audio import speech

if TYPE_CHECKING:
    from realtime_fakes.host import Host
    from realtime_fakes.service import Service

__all__ = ["KEYS", "WEBHOOK_SECRET", "Delivery", "SipCall", "Trunk", "signature"]

KEYS = "0123456789*#ABCD"
"""Of a telephone."""

WEBHOOK_SECRET = "whsec_" + b64encode(b"realtime-fake-webhook-secret").decode()
"""Signs webhooks unless the call brings a secret of its own. Known beforehand, so that an
application can be started with it."""

_USER_AGENT = "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)"
_WEBHOOK_TIMEOUT_S = 5.0
_DECLINE = 603
_RATE = 24_000
_BYTES_PER_S = 2 * _RATE
_STEP = _BYTES_PER_S // 5  # what is handed over at a time, 200 ms
_MOST_KEPT = 60 * _BYTES_PER_S
_TARGETS = ("sip:", "sips:", "tel:")


def _target_uri(value: str) -> str:
    if not value.lower().startswith(_TARGETS):
        raise Refusal("unsupported_value", reason="expected a 'sip:', 'sips:' or 'tel:' URI.")
    return value


_ACCEPT = tagged("type", {"realtime": anything})
_REJECT = record({"status_code": nullable(integer(400, 699))})
_REFER = record({"target_uri": by_type({str: _target_uri})}, required=("target_uri",))


def signature(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """Return the header ``webhook-signature`` of a webhook.

    Raises:
        ValueError: if the secret is none: ``whsec_`` and base64.

    """
    prefix, _, coded = secret.rpartition("_")
    try:
        key = b64decode(coded, validate=True)
    except NotBase64:
        key = b""
    if prefix != "whsec" or not key:
        raise ValueError("a webhook secret is 'whsec_' and base64")
    digest = hmac.new(key, f"{webhook_id}.{timestamp}.".encode() + body, sha256).digest()
    return "v1," + b64encode(digest).decode()


class Delivery(NamedTuple):
    """What became of a webhook."""

    url: str
    webhook_id: str
    status: int | None
    """Of the receiver's reply; ``None`` if there was none."""
    error: str | None
    """Why there was none."""


@dataclass(slots=True, eq=False, kw_only=True)
class SipCall:
    """One call, and the phone at its far end.

    It is the :class:`~realtime_fakes.host.Player` and the :class:`~realtime_fakes.calls.FarEnd` of
    its session.
    """

    id: str
    headers: tuple[tuple[str, str], ...]
    """Of the INVITE, in order."""
    clock: Clock
    state: str = "ringing"
    """``ringing``, ``answered``, ``rejected``, ``referred`` or ``ended``."""
    status_code: int | None = None
    """SIP response that decided it."""
    referred_to: str | None = None
    webhook: Delivery | None = None
    mouth: Mouth | None = None
    """Of the caller, once the call is answered."""
    _heard: bytearray = field(default_factory=bytearray)
    _heard_bytes: int = 0
    _silent_at: float = 0.0

    @property
    def sent(self) -> dict[str, int]:
        """There is no RTP to a simulated phone."""
        return {"frames": 0, "late": 0}

    def play(self, pcm: bytes) -> None:
        """Hear 24 kHz mono PCM16; it sounds for as long as it lasts."""
        self._heard += pcm
        self._heard_bytes += len(pcm)
        if len(self._heard) > 2 * _MOST_KEPT:
            del self._heard[:-_MOST_KEPT]
        self._silent_at = max(self._silent_at, self.clock.now()) + len(pcm) / _BYTES_PER_S

    def clear(self) -> None:
        """Do not hear what has not sounded yet."""
        now = self.clock.now()
        unheard = min(2 * ceil(max(0.0, self._silent_at - now) * _RATE), len(self._heard))
        del self._heard[len(self._heard) - unheard :]
        self._heard_bytes -= unheard
        self._silent_at = now

    def words(self) -> str:
        """Return what the caller was told last, a minute of it at least, heard or still to come."""
        return speech.decode(bytes(self._heard), _RATE)

    async def close(self) -> None:
        """Put the phone down. Idempotent."""
        if self.mouth is not None:
            self.mouth.stop()
        if self.state == "answered":
            self.state = "ended"

    async def cut(self) -> None:
        """Lose the line. Idempotent."""
        await self.close()

    def describe(self) -> dict[str, Any]:
        """Return what only a SIP call has, for the control API."""
        return {
            "headers": [{"name": name, "value": value} for name, value in self.headers],
            "status_code": self.status_code,
            "referred_to": self.referred_to,
            "heard_ms": self._heard_bytes * 1000 // _BYTES_PER_S,
            "webhook": None if self.webhook is None else self.webhook._asdict(),
        }


class Trunk:
    """Where SIP calls of a service come in."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._calls: dict[str, SipCall] = {}
        if isinstance(service.clock, VirtualClock):
            service.clock.serve(self._next_due, self._run)

    def __iter__(self) -> Iterator[SipCall]:
        """Go through all calls, those that are over included."""
        return iter(self._calls.values())

    async def ring(
        self,
        headers: Iterable[tuple[str, str]],
        *,
        webhook_url: str | None,
        webhook_secret: str = WEBHOOK_SECRET,
    ) -> SipCall:
        """Let a call come in; tell the webhook, and wait for its reply for a few seconds.

        Args:
            headers: of the INVITE.
            webhook_url: who is told; ``None`` for nobody.
            webhook_secret: signs what is told.

        Raises:
            ValueError: if the secret is none.

        """
        signature(webhook_secret, "", 0, b"")
        service = self._service
        call = SipCall(id=service.new_call_id(), headers=tuple(headers), clock=service.clock)
        self._calls[call.id] = call
        if webhook_url is not None:
            webhook_id = "wh_" + service.ids.letters()
            call.webhook = Delivery(webhook_url, webhook_id, None, "no reply yet")
            call.webhook = await service.spawn(
                _deliver(webhook_url, webhook_secret, webhook_id, self._announcement(call))
            )
        return call

    def get(self, call_id: str) -> SipCall | None:
        """Return the call of that id, over or not."""
        return self._calls.get(call_id)

    def accept(self, call_id: str, session: dict[str, Any], *, key: str | None = None) -> Host:
        """Answer a ringing call with a session; ``key`` is what it was asked for with.

        Raises:
            ApiError: if no such call is ringing, or the configuration is refused: it rings on then.

        """
        call = self._in_state(call_id, "ringing")
        check(_ACCEPT, session, "session")
        service = self._service
        host = service.open_session(session, model=None, call_id=call.id, key=key)
        host.player = call
        call.mouth = Mouth(service.clock, host.receive_audio)
        service.calls.join(call.id, host, call)
        call.state, call.status_code = "answered", 200
        return host

    def reject(self, call_id: str, body: dict[str, Any]) -> None:
        """Decline a ringing call.

        Raises:
            ApiError: if no such call is ringing, or the body is wrong.

        """
        call = self._in_state(call_id, "ringing")
        status = check(_REJECT, body).get("status_code")
        call.state, call.status_code = "rejected", _DECLINE if status is None else status

    def refer(self, call_id: str, body: dict[str, Any]) -> None:
        """Send the caller of an answered call to somebody else, which ends its session.

        Raises:
            ApiError: if no such call is answered, or the body is wrong.

        """
        call = self._in_state(call_id, "answered")
        call.referred_to = check(_REFER, body)["target_uri"]
        call.state = "referred"
        going_on = self._service.calls.get(call_id)
        if going_on is not None:
            going_on.host.end()

    def give_up(self, call: SipCall) -> None:
        """Let the caller hang up, answered or not."""
        going_on = self._service.calls.get(call.id)
        if going_on is not None:
            going_on.host.end(cause="caller")
        elif call.state == "ringing":
            call.state = "ended"

    def press(self, call: SipCall, keys: str) -> None:
        """Let the caller press keys, which the session is told one by one.

        Raises:
            ValueError: for a key that no telephone has, or a call that is not answered.

        """
        if unknown := [key for key in keys if key not in KEYS]:
            raise ValueError(f"no telephone has the key {unknown[0]!r}; there are {KEYS}")
        received_at = int(self._service.clock.now())
        for key in keys:
            # The one event without an id (OpenAI SDK,
            # ``input_audio_buffer_dtmf_event_received_event``).
            self._host(call).announce(
                {
                    "type": "input_audio_buffer.dtmf_event_received",
                    "event": key,
                    "received_at": received_at,
                }
            )

    def say(
        self, call: SipCall, text: str, *, silence_ms: int, is_paced: bool | None = None
    ) -> None:
        """Let the caller say ``text``, and then nothing for a while.

        Args:
            call: that is answered.
            text: what is said.
            silence_ms: how long it is silent then.
            is_paced: whether that takes its time, and goes on when this returns, or is heard all
                at once; ``None`` for what fits the latency of the service.

        Raises:
            ValueError: for a call that is not answered.

        """
        host = self._host(call)
        if is_paced is None:
            is_paced = host.policy.latency is not INSTANT
        pcm = speech.encode(text) + bytes(_BYTES_PER_S * silence_ms // 1000 // 2 * 2)
        if is_paced and call.mouth is not None:
            if call.mouth.say(pcm) and not isinstance(call.clock, VirtualClock):
                self._service.spawn(call.mouth.speak())
            return
        for start in range(0, len(pcm), _STEP):
            host.receive_audio(pcm[start : start + _STEP])

    def _next_due(self) -> float | None:
        mouths = [call.mouth for call in self._calls.values() if call.mouth is not None]
        return min((mouth.due for mouth in mouths if mouth.due is not None), default=None)

    def _run(self) -> None:
        for call in list(self._calls.values()):
            if call.mouth is not None:
                call.mouth.run()

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()

    def _host(self, call: SipCall) -> Host:
        going_on = self._service.calls.get(call.id)
        if going_on is None:
            raise ValueError(f"call {call.id!r} is {call.state}, not answered")
        return going_on.host

    def _in_state(self, call_id: str, state: str) -> SipCall:
        call = self._calls.get(call_id)
        if call is None or call.state != state:
            raise refusal("call_id_not_found")
        return call

    def _announcement(self, call: SipCall) -> bytes:
        ids = self._service.ids
        return orjson.dumps(
            {
                "object": "event",
                "id": "evt_" + ids.letters(),
                "type": "realtime.call.incoming",
                "created_at": int(self._service.clock.now()),
                "data": {
                    "call_id": call.id,
                    "sip_headers": [{"name": name, "value": value} for name, value in call.headers],
                    "sip_media_security": "rtp",
                },
            }
        )


async def _deliver(url: str, secret: str, webhook_id: str, body: bytes) -> Delivery:
    # The receiver compares with its own clock and refuses what is five minutes off, so this is the
    # machine's time even where the service's is virtual.
    timestamp = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": _USER_AGENT,
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, webhook_id, timestamp, body),
    }
    timeout = aiohttp.ClientTimeout(total=_WEBHOOK_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as client,
            client.post(url, data=body, headers=headers) as reply,
        ):
            return Delivery(url, webhook_id, reply.status, None)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return Delivery(url, webhook_id, None, f"{type(error).__name__}: {error}")
