"""Looking before a run whether anything is at the target's address, and what it is."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import httpx2

from realtime_harness.clients.transport import ssl_context
from realtime_harness.errors import TargetUnreachable
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.target import Target, settings_of

__all__ = ["reach"]


def reach(target: Target, *, timeout_s: float = 5.0) -> Target:
    """Return ``target``, with the control API claimed if it is a fake on this machine.

    Any HTTP answer will do: what it says is for the suites to judge.

    Raises:
        TargetUnreachable: if there is none.

    """
    try:
        with httpx2.Client(
            verify=ssl_context(target),
            timeout=timeout_s,
            trust_env=not target.is_loopback,
        ) as client:
            client.get(target.base_url)
            if not target.is_loopback or target.control_url is not None:
                return target
            control_url = _control_url(target)
            answer = client.get(control_url + "/state")
            # Asked of any server on this machine, so its answer is believed only if it is ours.
            if answer.status_code == 200 and "clock" in answer.text:
                state = answer.json()
                return replace(
                    target,
                    switches={kind: [*map(str, state.get(kind, []))] for kind in _SWITCHES},
                    settings=settings_of(state),
                    control_url=control_url,
                    capabilities=target.capabilities | {Capability.CONTROL},
                    mcp_server_url=target.mcp_server_url or "builtin",
                )
    except httpx2.HTTPError as error:
        raise TargetUnreachable(url=target.base_url, detail=str(error) or repr(error)) from error
    return target


_SWITCHES = ("defects", "behaviours", "faults")


def _control_url(target: Target) -> str:
    """Return where a fake with this base URL has its control API."""
    parts = urlsplit(target.base_url)
    # A further service of a fake is below its control API: …/_fake/services/<name>/v1.
    root = parts.path.removesuffix("/v1").removesuffix("/openai")
    path = root if "/_fake/" in parts.path else "/_fake"
    return f"{parts.scheme}://{parts.netloc}{path}"
