"""The order of events, as tables of transitions.

Everything that begins, goes on and ends in the protocol is a machine of its own: a response, each
item in it, each content part in an item, each text that comes in deltas; a turn of the user, its
transcription, what is played to a caller. An event moves every machine that knows it, and is right
if each of them has a transition for it in the state that it is in::

    response       absent ──created──▶ open ──done──▶ done
      item         absent ──output_item.added──▶ open ──output_item.done──▶ done
        part       absent ──content_part.added──▶ open ──content_part.done──▶ done
          text     idle ──delta──▶ streaming ──done──▶ done

Items, parts and the texts of one part may interleave with their neighbours, as they are different
instances. What an interrupted response leaves open is not pinned down by any recording, so only
completed responses have to leave their machines in a final state. A machine that was passed over
goes on as if it had not been, so that one mistake is found once; what is over stays over. Recorded
in pydantic-ai's cassettes ``test_openai_ws__*`` and ``test_azure_ws__*``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from realtime_harness.checks import Check
from realtime_harness.contract.rule import Finding, Rule
from realtime_harness.contract.stream import (
    Response,
    Stream,
    as_index,
    as_object,
    as_text,
    event_type,
    item_id,
    per_stream,
    response_id,
)
from realtime_harness.evidence.entry import Entry
from realtime_harness.verdicts import Level

__all__ = ["MACHINES", "RULES", "Machine"]

_Table: TypeAlias = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Something that begins, goes on and ends."""

    name: str
    key: tuple[str, ...] = ()
    """What tells one instance from another: ``response``, ``output``, ``content``, ``item``."""
    table: _Table
    """State -> event type -> next state. The first state is the one that instances begin in."""
    final: frozenset[str] = frozenset()
    """States in which a completed response leaves it; none if that does not matter."""

    @property
    def initial(self) -> str:
        """The state that instances begin in."""
        return next(iter(self.table))

    @property
    def events(self) -> frozenset[str]:
        """The types of events that it knows."""
        return frozenset(event for row in self.table.values() for event in row)

    def opener(self, event: str) -> str:
        """Return what has to come first, for ``event`` to come at all."""
        first = self.table[self.initial]
        leads = (opener for opener, state in first.items() if event in self.table[state])
        return next(leads, next(iter(first)))

    def goes_on(self, state: str) -> bool:
        """Return whether anything is still to come in a state."""
        return bool(self.table[state]) and (state not in self.final or state == self.initial)

    def resume(self, event: str) -> str:
        """Return where ``event`` leads from the first state that has a transition for it."""
        return next(row[event] for row in self.table.values() if event in row)

    def ends_with(self) -> str:
        """Return the event that leads to a final state."""
        return next(
            event
            for row in self.table.values()
            for event, state in row.items()
            if state in self.final and event.endswith(".done")
        )


def _text(kind: str, key: tuple[str, ...]) -> Machine:
    """Return the machine of a text that comes in deltas and ends with its whole."""
    delta, done = f"response.{kind}.delta", f"response.{kind}.done"
    return Machine(
        name=kind.replace("_", " "),
        key=key,
        table={
            "idle": {delta: "streaming", done: "done"},
            "streaming": {delta: "streaming", done: "done"},
            "done": {},
        },
        final=frozenset({"idle", "done"}),
    )


_ITEM, _PART = ("output",), ("output", "content")

_TEXTS_OF_PART = tuple(
    _text(kind, _PART) for kind in ("output_text", "output_audio_transcript", "output_audio")
)
_ARGUMENTS = _text("function_call_arguments", _ITEM)

_IN_PART = sorted(event for text in _TEXTS_OF_PART for event in text.events)
_IN_ITEM = ["response.content_part.added", *_IN_PART, "response.content_part.done"]
_IN_ITEM += sorted(_ARGUMENTS.events)
_IN_RESPONSE = ["response.output_item.added", *_IN_ITEM, "response.output_item.done"]

