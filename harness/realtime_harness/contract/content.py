"""Rules about what a response says: text, sound and the bill."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from realtime_harness.checks import Check
from realtime_harness.contract.rule import Finding, Rule
from realtime_harness.contract.stream import (
    Response,
    Stream,
    as_index,
    as_list,
    as_object,
    as_text,
    event_type,
    per_stream,
)
from realtime_harness.evidence.entry import Entry
from realtime_harness.verdicts import Level

__all__ = ["RULES"]

# The streams of a response: event type without its end -> field that holds the whole.
_WHOLE = {
    "response.output_text": "text",
    "response.output_audio_transcript": "transcript",
    "response.function_call_arguments": "arguments",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """One place that says what an output says in whole."""

    output: int
    part: int
    """Content index; 0 for the arguments of a function call."""
    field: str
    text: str
    where: str
    entry: Entry


def _text_agrees(stream: Stream) -> Iterator[Finding]:
    for response in stream.responses:
        if not response.completed:
            continue
        first: dict[tuple[int, int, str], _Claim] = {}
        for claim in _claims(response):
            key = (claim.output, claim.part, claim.field)
            earlier = first.setdefault(key, claim)
            if earlier.text != claim.text:
                reason = (
                    f"{claim.field} of output {claim.output} is {_short(earlier.text)} in "
                    f"{earlier.where} but {_short(claim.text)} in {claim.where}"
                )
                yield Finding(reason=reason, seq=claim.entry.seq)


def _claims(response: Response) -> Iterator[_Claim]:
    """Yield the text as joined deltas, then wherever else it stands, in wire order."""
    deltas: dict[tuple[int, int, str], list[str]] = {}
    for entry in response.entries:
        event, kind = entry.data, event_type(entry.data)
        output, part = (
            as_index(event.get("output_index")),
            as_index(event.get("content_index")) or 0,
        )
        if output is None:
            continue
        stream, _, end = kind.rpartition(".")
        if stream in _WHOLE:
            field = _WHOLE[stream]
            if end == "delta":
                delta = as_text(event.get("delta")) or ""
                deltas.setdefault((output, part, field), []).append(delta)
            elif end == "done":
                # A sideband that joined in the middle heard only some of the deltas.
                if response.created is not None:
                    joined = "".join(deltas.get((output, part, field), []))
                    yield _Claim(
                        output=output,
                        part=part,
                        field=field,
                        text=joined,
                        where=f"the joined {stream}.delta",
                        entry=entry,
                    )
                yield from _fields(event, output, part, (field,), kind, entry)
        elif kind == "response.content_part.done":
            said = as_object(event.get("part"))
            yield from _fields(said, output, part, ("text", "transcript"), kind, entry)
        elif kind == "response.output_item.done":
            yield from _item(as_object(event.get("item")), output, kind, entry)
    if response.done is not None:
        for output, item in enumerate(as_list(response.final.get("output"))):
            yield from _item(as_object(item), output, "response.done", response.done)


def _item(item: Mapping[str, Any], output: int, where: str, entry: Entry) -> Iterator[_Claim]:
    yield from _fields(item, output, 0, ("arguments",), where, entry)
    for part, content in enumerate(as_list(item.get("content"))):
        yield from _fields(as_object(content), output, part, ("text", "transcript"), where, entry)


def _fields(
    holder: Mapping[str, Any],
    output: int,
    part: int,
    fields: tuple[str, ...],
    where: str,
    entry: Entry,
) -> Iterator[_Claim]:
    for field in fields:
        if (text := as_text(holder.get(field))) is not None:
            yield _Claim(output=output, part=part, field=field, text=text, where=where, entry=entry)


def _short(text: str) -> str:
    return repr(text) if len(text) <= 60 else f"{text[:40]!r} … ({len(text)} characters)"


_WRITING = "conversation.item.input_audio_transcription"


def _transcription_agrees(stream: Stream) -> Iterator[Finding]:
    if stream.joins_late:
        return
    deltas: dict[tuple[str | None, int | None], list[str]] = {}
    for entry in stream.events:
        event, kind = entry.data, event_type(entry.data)
        place = (as_text(event.get("item_id")), as_index(event.get("content_index")))
        if kind == f"{_WRITING}.delta":
            deltas.setdefault(place, []).append(as_text(event.get("delta")) or "")
        elif kind == f"{_WRITING}.completed" and place in deltas:
            joined, whole = "".join(deltas.pop(place)), as_text(event.get("transcript"))
            # Deltas were recorded with a space before the first word, which the whole has not.
            if whole is not None and joined.strip() != whole.strip():
                reason = f"the transcript is {_short(whole)}, but its deltas are {_short(joined)}"
                yield Finding(reason=reason, seq=entry.seq)


def _arguments_are_json(stream: Stream) -> Iterator[Finding]:
    for entry in stream.events:
        if event_type(entry.data) != "response.function_call_arguments.done":
            continue
        arguments = as_text(entry.data.get("arguments"))
        if arguments is None:
            continue
        try:
            orjson.loads(arguments)
        except ValueError as error:
            reason = f"arguments are {_short(arguments)}, which is not JSON: {error}"
            yield Finding(reason=reason, seq=entry.seq)


def _audio_is_base64(stream: Stream) -> Iterator[Finding]:
    for entry in stream.events:
        if event_type(entry.data) != "response.output_audio.delta":
            continue
        delta = as_text(entry.data.get("delta"))
        if delta is None:
            continue
        try:
            base64.b64decode(delta, validate=True)
        except (binascii.Error, ValueError) as error:
            reason = f"response.output_audio.delta is no base64: {error}"
            yield Finding(reason=reason, seq=entry.seq)


def _usage_adds_up(stream: Stream) -> Iterator[Finding]:
    for response in stream.responses:
        if response.done is None:
            continue
        usage = response.final.get("usage")
        if isinstance(usage, dict):
            for reason in _sums(usage, complete=response.completed):
                yield Finding(reason=reason, seq=response.done.seq)
        elif response.completed:
            yield Finding(reason="a completed response has no usage", seq=response.done.seq)


def _sums(usage: dict[str, Any], *, complete: bool) -> Iterator[str]:
    """Yield what does not add up. Counts that are absent are not judged, but for the totals."""
    totals = {name: as_index(usage.get(name)) for name in _TOTALS}
    if None in totals.values():
        if complete:
            missing = ", ".join(name for name, count in totals.items() if count is None)
            yield f"usage of a completed response lacks {missing}"
        return
    total, given, made = (totals[name] or 0 for name in _TOTALS)
    if total != given + made:
        yield f"total_tokens is {total}, but input and output are {given} + {made}"
    for side, count in (("input", given), ("output", made)):
        details = _counts(usage.get(f"{side}_token_details"))
        cached = details.pop("cached_tokens", None)
        known = sum(details.get(name, 0) for name in _MODALITIES)
        # Vendors add kinds of tokens of their own, which may or may not count on top.
        if details and count not in (known, sum(details.values())):
            yield f"{side}_tokens is {count}, but its details are {_listed(details)}"
        yield from _cache(
            side, count, details, cached, as_object(usage.get(f"{side}_token_details"))
        )


def _cache(
    side: str, count: int, details: dict[str, int], cached: int | None, raw: dict[str, Any]
) -> Iterator[str]:
    if cached is None:
        return
    if cached > count:
        yield f"cached_tokens is {cached}, more than the {count} {side}_tokens"
    parts = _counts(raw.get("cached_tokens_details"))
    if parts and sum(parts.values()) != cached:
        yield f"cached_tokens is {cached}, but its details are {_listed(parts)}"
    for name, part in parts.items():
        if part > details.get(name, part):
            yield f"{part} cached {name}, more than the {details[name]} in {side}_token_details"


_TOTALS = ("total_tokens", "input_tokens", "output_tokens")
_MODALITIES = ("text_tokens", "audio_tokens", "image_tokens")


def _counts(value: Any) -> dict[str, int]:
    return {
        name: count
        for name, number in as_object(value).items()
        if name.endswith("_tokens") and (count := as_index(number)) is not None
    }


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


_CASSETTES = "pydantic-ai cassettes test_openai_ws__*, test_azure_ws__*, test_openai_ws_sideband__*"

RULES: tuple[Rule, ...] = (
    Rule(
        check=Check(
            id="rt.wire.text-agrees",
            level=Level.MUST,
            clause="In a completed response the joined deltas are the text of the done event, of "
            "the content part, of the item and of response.done; likewise transcripts and "
            "arguments.",
            source=_CASSETTES,
        ),
        judge=per_stream(_text_agrees),
    ),
    Rule(
        check=Check(
            id="rt.wire.transcription-agrees",
            level=Level.SHOULD,
            clause="A transcription that streamed is the whole that it is completed with.",
            source="pydantic-ai cassette test_openai_ws__test_audio_in_server_vad_turn; OpenAI "
            "Realtime API reference, conversation.item.input_audio_transcription.delta",
        ),
        judge=per_stream(_transcription_agrees),
    ),
    Rule(
        check=Check(
            id="rt.wire.arguments-are-json",
            level=Level.INFO,
            clause="The arguments of a function call are JSON; a model writes them, so it is "
            "reported and not judged.",
            source="openai Python SDK 3.52.0, types/realtime/"
            "response_function_call_arguments_done_event.py",
        ),
        judge=per_stream(_arguments_are_json),
    ),
    Rule(
        check=Check(
            id="rt.wire.audio-is-base64",
            level=Level.MUST,
            clause="The delta of response.output_audio.delta is base64.",
            source="openai Python SDK 3.52.0, types/realtime/response_audio_delta_event.py",
        ),
        judge=per_stream(_audio_is_base64),
    ),
    Rule(
        check=Check(
            id="rt.wire.usage-adds-up",
            level=Level.MUST,
            clause="A completed response says its usage: the total is input plus output, details "
            "sum to their parents, and no more is cached than was read.",
            source=f"{_CASSETTES}; openai Python SDK 3.52.0, realtime_response_usage.py",
        ),
        judge=per_stream(_usage_adds_up),
    ),
)
