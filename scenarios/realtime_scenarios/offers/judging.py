"""How a refusal and an answer are judged, whatever the offer was."""

from __future__ import annotations

import re

from realtime_harness.checks import Check
from realtime_harness.clients import sdp
from realtime_harness.clients.sdp import MediaDescription
from realtime_harness.clients.signaling import HttpAnswer
from realtime_harness.evidence.blame import sdp_line
from realtime_harness.run import ScenarioRun
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.offers import checks

__all__ = ["hang_up", "judge_acceptance", "judge_answer", "judge_error", "judge_refusal"]

_LOCATION = re.compile(r"(https?://[^/]+)?(/[^/?#]+)*/realtime/calls/rtc_[A-Za-z0-9_]+")
_FINGERPRINT = re.compile(r"[A-Za-z0-9-]+ [0-9A-F]{2}(:[0-9A-F]{2})+")


async def judge_refusal(
    run: ScenarioRun, refused: Check, answer: HttpAnswer, *, status: int | None = None
) -> None:
    """Judge that something was refused, what the refusal looks like, and that life goes on.

    Args:
        run: the scenario's.
        refused: the check that says it has to be refused.
        answer: what was answered.
        status: the status it has to be; any 4xx if not given.

    """
    met = answer.status == status if status else 400 <= answer.status < 500
    run.check(
        refused, met, f"expected status {status or '4xx'}, got {_shown(answer)}", evidence=answer
    )
    if 200 <= answer.status < 300:
        for check in checks.REFUSAL:
            run.not_applicable(check, f"nothing was refused: status {answer.status}")
        await hang_up(run, answer)
        return
    _judge_envelope(run, answer)
    media_type = answer.headers.get("content-type", "none")
    run.check(
        checks.REFUSAL_MEDIA_TYPE,
        media_type.partition(";")[0].strip().lower() == "application/json",
        f"expected application/json, got {media_type}",
        evidence=answer,
    )
    origin = answer.headers.get("access-control-allow-origin")
    run.check(checks.REFUSAL_CORS, origin == "*", f"expected *, got {origin}", evidence=answer)
    await _judge_nothing_left(run, answer)
    good = await run.signaling.create_call(sdp.offer(), model=run.target.model)
    run.check(
        checks.GOES_ON,
        good.status < 300,
        f"expected the next, good offer to be accepted, got {_shown(good)}",
        evidence=good,
    )
    await hang_up(run, good)


async def hang_up(run: ScenarioRun, answer: HttpAnswer) -> None:
    """End the call that an offer started, if it did: nothing of ours stays on the endpoint."""
    call_id = answer.headers.get("location", "").rpartition("/")[2]
    if call_id and answer.status < 300 and Capability.HANGUP in run.target.capabilities:
        await run.signaling.hangup(call_id)


def judge_error(
    run: ScenarioRun,
    answer: HttpAnswer,
    check: Check,
    member: str,
    expected: str | None,
    *,
    within: bool = False,
) -> None:
    """Judge a member of the error object, if there is one; that there is one is judged elsewhere.

    Args:
        run: the scenario's.
        answer: a refusal.
        check: what is judged.
        member: of the object ``error``.
        expected: its value.
        within: whether it is enough that a text contains ``expected``.

    """
    if answer.status < 400 or answer.error is None:
        run.not_applicable(check, f"there is no error object: {_shown(answer)}")
        return
    got = answer.error.get(member, "nothing")
    met = str(expected) in str(got) if within else got == expected
    run.check(check, met, f"expected {expected!r}, got {got!r}", evidence=answer)


async def judge_acceptance(run: ScenarioRun, accepted: Check, answer: HttpAnswer) -> bool:
    """Judge that an offer was accepted, and end its call; return whether it was."""
    is_accepted = 200 <= answer.status < 300
    run.check(accepted, is_accepted, f"expected 201, got {_shown(answer)}", evidence=answer)
    await hang_up(run, answer)
    return is_accepted


