"""HTTP side of the API: ephemeral keys, calls, hang-up, and any other request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlencode

import httpx2

from realtime_harness.clients.transport import ssl_context, unreachable
from realtime_harness.errors import ConnectionLost, ConnectionRefused, EventNotReceived
from realtime_harness.evidence import MASK, Direction, Entry, Kind, Lane, Recorder
from realtime_harness.targets.retry import NEVER, Retry
from realtime_harness.targets.target import Target

__all__ = ["NO_KEY", "Form", "HttpAnswer", "Key", "NoKey", "Signaling"]


class NoKey(Enum):
    """Type of :data:`NO_KEY`."""

    NO_KEY = "no key"


NO_KEY: Final = NoKey.NO_KEY
"""Show no key at all."""

Key = str | NoKey | None
"""An API key, :data:`NO_KEY`, or ``None`` for the target's own."""


class Form(Enum):
    """The shapes in which an offer is posted."""

    SDP = "sdp"
    """The bare offer, ``application/sdp``."""
    FORM_DATA = "form-data"
    """What a browser's ``FormData`` sends: parts without a content type."""
    MULTIPART = "multipart"
    """What the ``openai`` SDKs send: parts with a content type each, without a file name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """An HTTP response, as it came."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; several of one name are joined by ``", "``."""
    body: bytes
    seq: int
    """Its line in the evidence."""
    elapsed_ms: float
    """From the start of the request to the last byte of the body."""

    @property
    def text(self) -> str:
        """The body as UTF-8; what is not UTF-8 is replaced."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """Return the parsed body.

        Raises:
            ValueError: if it is not JSON.

        """
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any] | None:
        """The object below ``error`` in the body, or ``None`` if there is no such object."""
        try:
            body = self.json()
        except ValueError:
            return None
        error = body.get("error") if isinstance(body, dict) else None
        return error if isinstance(error, dict) else None


class Signaling:
    """Makes requests to a target; every one is recorded, whatever becomes of it.

    Answers of any status are returned. An asynchronous context manager that closes its connections.

    Args:
        target: the endpoint.
        recorder: where requests and answers are written down.
        timeout_s: bound on each request, seconds.
        user_agent: says to the endpoint's operators who asks; a fake lists it with each call.

    """

    def __init__(
        self,
        target: Target,
        recorder: Recorder,
        *,
        timeout_s: float = 15.0,
        user_agent: str = "realtime-harness",
    ) -> None:
        self.user_agent = user_agent
        self._target = target
        self._recorder = recorder
        self._timeout_s = timeout_s
        self._client = httpx2.AsyncClient(
            verify=ssl_context(target),
            timeout=timeout_s,
            # A proxy of the environment must not stand between us and an endpoint on this machine.
            trust_env=not target.is_loopback,
            headers={"User-Agent": user_agent},
        )

    async def __aenter__(self) -> Signaling:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._client.aclose()

    async def client_secret(
        self,
        session: Mapping[str, Any] | None = None,
        *,
        expires_after_s: int | None = None,
        key: Key = None,
    ) -> HttpAnswer:
        """Ask for an ephemeral key (``POST /realtime/client_secrets``).

        Args:
            session: configuration bound to the key; a session of the target's model if not given.
            expires_after_s: how long it may start sessions, seconds; the endpoint's default if not
                given.
            key: whose authority it is.

        """
        body: dict[str, Any] = {
            "session": dict(session)
            if session is not None
            else {"type": "realtime", "model": self._target.model}
        }
        if expires_after_s is not None:
            body["expires_after"] = {"anchor": "created_at", "seconds": expires_after_s}
        return await self.request(
            "POST",
            "/realtime/client_secrets",
            headers={"Content-Type": "application/json"},
            content=json.dumps(body),
            key=key,
            retry=self._target.retry,
        )

    async def create_call(
        self,
        sdp: str | bytes,
        *,
        session: Mapping[str, Any] | None = None,
        key: Key = None,
        model: str | None = None,
        form: Form = Form.SDP,
        content_type: str | None = None,
    ) -> HttpAnswer:
        """Post an offer (``POST /realtime/calls``).

        Args:
            sdp: the offer, sent byte for byte.
            session: configuration of the call; needs a form with parts.
            key: standard or ephemeral key; if not given the target's own, or one made for the call
                where the target asks for that.
            model: the ``model`` parameter of the query; none is sent if not given.
            form: the shape of the body.
            content_type: says another media type than the body has, for offers meant to be wrong.

        Raises:
            ConnectionRefused: if the target asks for an ephemeral key and makes none.

        """
        if key is None and self._target.calls_need_ephemeral_key:
            key = await self._key_for_call(model)
        query = {"model": model} if model else {}
        if self._target.profile.filters_calls:
            query["webrtcfilter"] = "on"
        path = "/realtime/calls" + (f"?{urlencode(query)}" if query else "")
        raw = sdp.encode() if isinstance(sdp, str) else sdp
        if form is Form.SDP:
            if session is not None:
                raise ValueError("a bare offer has no room for a session: use a form with parts")
            headers, content = {"Content-Type": "application/sdp"}, raw
        else:
            parts = [("sdp", "application/sdp", raw)]
            if session is not None:
                parts.append(("session", "application/json", json.dumps(dict(session)).encode()))
            headers, content = _multipart(parts, typed=form is Form.MULTIPART)
        if content_type is not None:
            headers["Content-Type"] = content_type
        return await self.request(
            "POST",
            path,
            headers={"Accept": "application/sdp", **headers},
            content=content,
            key=key,
            retry=self._target.retry,
        )

    async def _key_for_call(self, model: str | None) -> str:
        answer = await self.client_secret(
            {"type": "realtime", "model": model or self._target.model}
        )
        body = answer.json() if answer.status == 200 else {}
        if not isinstance(body.get("value"), str):
            raise ConnectionRefused(
                lane="client secret", status=answer.status, detail=answer.text[:500], answer=answer
            )
        return str(body["value"])

    async def hangup(self, call_id: str, *, key: Key = None) -> HttpAnswer:
        """End a call (``POST /realtime/calls/{call_id}/hangup``)."""
        return await self.request("POST", f"/realtime/calls/{call_id}/hangup", key=key)

    async def preflight(self, path: str, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """Ask as a browser does before a request from a page of another origin (``OPTIONS``)."""
        asked = {
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        return await self.request("OPTIONS", path, headers={**asked, **(headers or {})}, key=NO_KEY)

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: str | bytes | None = None,
        key: Key = None,
        retry: Retry = NEVER,
    ) -> HttpAnswer:
        """Make a request below the target's base URL and return the answer, of whatever status.

        Args:
            method: HTTP method.
            path: below the base URL, such as ``/realtime/calls``; may have a query.
            headers: in addition to those that show the key.
            content: the body.
            key: what to authenticate with.
            retry: how it is made again if the answer says that it may work another time; every
                attempt is recorded, and the answer to the last one is returned.

        Raises:
            TargetUnreachable: if nothing answers at that address.
            EventNotReceived: if the answer does not come in time.
            ConnectionLost: if the endpoint breaks the connection off.

        """
        attempt = 0
        while True:
            attempt += 1
            answer = await self._ask(method, path, headers or {}, content, key)
            pause_s = retry.pause_s(attempt, answer.status, answer.headers.get("retry-after"))
            if pause_s is None:
                return answer
            self._recorder.note(
                f"{method} {path} is made again in {pause_s:.3g} s, as the answer was "
                f"{answer.status}: attempt {attempt + 1} of {retry.attempts}"
            )
            await asyncio.sleep(pause_s)

    async def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: str | bytes | None,
        key: Key,
    ) -> HttpAnswer:
        url, shown_url, sent = self._addressed(path, headers, key)
        request = self._client.build_request(method, url, headers=sent, content=content)
        asked = self._record(
            Direction.SENT,
            Kind.REQUEST,
            {"method": method, "url": shown_url, "headers": sent, "body": _readable(content)},
        )
        what = f"answer to {method} {path}"
        try:
            response = await self._client.send(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
            raise unreachable(self._target, shown_url, error) from error
        except httpx2.TimeoutException:
            raise EventNotReceived(
                expected=what, lane="http", timeout_s=self._timeout_s, seen=[]
            ) from None
        except httpx2.TransportError as error:
            raise ConnectionLost(
                lane="http", code=None, reason=str(error), while_doing=f"waiting for the {what}"
            ) from error
        now = self._recorder.now_ns()
        _register_secrets(response.content, self._recorder)
        received = {name.lower(): value for name, value in response.headers.items()}
        seq = self._record(
            Direction.RECEIVED,
            Kind.RESPONSE,
            {
                "status": response.status_code,
                "headers": received,
                "body": _readable(response.content),
            },
            t_ns=now,
        ).seq
        return HttpAnswer(
            status=response.status_code,
            headers=received,
            body=response.content,
            seq=seq,
            elapsed_ms=(now - asked.t_ns) / 1e6,
        )

    def _addressed(
        self, path: str, headers: Mapping[str, str], key: Key
    ) -> tuple[str, str, dict[str, str]]:
        """Return a URL, the same without the key, and all headers to be sent."""
        shown_url = url = self._target.http_url(path)
        secret = self._target.api_key if key is None else key
        sent = dict(headers)
        if isinstance(secret, str):
            style = self._target.profile.key_style
            self._recorder.redactor.register(secret)
            sent |= style.headers(secret)
            shows = style.query(secret)
            url = self._target.http_url(path, **shows)
            shown_url = self._target.http_url(path, **dict.fromkeys(shows, MASK))
        return url, shown_url, sent

    def _record(
        self, direction: Direction, kind: Kind, data: dict[str, Any], t_ns: int | None = None
    ) -> Entry:
        return self._recorder.record(Lane.HTTP, "http", direction, kind, data, t_ns=t_ns)


def _multipart(parts: list[tuple[str, str, bytes]], *, typed: bool) -> tuple[dict[str, str], bytes]:
    """Write a form by hand: the parts' headers are what the forms differ in."""
    boundary = "realtime-harness-5f1d4c0b"
    body = bytearray()
    for name, media_type, content in parts:
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n'.encode()
        if typed:
            body += f"Content-Type: {media_type}\r\n".encode()
        body += b"\r\n" + content + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, bytes(body)


def _readable(content: str | bytes | None) -> str:
    if content is None:
        return ""
    return content if isinstance(content, str) else content.decode(errors="replace")


def _register_secrets(body: bytes, recorder: Recorder) -> None:
    """Register the ephemeral key of an answer before it is written down, whatever its format."""
    try:
        answer = json.loads(body)
    except ValueError:
        return
    if isinstance(answer, dict) and "session" in answer and isinstance(answer.get("value"), str):
        recorder.redactor.register(answer["value"])
