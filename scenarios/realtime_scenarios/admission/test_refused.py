"""Callers who must not be let in, and how they are told."""

from __future__ import annotations

from collections.abc import Collection

from realtime_harness.checks import Check
from realtime_harness.clients import sdp
from realtime_harness.clients.websocket import Auth
from realtime_harness.journeys.admission import Knock, knock
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.admission import checks

_WEBSOCKET = [Capability.WEBSOCKET]
_NOBODYS = "sk-nobody-issued-this-key-000000000000"
_REQUEST = frozenset({4000, 4004})
_MANNERS = (checks.ONE_ERROR, checks.CLOSED, checks.ERROR_SHAPE)


@scenario(
    suite="admission",
    checks=[
        checks.NO_KEY,
        checks.KEY_NUMBER,
        checks.EMPTY_KEY,
        checks.BAD_KEY,
        checks.BAD_KEY_CODE,
        checks.BAD_KEY_REASON,
        checks.KEY_HIDDEN,
        checks.BAD_SUBPROTOCOL_KEY,
        *_MANNERS,
    ],
    needs=[*_WEBSOCKET, Capability.API_KEYS],
    stream=False,
)
async def without_a_good_key(run: ScenarioRun) -> None:
    """No key, an empty one and an unknown one get no session."""
    nobody = await knock(run, auth=Auth.NONE, name="nobody")
    if _judge_refused(run, checks.NO_KEY, nobody):
        _judge_number(run, checks.KEY_NUMBER, nobody, closes={3000}, status=401)
    empty = await knock(run, auth=Auth.NONE, headers={"Authorization": "Bearer"}, name="empty")
    _judge_refused(run, checks.EMPTY_KEY, empty)
    stranger = await knock(run, key=_NOBODYS, name="stranger")
    if _judge_refused(run, checks.BAD_KEY, stranger):
        _judge_number(run, checks.KEY_NUMBER, stranger, closes={3000}, status=401)
        _judge_code(run, checks.BAD_KEY_CODE, stranger, "invalid_api_key")
        message = str(stranger.error.get("message"))
        run.check(
            checks.KEY_HIDDEN,
            _NOBODYS not in message,
            "expected the key to be masked, got all of it",
            evidence=stranger.seq,
        )
        _judge_reason(run, stranger)
    page = await knock(run, key=_NOBODYS, auth=Auth.SUBPROTOCOL, name="page")
    _judge_refused(run, checks.BAD_SUBPROTOCOL_KEY, page)


@scenario(
    suite="admission",
    checks=[
        checks.NO_MODEL,
        checks.NO_MODEL_CODE,
        checks.UNKNOWN_MODEL,
        checks.REQUEST_NUMBER,
        checks.UNKNOWN_MODEL_CODE,
        checks.GONE_MODEL,
        checks.TRANSCRIBER,
        checks.TRANSCRIBER_TEXT,
        *_MANNERS,
    ],
    needs=_WEBSOCKET,
    stream=False,
)
async def without_a_good_model(run: ScenarioRun) -> None:
    """No model, and models that cannot hold a conversation, get no session."""
    bare = await knock(run, query={}, name="no-model")
    if _judge_refused(run, checks.NO_MODEL, bare):
        _judge_number(run, checks.REQUEST_NUMBER, bare, closes=_REQUEST)
        _judge_code(run, checks.NO_MODEL_CODE, bare, "missing_model")
    if run.target.models_are_deployments:
        for check in (
            checks.UNKNOWN_MODEL,
            checks.UNKNOWN_MODEL_CODE,
            checks.GONE_MODEL,
            checks.TRANSCRIBER,
            checks.TRANSCRIBER_TEXT,
        ):
            run.not_applicable(check, "a model is the name of a deployment, which may be any")
        return
    unknown = await knock(run, model="gpt-there-is-none", name="unknown")
    if _judge_refused(run, checks.UNKNOWN_MODEL, unknown):
        _judge_number(run, checks.REQUEST_NUMBER, unknown, closes=_REQUEST)
        _judge_code(run, checks.UNKNOWN_MODEL_CODE, unknown, "invalid_model", "model_not_found")
    gone = await knock(run, model="gpt-4o-realtime-preview", name="gone")
    _judge_refused(run, checks.GONE_MODEL, gone)
    transcriber = await knock(run, model="gpt-4o-transcribe", name="transcriber")
    _judge_refused(run, checks.TRANSCRIBER, transcriber)
    run.observe(checks.TRANSCRIBER_TEXT, transcriber.shown(), evidence=transcriber.seq)