async def judge_answer(run: ScenarioRun, offer: str, answer: HttpAnswer) -> None:
    """Judge everything about the answer to a complete offer, and end its call.

    Raises:
        TargetViolation: if the answer cannot be read.

    """
    if not await judge_acceptance(run, checks.CREATED, answer):
        return
    run.check(
        checks.CREATED, answer.status == 201, f"expected 201, got {answer.status}", evidence=answer
    )
    location = answer.headers.get("location", "none")
    run.check(
        checks.LOCATION,
        _LOCATION.fullmatch(location) is not None,
        f"expected …/realtime/calls/rtc_<id>, got {location}",
        evidence=answer,
    )
    media_type = answer.headers.get("content-type", "none")
    run.check(
        checks.ANSWER_MEDIA_TYPE,
        media_type.partition(";")[0].strip().lower() in {"application/sdp", "text/plain"},
        f"expected application/sdp or text/plain, got {media_type}",
        evidence=answer,
    )
    with run.requiring(checks.ANSWER_PARSES):
        answered = sdp.parse(answer.text)
    run.check(
        checks.ANSWER_CRLF,
        answered.crlf,
        "expected CRLF behind every line, got lines that end otherwise",
        evidence=answer,
    )
    offered = sdp.parse(offer)
    got, want = _outline(answered), _outline(offered)
    run.check(
        checks.ANSWER_SECTIONS,
        got == want,
        f"expected {want}, got {got}",
        evidence=answer,
        path=sdp_line("a=mid"),
    )
    run.check(
        checks.ANSWER_BUNDLE,
        answered.bundle == offered.bundle,
        f"expected the group {offered.bundle}, got {answered.bundle}",
        evidence=answer,
        path=sdp_line("a=group:BUNDLE"),
    )
    _judge_audio(run, offered.first("audio"), answered.first("audio"), answer)
    channel = answered.first("application")
    port = channel.get("sctp-port") if channel is not None and channel.port else None
    run.check(
        checks.ANSWER_DATA_CHANNEL,
        port is not None,
        "expected an application section that is not rejected, with an sctp-port, got none",
        evidence=answer,
        path=sdp_line("m=application" if channel is None or not channel.port else "a=sctp-port"),
    )


def _judge_audio(
    run: ScenarioRun,
    offered: MediaDescription | None,
    answered: MediaDescription | None,
    evidence: HttpAnswer,
) -> None:
    """Judge the audio section; the attributes of the bundle's transport stand in it."""
    if offered is None or answered is None:
        return
    got, want = set(answered.codecs.values()), set(offered.codecs.values())
    run.check(
        checks.ANSWER_CODECS,
        bool(got) and got <= want,
        f"expected some of {sorted(want)}, got {sorted(got)}",
        evidence=evidence,
        path=sdp_line("a=rtpmap"),
    )
    has_name = 4 <= len(answered.get("ice-ufrag") or "") <= 256
    has_password = 22 <= len(answered.get("ice-pwd") or "") <= 256
    expectations: tuple[tuple[Check, object, bool, str, str], ...] = (
        (
            checks.ANSWER_RTCP_MUX,
            answered.get("rtcp-mux"),
            answered.get("rtcp-mux") is not None,
            "the attribute rtcp-mux",
            "a=rtcp-mux",
        ),
        (
            checks.ANSWER_DIRECTION,
            answered.direction,
            answered.direction == offered.direction,
            offered.direction,
            f"a={answered.direction}",
        ),
        (
            checks.ANSWER_DTLS_ROLE,
            answered.get("setup"),
            answered.get("setup") in {"active", "passive"},
            "active or passive",
            "a=setup",
        ),
        (
            checks.ANSWER_CANDIDATES,
            answered.candidates or None,
            bool(answered.candidates),
            "at least one candidate",
            "a=candidate",
        ),
        (
            checks.ANSWER_FINGERPRINT,
            answered.get("fingerprint"),
            _FINGERPRINT.fullmatch(answered.get("fingerprint") or "") is not None,
            "a hash function and pairs of upper-case hexadecimal digits",
            "a=fingerprint",
        ),
        (
            checks.ANSWER_ICE_CREDENTIALS,
            (answered.get("ice-ufrag"), answered.get("ice-pwd")),
            has_name and has_password,
            "ice-ufrag of 4 to 256 and ice-pwd of 22 to 256 characters",
            "a=ice-pwd" if has_name else "a=ice-ufrag",
        ),
    )
    for check, value, met, expected, line in expectations:
        reason = f"expected {expected}, got {value or 'none'}"
        run.check(check, met, reason, evidence=evidence, path=sdp_line(line))


def _judge_envelope(run: ScenarioRun, answer: HttpAnswer) -> None:
    error = answer.error or {}
    wrong = [
        f"{member} {error.get(member)!r}"
        for member, types in _ENVELOPE.items()
        if not isinstance(error.get(member), types)
    ]
    run.check(
        checks.REFUSAL_ENVELOPE,
        not wrong,
        f"expected an object error with its members, got {', '.join(wrong)} in {answer.text[:200]}",
        evidence=answer,
    )


_ENVELOPE = {"message": str, "type": str, "code": str | None}


async def _judge_nothing_left(run: ScenarioRun, answer: HttpAnswer) -> None:
    """Judge that a refusal names no call and, where it can be asked, that there is none."""
    location = answer.headers.get("location")
    run.check(
        checks.REFUSAL_LEAVES_NO_CALL,
        location is None,
        f"expected no Location, got {location}",
        evidence=answer,
    )
    if run.control is not None:
        calls = (await run.control.state())["calls"]
        ours = [call["id"] for call in calls if call["user_agent"] == run.signaling.user_agent]
        run.check(
            checks.REFUSAL_LEAVES_NO_CALL,
            not ours,
            f"expected no call, got {', '.join(ours)}",
            evidence=answer,
        )


def _outline(description: sdp.SessionDescription) -> list[str]:
    return [f"{section.kind} {section.mid}" for section in description.media]


def _shown(answer: HttpAnswer) -> str:
    return f"{answer.status}: {answer.text[:200]}"
