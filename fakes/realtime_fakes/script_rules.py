"""Rules of scripts: what they may ask of a turn, and what they may do.

Two tables hold all there is: :data:`CONDITIONS` and :data:`ACTIONS`. ``docs/scripts.md`` explains
them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from string import Formatter
from typing import Any, TypeAlias

from realtime_fakes.brain import (
    PLAIN,
    Answer,
    Brain,
    Call,
    Course,
    Failure,
    Output,
    RateLimit,
    Say,
    Turn,
)
from realtime_fakes.shapes import (
    Refusal,
    Shape,
    array,
    by_type,
    integer,
    mapping,
    number,
    one_of,
    record,
)

__all__ = ["ACTIONS", "CONDITIONS", "FAILURES", "FunctionRule", "Rule", "rule"]

FAILURES: dict[str, Failure] = {
    "inference_rate_limit_exceeded": Failure(
        "invalid_request_error",
        "inference_rate_limit_exceeded",
        "Rate limit reached for this model on tokens per min (TPM). Please try again in 1.5s.",
    ),
    "rate_limit_exceeded": Failure(
        "rate_limit_exceeded",
        "rate_limit_exceeded",
        "Rate limit reached for this model on requests per day (RPD). Please try again in 1m26s.",
    ),
    "insufficient_quota": Failure(
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    "server_error": Failure(
        "server_error",
        None,
        "The server had an error while processing your request. We recommend you retry your "
        "request.",
    ),
}
"""What ``fail`` and ``error`` can name. Types and codes as reported of the live service:
twilio-samples/speech-assistant-openai-realtime-api-node#37, openai/openai-realtime-api-beta#111."""


_LONGEST_LEAD_S = 60

_Found: TypeAlias = dict[str, str]
"""What the conditions of a rule found, by the name that ``say`` and ``call`` use for it."""
_Path: TypeAlias = tuple[str | int, ...]
_Test: TypeAlias = Callable[[Turn, _Found], bool]
_Function: TypeAlias = Callable[[Turn], Answer | None]


def _regex(value: Any) -> re.Pattern[str]:
    if type(value) is not str:
        raise Refusal("unsupported_value", reason="expected a regular expression.")
    try:
        return re.compile(value)
    except re.error as error:
        reason = f"not a regular expression: {error}. Quote it with ' in YAML."
        raise Refusal("unsupported_value", reason=reason) from None


_UNITS = {"ms": 0.001, "s": 1.0}


def _seconds(value: Any) -> float:
    if type(value) is str:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s)", value)
        value = float(match[1]) * _UNITS[match[2]] if match else None
    if type(value) not in (int, float) or not 0 <= value <= 3600:
        reason = "expected a time such as 250ms, 1.5s, or a number of seconds up to 3600."
        raise Refusal("unsupported_value", reason=reason)
    return float(value)


def _lead(value: Any) -> float:
    seconds = _seconds(value)
    if seconds > _LONGEST_LEAD_S:
        raise Refusal("unsupported_value", reason=f"expected {_LONGEST_LEAD_S} seconds at most.")
    return seconds


def _yes(value: Any) -> bool:
    if value is not True:
        raise Refusal("unsupported_value", reason="it can only be true; leave it out otherwise.")
    return True


def _contains(words: Callable[[Turn], str]) -> Callable[[str], _Test]:
    def condition(wanted: str) -> _Test:
        folded = wanted.casefold()
        return lambda turn, found: folded in words(turn).casefold()

    return condition


def _matches(pattern: re.Pattern[str]) -> _Test:
    def test(turn: Turn, found: _Found) -> bool:
        return _search(pattern, turn.text, found)

    return test


def _search(pattern: re.Pattern[str], words: str, found: _Found) -> bool:
    match = pattern.search(words)
    if match is None:
        return False
    found.update({name: group or "" for name, group in match.groupdict().items()})
    return True


def _is_turn(numbers: int | list[int]) -> _Test:
    wanted = [numbers] if isinstance(numbers, int) else numbers
    return lambda turn, found: turn.number in wanted


