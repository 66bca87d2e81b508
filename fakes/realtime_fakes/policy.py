"""Every decision of the fake that a profile, a behaviour or a defect may change, in one table.

The code asks ``policy.<field>`` where it decides; nothing else distinguishes a right service from a
wrong one. A profile is a set of field values that a real vendor has; a behaviour one that is legal
but rude; a defect one that violates the protocol. What cannot be said as a value (an event dropped,
a field renamed) is a *tap* on what leaves the service: see :mod:`realtime_fakes.switches`.
"""

from __future__ import annotations

from dataclasses import dataclass

from realtime_fakes.brain import Failure
from realtime_fakes.latency import INSTANT, Latency

__all__ = ["Policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The decisions, with the values of a right service (profile ``openai-2026-09``).

    Fields are added where a decision is made; each says what it decides and, when the protocol
    leaves a choice, that ``docs/choices.md`` lists it.
    """

    answer_media_type: str = "text/plain; charset=utf-8"
    """Of the SDP answer. OpenAI was recorded with ``text/plain``, its documentation says
    ``application/sdp``; clients must not depend on it."""

    refuse_in_socket: bool = True
    """Whether a WebSocket caller is refused by an ``error`` event and a close code, as OpenAI does,
    or by the status of the handshake, as Azure does."""

    roots: tuple[str, ...] = ("/v1",)
    """Below which paths the API is; the first is the one that is announced."""

    overlook: tuple[str, ...] = ()
    """Refusals of WebSocket callers that are not made, so that these are let in: ``key_missing``,
    ``key_empty``, ``long_key`` (unknown, and as long as a good one), ``subprotocol_key``,
    ``beta_header``, ``beta_subprotocol``, ``transcription_model``, and else by their code."""

    refused_intents: tuple[str, ...] = ()
    """Values of ``intent`` that are taken for unknown."""

    refusal_codes: tuple[int, int, int] = (3000, 4000, 4004)
    """Close codes of refusals in the socket: of a key, of a request, of a model."""

    explain_refusal: bool = True
    """Whether the close frame of a refusal names its reason."""

    close_refused: bool = True
    """Whether a caller who is refused in the socket is closed."""

    subprotocol: str = "realtime"
    """What the subprotocol starts with that is selected, if it is offered; ``realtime`` is selected
    otherwise. Empty: none is selected."""

    key_lifetimes_s: tuple[int, int, int] = (10, 600, 7200)
    """Shortest, default and longest lifetime of an ephemeral key, seconds (OpenAI SDK, docstring of
    ``client_secret_create_params``)."""

    key_grace_s: float = 0.0
    """Seconds for which an ephemeral key works beyond its expiry."""

    single_use_keys: tuple[str, ...] = ()
    """Where an ephemeral key starts one session only: ``websocket``, ``call``."""

    session_id_prefix: str = "sess_"
    """What the ids of sessions start with that are opened over WebSocket."""

    ephemeral_prefix: str = "ek_"
    """What ephemeral keys start with."""

    ephemeral_opens_websocket: bool = True
    """Whether an ephemeral key opens a session over WebSocket."""

    unread_subprotocol_keys: tuple[str, ...] = ()
    """What keys start with that are not seen as a subprotocol."""

    end_with_key: bool = False
    """Whether a session ends when the ephemeral key that started it expires."""

    mint_with_ephemeral_keys: bool = False
    """Whether an ephemeral key may ask for further ones."""

    request_id_headers: tuple[str, ...] = ()
    """Headers of replies that have an id of the request, beside ``X-Request-Id``."""

    read_api_key: bool = False
    """Whether a key may also be shown in a header or query parameter ``api-key``."""

    call_with_standard_key: bool = True
    """Whether a standard key opens a call, or ephemeral ones alone do."""

    hexadecimal_call_ids: bool = False
    """Whether a call's id is ``rtc_`` and 32 hexadecimal digits, unrelated to its session's."""

    name_deployments: bool = False
    """Whether ``model`` is the name of a deployment, which may be any."""

    filter_on_request: bool = False
    """Whether ``webrtcfilter=on`` keeps from the data channel of a call what is not for users."""

    further_client_events: tuple[str, ...] = ()
    """Names of events that are listed as known, and do not fit any session."""

    number_errors: bool = True
    """Whether an ``error`` event has an id of its own, or null."""

    ping_interval_s: float = 20.0
    """Seconds between two pings to a WebSocket client."""

    longest_silence_s: float = 40.0
    """Seconds after a ping that a WebSocket client may leave it without a pong, or anything else;
    then it is closed. Looked at with each ping. Listed in ``docs/choices.md``."""

    sideband_delay_s: float = 0.0
    """Seconds after the answer until a sideband can attach; before, the call is unknown. OpenAI's
    calls become attachable when media flows. Listed in ``docs/choices.md``."""

    sidebands_at_once: int | None = None
    """How many sidebands a call takes at a time; ``None`` for any number."""

    sideband_needs_key: bool = True
    """Whether a sideband has to show a key that is good."""

    read_key_subprotocol: bool = True
    """Whether a WebSocket client may show its key as a subprotocol, as browsers do."""

    end_with_sideband: bool = False
    """Whether a call ends when a sideband leaves."""

    hangup_reaches_caller: bool = True
    """Whether a hang-up ends the caller's connection, or its sidebands alone."""

    hangup_code: int = 1000
    """Close code for the sidebands of a call that is hung up."""

    sidebands_outlive: tuple[str, ...] = ()
    """What leaves the sidebands of a call open: ``hangup``, ``caller`` (who leaves)."""

    offer_needs: tuple[str, ...] = ("audio",)
    """Kinds of sections of which an offer must have one."""

    offer_lines_needed: tuple[str, ...] = ()
    """What lines of an offer must begin with, each at least once, beyond what is needed anyway."""

    offer_lines_refused: tuple[str, ...] = ()
    """What no line of an offer may begin with."""

    read_untyped_parts: bool = True
    """Whether parts of a form may lack a content type, as those of browsers do."""

    call_with_ephemeral_key: bool = True
    """Whether an ephemeral key opens a call."""

    refusal_spends_key: bool = False
    """Whether an ephemeral key is used up by an offer that is refused."""

    keep_refused_calls: bool = False
    """Whether an offer that is refused stays behind as a call."""

    greet_after_sound: bool = False
    """Whether a data channel joins its session only when the caller's first sound came in."""

    largest_message: int | None = None
    """Bytes above which a message closes the data channel; ``None`` for no limit."""

    play_sound: bool = True
    """Whether calls play what they answer, or as much silence."""

    send_silence: bool = True
    """Whether calls get RTP also while nothing is said."""

    end_with_caller: bool = True
    """Whether the session of a call ends when the caller leaves."""

    call_setup_timeout_s: float = 30.0
    """Seconds after which a call that did not connect is given up."""

    out_of_quota: bool = False
    """Whether keys and calls are refused because nobody pays for them."""

    sessions_at_once: int | None = None
    """How many sessions the service has room for; ``None`` for no limit."""

    response_failure: Failure | None = None
    """Why every response fails; ``None`` if none does."""

    response_error: Failure | None = None
    """Sent as an ``error`` event amid every response; ``None`` if nothing is."""

    send_rate_limits: bool = True
    """Whether ``rate_limits.updated`` follows ``response.done``."""

    greet_sidebands: bool = False
    """Whether a sideband gets ``session.created`` when it joins, as a primary connection does."""

    broadcast_errors: bool = False
    """Whether an ``error`` goes to everybody instead of to whoever caused it."""

    accept_model_change: bool = False
    """Whether ``session.update`` may name another model."""

    keep_client_item_ids: bool = True
    """Whether an item keeps the id that the client gave it."""

    hide_second_predecessor: bool = True
    """Whether ``conversation.item.done`` of the second item, appended at the end, has a null
    ``previous_item_id``; so in every recording of OpenAI and Azure."""

    obfuscate_deltas: bool = True
    """Whether text deltas carry a random pad in ``obfuscation``."""

    cancel_by_id: bool = True
    """Whether ``response.cancel`` finds a response by its id."""

    follow_references: bool = True
    """Whether the input of a response may refer to items of the conversation."""

    heeded_choices: tuple[str, ...] = ("none", "required", "function", "mcp")
    """Which kinds of ``tool_choice`` are heeded; others count as ``auto``."""

    tools_of_responses: bool = True
    """Whether a response may have tools of its own."""

    queue_outputs: bool = True
    """Whether the output of a function waits until the response with its call is done, as recorded,
    or is refused until then."""

    ask_by_default: bool = True
    """Whether calls of MCP tools need approval where ``require_approval`` is not given."""

    check_call_ids: bool = True
    """Whether the output of a function needs its call in the conversation."""

    context_tokens: int | None = None
    """How much input a response may have; ``None`` for what its model can take."""

    repeat_part_as_content: bool = False
    """Whether ``response.content_part.*`` carry their part as ``content`` as well, as Azure's
    do."""

    overlap_output_items: bool = True
    """Whether the next item of a response is added before the one before it is done, as models do
    that say in which phase they are."""

    latency: Latency = INSTANT
    """How long the steps of a response take."""

    audio_delta_ms: int = 200
    """Milliseconds of sound in one ``response.output_audio.delta``."""

    delta_interval_s: float = 0.0
    """Seconds between two deltas of a response; 0 says all of it at once."""

    acknowledge_appends: bool = False
    """Whether an append of sound is answered by an event of its own."""

    answer_commits: bool = False
    """Whether a commit that the client asks for is answered by a response."""

    commit_empties: bool = True
    """Whether what a client commits leaves the buffer."""

    clear_empties: bool = True
    """Whether what a client clears leaves the buffer."""

    answer_clears: bool = True
    """Whether a client who clears what was heard is told so."""

    misread_formats: tuple[str, ...] = ()
    """Input formats of which the sound is taken for ``audio/pcm``."""

    forced_turn_flags: tuple[tuple[str, bool], ...] = ()
    """``create_response`` and ``interrupt_response`` as they are, whatever a session says."""

    ignored_detection: tuple[str, ...] = ()
    """Settings of turn detection that have their defaults, whatever a session says."""

    stuck_detection: str = ""
    """``on`` if turn detection that has heard speech cannot be switched off any more, ``off`` if it
    cannot be switched on again."""

    ghost_after_ms: float | None = None
    """After how much silence over WebSocket speech is made up; ``None`` for never."""

    answer_idle: bool = True
    """Whether a silence that is too long is answered by a response."""

    answer_after_interruption: bool = True
    """Whether somebody who interrupted the assistant is answered."""

    truncates_too: tuple[str, ...] = ()
    """What may be truncated though there is nothing to truncate: ``user`` and ``text`` (messages of
    the user, and written ones of the assistant), ``unknown`` items, ``beyond`` (the end)."""

    truncate_shortens: bool = True
    """Whether an item that is truncated becomes shorter."""

    clear_playback: bool = True
    """Whether a client who clears the output buffer of a call hears nothing more of it."""

    transcribe_unasked: bool = False
    """Whether what the user says is transcribed in sessions that did not ask for it."""

    sessions_expire: bool = True
    """Whether a session ends when its time is up."""

    early_end_s: float = 0.0
    """How long before its time a session ends."""

    expiry_close_code: int = 1001
    """Code with which its sockets are closed then."""

    answer_pings: bool = True
    """Whether a WebSocket client gets a pong for its ping."""

    close_reply: int = 1000
    """Code with which the close of a WebSocket client is answered."""

    outlived: tuple[str, ...] = ()
    """What leaves a session going on without its WebSocket: a ``close``, a ``loss``."""

    close_translations: bool = True
    """Whether the socket of a translation that its client has closed is closed, too."""

    commit_minimum_ms: float = 100.0
    """Milliseconds of sound that a commit needs."""

    fail_unintelligible: bool = False
    """Whether sound without words fails to be transcribed, or is ``[unintelligible]``."""

    transcription_deployments: tuple[str, ...] | None = None
    """Names of the only models that can transcribe; ``None`` for any."""
