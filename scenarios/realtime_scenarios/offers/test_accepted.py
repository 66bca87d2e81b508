"""Offers that an endpoint has to accept, and what it answers."""

from __future__ import annotations

from realtime_harness.clients import sdp
from realtime_harness.clients.signaling import Form
from realtime_harness.errors import TargetViolation
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.offers import checks
from realtime_scenarios.offers.judging import judge_acceptance, judge_answer

_WEBRTC = [Capability.WEBRTC]


@scenario(suite="offers", checks=checks.ANSWER, needs=_WEBRTC, stream=False)
async def browser(run: ScenarioRun) -> None:
    """A browser's offer, without candidates and with many codecs, is answered in full."""
    offer = sdp.offer()
    answer = await run.signaling.create_call(offer, model=run.target.model)
    await judge_answer(run, offer, answer)


@scenario(suite="offers", checks=checks.ANSWER, needs=_WEBRTC, stream=False)
async def library(run: ScenarioRun) -> None:
    """A library's offer, with candidates and few codecs, posted as SDKs do, is answered in full."""
    offer = sdp.offer(dialect=sdp.AIORTC)
    answer = await run.signaling.create_call(offer, session=_session(run), form=Form.MULTIPART)
    await judge_answer(run, offer, answer)


@scenario(
    suite="offers",
    checks=[checks.ACCEPTS_RECVONLY, checks.ANSWER_PARSES, checks.RECVONLY_DIRECTION],
    needs=_WEBRTC,
    stream=False,
)
async def recvonly(run: ScenarioRun) -> None:
    """An offer that only wants to listen is accepted."""
    offer = sdp.offer(direction="recvonly", track=False)
    answer = await run.signaling.create_call(offer, model=run.target.model)
    if await judge_acceptance(run, checks.ACCEPTS_RECVONLY, answer):
        with run.requiring(checks.ANSWER_PARSES):
            audio = sdp.parse(answer.text).first("audio")
        direction = audio.direction if audio is not None else "no audio section"
        run.observe(checks.RECVONLY_DIRECTION, f"recvonly is answered {direction}", evidence=answer)


@scenario(suite="offers", checks=[checks.ACCEPTS_TRACKLESS], needs=_WEBRTC, stream=False)
async def trackless(run: ScenarioRun) -> None:
    """An offer of a transceiver that has no track yet is accepted."""
    offer = sdp.offer(track=False)
    answer = await run.signaling.create_call(offer, model=run.target.model)
    await judge_acceptance(run, checks.ACCEPTS_TRACKLESS, answer)


@scenario(suite="offers", checks=[checks.ACCEPTS_AUDIO_ONLY], needs=_WEBRTC, stream=False)
async def audio_only(run: ScenarioRun) -> None:
    """An offer without a data channel is accepted; such a call is led over a sideband."""
    offer = sdp.offer(data_channel=False)
    answer = await run.signaling.create_call(offer, model=run.target.model)
    await judge_acceptance(run, checks.ACCEPTS_AUDIO_ONLY, answer)


@scenario(suite="offers", checks=[checks.ACCEPTS_FORM_DATA], needs=_WEBRTC, stream=False)
async def form_data(run: ScenarioRun) -> None:
    """Offer and session in a browser's FormData are accepted, though no part has a type."""
    answer = await run.signaling.create_call(
        sdp.offer(), session=_session(run), form=Form.FORM_DATA
    )
    await judge_acceptance(run, checks.ACCEPTS_FORM_DATA, answer)


@scenario(
    suite="offers",
    checks=[checks.ACCEPTS_EPHEMERAL_KEY, checks.GOES_ON],
    needs=[Capability.WEBRTC, Capability.EPHEMERAL_KEYS],
    stream=False,
)
async def ephemeral_key(run: ScenarioRun) -> None:
    """An ephemeral key opens a call by itself, and another one after an offer that was refused."""
    secret = await run.signaling.client_secret(_session(run))
    if not 200 <= secret.status < 300:
        raise TargetViolation(f"no ephemeral key to be had: {secret.status} {secret.text[:200]}")
    key = secret.json()["value"]
    answer = await run.signaling.create_call(sdp.offer(), key=key)
    if await judge_acceptance(run, checks.ACCEPTS_EPHEMERAL_KEY, answer):
        await run.signaling.create_call(sdp.offer(audio=False), key=key)
        again = await run.signaling.create_call(sdp.offer(), key=key)
        await judge_acceptance(run, checks.GOES_ON, again)


def _session(run: ScenarioRun) -> dict[str, object]:
    return {"type": "realtime", "model": run.target.model}