@scenario(
    suite="admission",
    checks=[checks.UNKNOWN_CALL],
    needs=[Capability.WEBSOCKET, Capability.SIDEBAND],
    stream=False,
)
async def without_a_call(run: ScenarioRun) -> None:
    """A call that never was is not taken for a wish to have a session."""
    # The model makes it a good URL for an endpoint that does not look at call_id.
    query = {"call_id": "rtc_u0_ThereNeverWasACall0000", "model": run.target.model}
    knocked = await knock(run, query=query)
    run.check(
        checks.UNKNOWN_CALL,
        not knocked.admitted,
        "expected to be refused, got a session",
        evidence=knocked.seq,
    )


@scenario(
    suite="admission",
    checks=[
        checks.BETA_HEADER,
        checks.BETA_SUBPROTOCOL,
        checks.BETA_CODE,
        checks.REQUEST_NUMBER,
        *_MANNERS,
    ],
    needs=_WEBSOCKET,
    stream=False,
)
async def of_the_beta(run: ScenarioRun) -> None:
    """Clients that were written for the beta are told that it is gone."""
    by_header = await knock(run, headers={"OpenAI-Beta": "realtime=v1"}, name="header")
    if _judge_refused(run, checks.BETA_HEADER, by_header):
        _judge_number(run, checks.REQUEST_NUMBER, by_header, closes=_REQUEST)
        _judge_code(run, checks.BETA_CODE, by_header, "beta_api_shape_disabled")
    by_subprotocol = await knock(
        run, subprotocols=["realtime", "openai-beta.realtime-v1"], name="subprotocol"
    )
    _judge_refused(run, checks.BETA_SUBPROTOCOL, by_subprotocol)


@scenario(
    suite="admission",
    checks=[checks.BETA_PATHS],
    needs=[Capability.WEBRTC],
    stream=False,
)
async def at_the_doors_of_the_beta(run: ScenarioRun) -> None:
    """The paths of the beta lead nowhere."""
    secret = await run.signaling.request(
        "POST",
        "/realtime/sessions",
        headers={"Content-Type": "application/json"},
        content=f'{{"model": "{run.target.model}"}}',
    )
    call = await run.signaling.request(
        "POST",
        f"/realtime?model={run.target.model}",
        headers={"Content-Type": "application/sdp"},
        content=sdp.offer(),
    )
    for answer in (secret, call):
        run.check(
            checks.BETA_PATHS,
            answer.status >= 400,
            f"expected to be refused, got {answer.status}: {answer.text[:200]}",
            evidence=answer,
        )


def _judge_refused(run: ScenarioRun, check: Check, knocked: Knock) -> bool:
    """Judge that a caller was not let in, and how that was done; return whether it was refused."""
    if not run.check(
        check, not knocked.admitted, "expected to be refused, got a session", evidence=knocked.seq
    ):
        return False
    error = knocked.error
    run.check(
        checks.ERROR_SHAPE,
        isinstance(error.get("type"), str) and isinstance(error.get("message"), str),
        f"expected an error with type and message, got {knocked.shown()}",
        evidence=knocked.seq,
    )
    if knocked.by_http:
        for manner in (checks.ONE_ERROR, checks.CLOSED):
            run.not_applicable(manner, "the handshake was refused: there is no socket")
        return True
    types = [event.type for event in knocked.events]
    run.check(
        checks.ONE_ERROR,
        types == ["error"],
        f"expected one error, got {', '.join(types) or 'nothing'}",
        evidence=knocked.seq,
    )
    run.check(
        checks.CLOSED,
        knocked.closed is not None,
        f"expected to be closed, got {knocked.shown()}",
        evidence=knocked.seq,
    )
    return True


def _judge_number(
    run: ScenarioRun,
    check: Check,
    knocked: Knock,
    *,
    closes: Collection[int],
    status: int | None = None,
) -> None:
    """Judge the close code, or the status where the handshake was refused.

    That there is one is judged elsewhere.
    """
    if not knocked.by_http and knocked.closed is None:
        run.not_applicable(check, "the socket was left open")
        return
    number = knocked.number
    if knocked.by_http:
        met = number == status if status else number is not None and 400 <= number < 500
    else:
        met = number in closes
    wanted = f"{' or '.join(map(str, sorted(closes)))}, or status {status or '4xx'}"
    run.check(check, met, f"expected {wanted}, got {knocked.shown()}", evidence=knocked.seq)


def _judge_code(run: ScenarioRun, check: Check, knocked: Knock, *codes: str) -> None:
    run.check(
        check,
        knocked.error.get("code") in codes,
        f"expected {' or '.join(codes)}, got {knocked.shown()}",
        evidence=knocked.seq,
    )


def _judge_reason(run: ScenarioRun, knocked: Knock) -> None:
    if knocked.closed is None:
        run.not_applicable(checks.BAD_KEY_REASON, "there is no close frame")
        return
    wanted = "invalid_request_error.invalid_api_key"
    run.check(
        checks.BAD_KEY_REASON,
        knocked.closed.reason == wanted,
        f"expected {wanted}, got {knocked.closed.reason!r}",
        evidence=knocked.seq,
    )