_OF_RESPONSE = (
    # The innermost first: it says best what is wrong.
    *_TEXTS_OF_PART,
    _ARGUMENTS,
    Machine(
        name="content part",
        key=_PART,
        table={
            "absent": {"response.content_part.added": "open"},
            "open": {
                **dict.fromkeys(_IN_PART, "open"),
                "response.content_part.done": "done",
            },
            "done": {},
        },
        final=frozenset({"absent", "done"}),
    ),
    Machine(
        name="output item",
        key=_ITEM,
        table={
            "absent": {"response.output_item.added": "open"},
            "open": {
                **dict.fromkeys(_IN_ITEM, "open"),
                "response.output_item.done": "done",
            },
            "done": {},
        },
        final=frozenset({"absent", "done"}),
    ),
    Machine(
        name="response",
        table={
            # Seen alone, without response.created, when a response was interrupted at its very
            # start (reported by livekit-agents).
            "absent": {"response.created": "open", "response.done": "done"},
            "open": {**dict.fromkeys(_IN_RESPONSE, "open"), "response.done": "done"},
            # That it comes once is a rule of its own.
            "done": {"response.done": "done"},
        },
        final=frozenset({"done"}),
    ),
)

_ADDED, _DONE = "conversation.item.added", "conversation.item.done"
_DELETED = "conversation.item.deleted"
_BUFFER = "input_audio_buffer"

_TURN = Machine(
    name="item of the conversation",
    key=("item",),
    table={
        "absent": {
            f"{_BUFFER}.speech_started": "speaking",
            f"{_BUFFER}.timeout_triggered": "timed out",
            f"{_BUFFER}.committed": "committed",
            _ADDED: "added",
            # That it was added before is a rule of its own.
            _DONE: "done",
            # What is answered to whom is one, too.
            _DELETED: "absent",
        },
        # Who speaks may also commit.
        "speaking": {f"{_BUFFER}.speech_stopped": "stopped", f"{_BUFFER}.committed": "committed"},
        "stopped": {f"{_BUFFER}.committed": "committed", f"{_BUFFER}.speech_started": "speaking"},
        "timed out": {f"{_BUFFER}.committed": "committed"},
        "committed": {_ADDED: "added"},
        "added": {_DONE: "done", _DELETED: "absent"},
        "done": {_DELETED: "absent"},
    },
)

_WRITING = "conversation.item.input_audio_transcription"
_WRITES = {f"{_WRITING}.delta": "streaming", f"{_WRITING}.segment": "streaming"}
_WRITTEN = {f"{_WRITING}.completed": "over", f"{_WRITING}.failed": "over"}

_TRANSCRIPTION = Machine(
    name="transcription",
    key=("item", "content"),
    table={
        "idle": {**_WRITES, **_WRITTEN},
        "streaming": {**_WRITES, **_WRITTEN},
        "over": {},
    },
)

_PLAYED = "output_audio_buffer"

_PLAYBACK = Machine(
    name="playback",
    key=("response",),
    table={
        # A client may clear what does not play.
        "silent": {f"{_PLAYED}.started": "playing", f"{_PLAYED}.cleared": "silent"},
        "playing": {f"{_PLAYED}.stopped": "silent", f"{_PLAYED}.cleared": "silent"},
    },
)

_LISTING = Machine(
    name="list of MCP tools",
    key=("item",),
    table={
        "idle": {"mcp_list_tools.in_progress": "listing"},
        "listing": {"mcp_list_tools.completed": "idle", "mcp_list_tools.failed": "idle"},
    },
)

_MCP_ARGUMENTS = _text("mcp_call_arguments", ("item",))

_MCP_CALL = Machine(
    name="MCP call",
    key=("item",),
    table={
        # What was not approved fails without having been in progress.
        "idle": {"response.mcp_call.in_progress": "running", "response.mcp_call.failed": "over"},
        "running": {"response.mcp_call.completed": "over", "response.mcp_call.failed": "over"},
        "over": {},
    },
)

MACHINES: tuple[Machine, ...] = (
    *_OF_RESPONSE,
    _TURN,
    _TRANSCRIPTION,
    _PLAYBACK,
    _LISTING,
    _MCP_ARGUMENTS,
    _MCP_CALL,
)
"""All of them. Types of events that no machine knows may come at any time."""

