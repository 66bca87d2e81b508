"""A service that has had enough of its caller, or trouble of its own.

Failures come in ``response.done`` and nowhere else: no ``error`` announces them (seen in
twilio-samples speech-assistant-openai-realtime-api-node#37 and openai-agents-js#1460). A
``server_error`` event comes at any time (openai-realtime-api-beta#111).
"""

from __future__ import annotations

from dataclasses import replace

from realtime_fakes.brain import Failure
from realtime_fakes.refusals import refusal
from realtime_fakes.script_rules import FAILURES
from realtime_fakes.switches import HttpReply, Switch

__all__ = ["SWITCHES"]

_no_quota = refusal("insufficient_quota")
_ROOM = 2


def _later(route: str, reply: HttpReply) -> HttpReply:
    if reply.status != 429:
        return reply
    return replace(reply, headers={**reply.headers, "Retry-After": "2"})


SWITCHES = (
    Switch(
        name="quota-exhausted",
        summary="Answers client secrets and calls with 429 `insufficient_quota`; sessions over "
        "WebSocket open, and every response in them fails with the same code.",
        refuses=True,
        policy={
            "out_of_quota": True,
            "response_failure": Failure(_no_quota.type, _no_quota.code, _no_quota.message),
        },
    ),
    Switch(
        name="rate-limited",
        summary="Lets every response fail with `rate_limit_exceeded`.",
        refuses=True,
        policy={
            "response_failure": Failure(
                "rate_limit_exceeded",
                "rate_limit_exceeded",
                "Rate limit reached for gpt-realtime in organization org-fake on tokens per min "
                "(TPM): Limit 15000000, Used 15000000, Requested 500. Please try again in 1.4s.",
            ),
        },
    ),
    Switch(
        name="full-house",
        summary=f"Has room for {_ROOM} sessions at once, and answers further ones with 429 and "
        "`Retry-After: 2`.",
        refuses=True,
        policy={"sessions_at_once": _ROOM},
        reply=_later,
    ),
    Switch(
        name="inference-rate-limited",
        summary="Lets every response fail with `inference_rate_limit_exceeded`.",
        refuses=True,
        policy={"response_failure": FAILURES["inference_rate_limit_exceeded"]},
    ),
    Switch(
        name="server-error",
        summary="Sends a `server_error` amid every response, which goes on.",
        refuses=True,
        policy={"response_error": FAILURES["server_error"]},
    ),
)
