"""Offers that an endpoint has to refuse, and keys that must not open a call."""

from __future__ import annotations

import json

from realtime_harness.clients import sdp
from realtime_harness.clients.signaling import NO_KEY
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.offers import checks
from realtime_scenarios.offers.judging import hang_up, judge_error, judge_refusal

_WEBRTC = [Capability.WEBRTC]


@scenario(
    suite="offers",
    checks=[
        checks.MISSING_AUDIO_STATUS,
        checks.MISSING_AUDIO_TYPE,
        checks.MISSING_AUDIO_CODE,
        checks.MISSING_AUDIO_PARAM,
        checks.MISSING_AUDIO_MESSAGE,
        *checks.REFUSAL,
    ],
    needs=_WEBRTC,
    stream=False,
)
async def data_channel_only(run: ScenarioRun) -> None:
    """An offer with nothing but a data channel is refused, and says that audio is missing."""
    offer = sdp.offer(audio=False)
    answer = await run.signaling.create_call(offer, model=run.target.model)
    judge_error(run, answer, checks.MISSING_AUDIO_TYPE, "type", "invalid_request_error")
    judge_error(run, answer, checks.MISSING_AUDIO_CODE, "code", "invalid_offer")
    judge_error(run, answer, checks.MISSING_AUDIO_PARAM, "param", None)
    judge_error(
        run,
        answer,
        checks.MISSING_AUDIO_MESSAGE,
        "message",
        "did not have an audio media section",
        within=True,
    )
    await judge_refusal(run, checks.MISSING_AUDIO_STATUS, answer, status=400)


@scenario(suite="offers", checks=[checks.VIDEO_ONLY, *checks.REFUSAL], needs=_WEBRTC, stream=False)
async def video_only(run: ScenarioRun) -> None:
    """An offer with video and a data channel, but no audio, is refused."""
    offer = sdp.offer(audio=False, video=True)
    answer = await run.signaling.create_call(offer, model=run.target.model)
    await judge_refusal(run, checks.VIDEO_ONLY, answer)


@scenario(suite="offers", checks=[checks.UNREADABLE, *checks.REFUSAL], needs=_WEBRTC, stream=False)
async def empty_body(run: ScenarioRun) -> None:
    """A body without a byte is refused."""
    answer = await run.signaling.create_call("", model=run.target.model)
    await judge_refusal(run, checks.UNREADABLE, answer)


@scenario(suite="offers", checks=[checks.UNREADABLE, *checks.REFUSAL], needs=_WEBRTC, stream=False)
async def not_sdp(run: ScenarioRun) -> None:
    """A body that is labelled SDP and is prose is refused."""
    answer = await run.signaling.create_call("Hello, is it me?\r\n", model=run.target.model)
    await judge_refusal(run, checks.UNREADABLE, answer)


@scenario(
    suite="offers",
    checks=[checks.UNREADABLE, checks.UNREADABLE_STATUS, *checks.REFUSAL],
    needs=_WEBRTC,
    stream=False,
)
async def cut_off(run: ScenarioRun) -> None:
    """An offer that breaks off in the middle of a line is refused."""
    offer = sdp.truncated(sdp.offer())
    answer = await run.signaling.create_call(offer, model=run.target.model)
    run.check(
        checks.UNREADABLE_STATUS,
        answer.status == 400,
        f"expected 400, got {answer.status}",
        evidence=answer,
    )
    await judge_refusal(run, checks.UNREADABLE, answer)


@scenario(suite="offers", checks=[checks.TRIMMED], needs=_WEBRTC, stream=False)
async def trimmed(run: ScenarioRun) -> None:
    """A good offer without its last line's end shows how strict the endpoint reads."""
    offer = sdp.without_final_crlf(sdp.offer())
    answer = await run.signaling.create_call(offer, model=run.target.model)
    await hang_up(run, answer)
    run.observe(checks.TRIMMED, f"status {answer.status}: {answer.text[:200]}", evidence=answer)


@scenario(
    suite="offers",
    checks=[checks.WRONG_CONTENT_TYPE, *checks.REFUSAL],
    needs=_WEBRTC,
    stream=False,
)
async def wrong_content_type(run: ScenarioRun) -> None:
    """An offer inside a JSON document is refused."""
    answer = await run.signaling.create_call(
        json.dumps({"sdp": sdp.offer()}), model=run.target.model, content_type="application/json"
    )
    await judge_refusal(run, checks.WRONG_CONTENT_TYPE, answer)


@scenario(
    suite="offers",
    checks=[checks.NO_KEY_STATUS, *checks.REFUSAL],
    needs=[*_WEBRTC, Capability.API_KEYS],
    stream=False,
)
async def no_key(run: ScenarioRun) -> None:
    """A good offer without any key is refused."""
    answer = await run.signaling.create_call(sdp.offer(), model=run.target.model, key=NO_KEY)
    await judge_refusal(run, checks.NO_KEY_STATUS, answer, status=401)


@scenario(
    suite="offers",
    checks=[checks.BAD_KEY_STATUS, checks.BAD_KEY_CODE, *checks.REFUSAL],
    needs=[*_WEBRTC, Capability.API_KEYS],
    stream=False,
)
async def bad_key(run: ScenarioRun) -> None:
    """A good offer with a key that nobody issued is refused."""
    answer = await run.signaling.create_call(
        sdp.offer(), model=run.target.model, key="sk-nobody-issued-this-key-000000000000"
    )
    judge_error(run, answer, checks.BAD_KEY_CODE, "code", "invalid_api_key")
    await judge_refusal(run, checks.BAD_KEY_STATUS, answer, status=401)


@scenario(suite="offers", checks=[checks.NO_MODEL, *checks.REFUSAL], needs=_WEBRTC, stream=False)
async def no_model(run: ScenarioRun) -> None:
    """A bare offer with a standard key that names no model is refused."""
    if run.target.calls_need_ephemeral_key:
        for check in (checks.NO_MODEL, *checks.REFUSAL):
            run.not_applicable(check, "standard keys open no calls, and others name a model")
        return
    answer = await run.signaling.create_call(sdp.offer())
    await judge_refusal(run, checks.NO_MODEL, answer)