_Place: TypeAlias = tuple[str | int, ...]

_KEYS: dict[str, Callable[[dict[str, Any]], str | int | None]] = {
    "response": response_id,
    "item": item_id,
    "output": lambda event: as_index(event.get("output_index")),
    "content": lambda event: as_index(event.get("content_index")),
}


@dataclass(slots=True)
class _Instance:
    """A machine at work."""

    state: str
    entered_by: str = ""
    """The event that led to the state."""


@dataclass(slots=True)
class _Works:
    """The instances of some machines, made when they are first heard of."""

    machines: Sequence[Machine]
    knowing: dict[str, list[Machine]] = field(default_factory=lambda: defaultdict(list))
    instances: dict[tuple[str, _Place], _Instance] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for machine in self.machines:
            for event in machine.events:
                self.knowing[event].append(machine)

    def take(self, event: dict[str, Any]) -> str | None:
        """Move on; return what is wrong with the event coming now, if something is."""
        kind, label, wrong = event_type(event), "", None
        for machine in self.knowing.get(kind, ()):
            place = _place(machine, event)
            if place is None:
                continue
            label = label or _label(kind, machine, place)
            instance = self.instances.get((machine.name, place))
            if instance is None:
                instance = _Instance(machine.initial)
                self.instances[machine.name, place] = instance
            state = machine.table[instance.state].get(kind)
            if state is None:
                wrong = wrong or f"{label} came {_why(machine, instance, kind)}"
                state = machine.resume(kind) if machine.goes_on(instance.state) else instance.state
            if state != instance.state:
                instance.state, instance.entered_by = state, kind
        return wrong

    def left_open(self) -> Iterator[str]:
        """Yield what has to come yet, by what should have ended."""
        named = {machine.name: machine for machine in self.machines}
        for (name, place), instance in self.instances.items():
            machine = named[name]
            if machine.final and instance.state not in machine.final:
                yield _label(machine.ends_with(), machine, place)


def _place(machine: Machine, event: dict[str, Any]) -> _Place | None:
    """Return which instance an event is about; nothing, if it does not say."""
    values = [_KEYS[name](event) for name in machine.key]
    return None if None in values else tuple(value for value in values if value is not None)


def _why(machine: Machine, instance: _Instance, event: str) -> str:
    """Return what is wrong with ``event`` coming now, as the rest of "… came"."""
    if not instance.entered_by or instance.state == machine.initial:
        return f"without {machine.opener(event)} before it"
    return "twice" if instance.entered_by == event else f"after {instance.entered_by}"


def _label(event: str, machine: Machine, place: _Place) -> str:
    words = zip(machine.key, place, strict=True)
    return " ".join([event, *(f"[{word} {value}]" for word, value in words)])


def _order_of_responses(stream: Stream) -> Iterator[Finding]:
    for response in stream.responses:
        if response.created is None and stream.joins_late:
            continue
        yield from _order_of(response)


def _order_of(response: Response) -> Iterator[Finding]:
    works = _Works(_OF_RESPONSE)
    for entry in response.entries:
        if wrong := works.take(entry.data):
            yield Finding(reason=wrong, seq=entry.seq)
        if entry is response.done and response.completed:
            for missing in works.left_open():
                yield Finding(reason=f"no {missing} before response.done", seq=entry.seq)


def _order(*machines: Machine) -> Callable[[Stream], Iterator[Finding]]:
    """Return a judge of machines that are the connection's own."""

    def judge(stream: Stream) -> Iterator[Finding]:
        if stream.joins_late:
            return
        works = _Works(machines)
        for entry in stream.events:
            if item_id(entry.data) in stream.repeated:
                continue
            if wrong := works.take(entry.data):
                yield Finding(reason=wrong, seq=entry.seq)

    return judge


def _done_once(stream: Stream) -> Iterator[Finding]:
    for response in stream.responses:
        for entry in response.entries:
            if event_type(entry.data) == "response.done" and entry is not response.done:
                reason = f"a second response.done for {response.id}"
                yield Finding(reason=reason, seq=entry.seq)