def _returned(wanted: str | dict[str, Any]) -> _Test:
    asked: dict[str, Any] = {"text": wanted} if isinstance(wanted, str) else wanted
    tool, text, pattern = asked.get("tool"), asked.get("text", "").casefold(), asked.get("regex")

    def test(turn: Turn, found: _Found) -> bool:
        outputs = [
            str(item["output"])
            for item in turn.tool_outputs
            if tool is None or turn.called(item["call_id"]) == tool
        ]
        words = "\n".join(outputs)
        if not outputs or text not in words.casefold():
            return False
        found["output"] = words
        return pattern is None or _search(pattern, words, found)

    return test


def _has_metadata(wanted: dict[str, str]) -> _Test:
    return lambda turn, found: wanted.items() <= (turn.metadata or {}).items()


def _is_offered(name: str) -> _Test:
    return lambda turn, found: any(tool.get("name") == name for tool in turn.tools)


CONDITIONS: dict[str, tuple[Shape, Callable[[Any], _Test]]] = {
    "text": (str, _contains(lambda turn: turn.text)),
    "transcript": (str, _contains(lambda turn: turn.transcript)),
    "regex": (_regex, _matches),
    "turn": (by_type({int: integer(1), list: array(integer(1))}), _is_turn),
    "tool_output": (
        by_type({str: str, dict: record({"tool": str, "text": str, "regex": _regex})}),
        _returned,
    ),
    "instructions": (str, _contains(lambda turn: turn.instructions)),
    "effort": (
        one_of("minimal", "low", "medium", "high", "xhigh"),
        lambda wanted: lambda turn, found: turn.effort == wanted,
    ),
    "metadata": (mapping(str, most=16, longest_key=64), _has_metadata),
    "modality": (
        one_of("text", "audio"),
        lambda wanted: lambda turn, found: turn.modality == wanted,
    ),
    "tool": (str, _is_offered),
}
"""What ``when`` may hold: the shape of each condition, and what makes a test of it."""

_OF_WORDS = ("text", "transcript", "regex")

_ARGUMENTS = by_type({dict: lambda value: value, str: str})
_CALLS = mapping(_ARGUMENTS, most=128, longest_key=64)

_FAILURE = by_type(
    {
        str: one_of(*FAILURES),
        dict: record({"type": str, "code": str, "message": str}, required=("message",)),
    }
)

ACTIONS: dict[str, Shape] = {
    "say": by_type({str: str, list: array(str)}),
    "call": by_type({dict: lambda value: [_CALLS(value)], list: array(_CALLS)}),
    "silent": _yes,
    "fail": _FAILURE,
    "error": _FAILURE,
    "incomplete": one_of("content_filter", "max_output_tokens"),
    "stall": _yes,
    "drop": _yes,
    "delay": _seconds,
    "delta_interval": _seconds,
    "lead": _lead,
    "rate_limit": record(
        {
            "limit": integer(0),
            "remaining": integer(0),
            "reset_seconds": number(0, 86_400),
        }
    ),
}
"""What a rule may do: the shape of each action."""

_WORDLESS = ("silent", "fail", "stall", "drop")
"""Actions that say nothing unless the rule says what."""

_WHEN = record({name: shape for name, (shape, _) in CONDITIONS.items()})
_RULE = record({"when": _WHEN, **ACTIONS})
_NAMES = frozenset({"text", "transcript", "output", "turn"})


class Rule:
    """A rule that was checked.

    Args:
        rule: what :data:`_RULE` returned.

    """

    def __init__(self, rule: dict[str, Any]) -> None:
        when: dict[str, Any] = rule.get("when", {})
        self._tests = [CONDITIONS[name][1](wanted) for name, wanted in when.items()]
        # Otherwise a rule that calls a function would match again when the function returns.
        self._is_of_words = "tool_output" not in when and any(name in when for name in _OF_WORDS)
        say = rule.get("say", [])
        self._say: list[str] = [say] if isinstance(say, str) else say
        self._calls = [call for calls in rule.get("call", []) for call in calls.items()]
        self._speaks = not {"say", "call", *_WORDLESS}.isdisjoint(rule)
        self._course = _course(rule)
        self._lead_s = float(rule.get("lead", 0.0))

    def answer(self, turn: Turn, otherwise: Brain) -> Answer | None:
        """Return the answer to a turn, or ``None`` if the rule is not for it."""
        if self._is_of_words and turn.tool_outputs:
            return None
        found: _Found = {}
        if not all(test(turn, found) for test in self._tests):
            return None
        if not self._speaks:
            return Answer(self._led(otherwise.answer(turn).output), self._course)
        words = {
            "text": turn.text,
            "transcript": turn.transcript,
            "turn": str(turn.number),
            "output": "\n".join(str(item["output"]) for item in turn.tool_outputs),
            **found,
        }
        said = [Say(text.format_map(words)) for text in self._say]
        calls = [Call(name, _arguments(value, words)) for name, value in self._calls]
        return Answer(self._led((*said, *calls)), self._course)

    def _led(self, output: Sequence[Output]) -> Sequence[Output]:
        """Return an output whose first message begins with the silence that is asked for."""
        if not self._lead_s:
            return output
        led = list(output)
        for index, each in enumerate(led):
            if isinstance(each, Say):
                led[index] = Say(each.text, self._lead_s)
                break
        return led


