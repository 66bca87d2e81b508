"""Profiles: how the endpoints of vendors legally differ, each a value of :class:`Policy`.

Sources of ``azure-ga``: pydantic-ai cassettes ``test_azure_*`` (July 2026), its
``docs/realtime/azure.md``, and a probe of the service (https://github.com/swigerb/SonicAIDriveThru).
"""

from __future__ import annotations

from dataclasses import dataclass

from realtime_fakes.policy import Policy

__all__ = ["DEFAULT_PROFILE", "PROFILES", "Profile"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One vendor's endpoint at one time."""

    name: str
    summary: str
    policy: Policy


DEFAULT_PROFILE = "openai-2026-09"

_TRANSCRIBERS = ("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe")
"""Deployments that transcribe are named after their models. Listed in ``docs/choices.md``."""

_ALL = (
    Profile(DEFAULT_PROFILE, "OpenAI's service in September 2026.", Policy()),
    Profile(
        "azure-ga",
        "Azure OpenAI's GA API: keys refused by HTTP, calls with ephemeral keys only, no rate "
        "limits, webrtcfilter.",
        Policy(
            roots=("/openai/v1", "/v1"),
            request_id_headers=("apim-request-id",),
            refuse_in_socket=False,
            read_api_key=True,
            call_with_standard_key=False,
            hexadecimal_call_ids=True,
            name_deployments=True,
            transcription_deployments=_TRANSCRIBERS,
            filter_on_request=True,
            further_client_events=("transcription_session.update",),
            number_errors=False,
            repeat_part_as_content=True,
            send_rate_limits=False,
        ),
    ),
)

PROFILES: dict[str, Profile] = {profile.name: profile for profile in _ALL}
"""By name."""