def _one_at_a_time(stream: Stream) -> Iterator[Finding]:
    active: dict[str | None, Response] = {}
    by_entry: dict[int, Response] = {}
    for response in stream.responses:
        for bound in (response.created, response.done):
            if bound is not None and not response.out_of_band:
                by_entry[bound.seq] = response
    for seq, response in sorted(by_entry.items()):
        start = response.created
        conversation = _conversation(start) if start is not None else None
        if start is not None and seq == start.seq:
            if earlier := active.get(conversation):
                reason = f"{response.id} was created while {earlier.id} was not done"
                yield Finding(reason=reason, seq=seq)
            active[conversation] = response
        elif active.get(conversation) is response:
            del active[conversation]


def _conversation(created: Entry) -> str | None:
    return as_text(as_object(created.data.get("response")).get("conversation_id"))


_CASSETTES = "pydantic-ai cassettes test_openai_ws__*, test_azure_ws__*, test_openai_ws_sideband__*"
_SDK = "openai Python SDK 3.52.0, types/realtime"

RULES: tuple[Rule, ...] = (
    Rule(
        check=Check(
            id="rt.wire.response-order",
            level=Level.MUST,
            clause="Within a response, items and content parts open, stream and close in order, "
            "and a completed response leaves none of them open.",
            source=f"{_CASSETTES}; docstrings of {_SDK}",
        ),
        judge=per_stream(_order_of_responses),
    ),
    Rule(
        check=Check(
            id="rt.wire.response-done-once",
            level=Level.MUST,
            clause="A response has exactly one response.done.",
            source=f"{_CASSETTES}; openai Python SDK 3.52.0, response_done_event.py",
        ),
        judge=per_stream(_done_once),
    ),
    Rule(
        check=Check(
            id="rt.wire.one-response-at-a-time",
            level=Level.MUST,
            clause="A conversation has at most one response in progress.",
            source="error code conversation_already_has_active_response; "
            "openai Python SDK 3.52.0, response_create_event.py",
        ),
        judge=per_stream(_one_at_a_time),
    ),
    Rule(
        check=Check(
            id="rt.wire.turn-order",
            level=Level.MUST,
            clause="Under one item id, speech starts, stops, is committed and becomes an item, in "
            "that order; an item is added once and done once.",
            source="pydantic-ai cassette test_openai_ws__test_audio_in_server_vad_turn; "
            f"{_SDK}, input_audio_buffer_*_event.py, conversation_item_added.py",
        ),
        judge=per_stream(_order(_TURN)),
    ),
    Rule(
        check=Check(
            id="rt.wire.transcription-order",
            level=Level.MUST,
            clause="The transcription of an item streams, and is completed or fails once; nothing "
            "of it comes behind that.",
            source="pydantic-ai cassette test_openai_ws__test_audio_in_server_vad_turn; "
            f"{_SDK}, conversation_item_input_audio_transcription_*_event.py",
        ),
        judge=per_stream(_order(_TRANSCRIPTION)),
    ),
    Rule(
        check=Check(
            id="rt.wire.playback-order",
            level=Level.MUST,
            clause="What is played to a caller starts before it stops, and starts again only when "
            "it has stopped or was cleared.",
            source="pydantic-ai cassette test_openai_ws_sideband__test_webrtc_sideband_audio_turn; "
            "OpenAI Realtime API reference, output_audio_buffer.started and .stopped",
        ),
        judge=per_stream(_order(_PLAYBACK)),
    ),
    Rule(
        check=Check(
            id="rt.wire.mcp-order",
            level=Level.INFO,
            clause="Listing MCP tools and calling them is in progress before it is completed or "
            "fails; no recording shows it, so it is reported and not judged.",
            source=f"{_SDK}, mcp_list_tools_*.py, response_mcp_call_*.py",
        ),
        judge=per_stream(_order(_LISTING, _MCP_ARGUMENTS, _MCP_CALL)),
    ),
)