class FunctionRule:
    """A rule written in Python."""

    def __init__(self, function: _Function) -> None:
        self._function = function

    def answer(self, turn: Turn, otherwise: Brain) -> Answer | None:
        """Return what the function returns."""
        return self._function(turn)


def rule(value: Any) -> Rule | FunctionRule:
    """Accept a rule (a :data:`~realtime_fakes.shapes.Shape`)."""
    if callable(value):
        return FunctionRule(value)
    checked = _RULE(value)
    if set(checked) <= {"when"}:
        reason = f"it does nothing. Add one of: {', '.join(ACTIONS)}."
        raise Refusal("unsupported_value", reason=reason)
    if "silent" in checked and not {"say", "call"}.isdisjoint(checked):
        reason = "the rule also has say or call. Remove one of the two."
        raise Refusal("unsupported_value", "silent", reason=reason)
    names = _NAMES | _groups(checked.get("when", {}))
    for text, path in _templates(checked):
        _check_template(text, names, path)
    return Rule(checked)


def _groups(when: Mapping[str, Any]) -> set[str]:
    output = when.get("tool_output")
    patterns = [when.get("regex"), output.get("regex") if isinstance(output, dict) else None]
    return {name for pattern in patterns if pattern is not None for name in pattern.groupindex}


def _templates(rule: Mapping[str, Any]) -> Iterable[tuple[str, _Path]]:
    """Return every text that may name what was found, and where it stands."""
    say = rule.get("say", [])
    if isinstance(say, str):
        yield say, ("say",)
    else:
        yield from ((text, ("say", index)) for index, text in enumerate(say))
    for index, calls in enumerate(rule.get("call", [])):
        for name, value in calls.items():
            for text in _texts(value) if isinstance(value, dict) else ():
                yield text, ("call", index, name)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)


def _check_template(text: str, names: Iterable[str], path: _Path) -> None:
    try:
        used = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError as error:
        used = [f"{text}: {error}"]
    known = sorted(names)
    for name in used:
        if name not in known:
            reason = (
                f"there is no {{{name}}}. Known here: {', '.join(known)}; "
                "a brace that is meant as such is written twice."
            )
            raise Refusal("unsupported_value", *path, reason=reason)


def _arguments(value: str | dict[str, Any], words: Mapping[str, str]) -> str:
    if isinstance(value, str):
        return value  # JSON, as it is to go over the wire
    return json.dumps(_filled(value, words), ensure_ascii=False)


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return value.format_map(words)
    if isinstance(value, Mapping):
        return {key: _filled(entry, words) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, words) for entry in value]
    return value


def _failure(value: str | dict[str, Any] | None) -> Failure | None:
    if value is None:
        return None
    if isinstance(value, str):
        return FAILURES[value]
    return Failure(value.get("type", "server_error"), value.get("code"), value["message"])


def _course(rule: Mapping[str, Any]) -> Course:
    limit = rule.get("rate_limit")
    course = Course(
        failure=_failure(rule.get("fail")),
        error=_failure(rule.get("error")),
        incomplete=rule.get("incomplete"),
        delay_s=rule.get("delay", 0.0),
        delta_interval_s=rule.get("delta_interval"),
        rate_limit=None
        if limit is None
        else RateLimit(
            limit.get("limit", 15_000_000),
            limit.get("remaining", 0),
            limit.get("reset_seconds", 60.0),
        ),
        stalls="stall" in rule,
        drops="drop" in rule,
    )
    return PLAIN if course == PLAIN else course
