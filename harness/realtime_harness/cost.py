"""What a conversation costs: an estimate, from the usage that the service tells and a price table.

The table is ``prices.toml``, with its date and its source. A model that is not in it is charged by
the highest of all prices, so that an unknown model does not pass for a cheap one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from realtime_harness.evidence import Direction, Entry, Kind

__all__ = ["CHARGED", "LIKELY_USD", "Charge", "PriceList", "bill", "charge", "price_list"]

CHARGED = frozenset(
    {
        "response.done",
        "conversation.item.input_audio_transcription.completed",
        "session.input_audio_buffer.append",
    }
)
"""Types of the events that :func:`charge` has something to say about."""

LIKELY_USD = 0.01
"""What a response is taken to cost before one was seen that costs more: one of some ten seconds of
speech, by the prices of most models."""

_MILLION = 1e6
_BYTES_PER_MINUTE = 24_000 * 2 * 60
"""Of PCM16 at 24 kHz, in which translation takes sound."""
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_KINDS = ("text", "audio", "image")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """The prices of one date."""

    date: str
    source: str
    tokens: Mapping[str, Mapping[str, float]]
    """Model -> ``text_in``, ``text_cached``, ``text_out`` and the like, dollars a million."""
    minutes: Mapping[str, float]
    """Model -> dollars a minute of sound."""

    def knows(self, model: str) -> bool:
        """Return whether there is a price for a model, or for that of which it is a snapshot."""
        return _SNAPSHOT.sub("", model) in {*self.tokens, *self.minutes}

    def of_tokens(self, model: str) -> Mapping[str, float]:
        """Return the prices of a model's tokens; the highest of each kind for an unknown one."""
        if (prices := self.tokens.get(_SNAPSHOT.sub("", model))) is not None:
            return prices
        kinds = {kind for prices in self.tokens.values() for kind in prices}
        return {
            kind: max(prices.get(kind, 0.0) for prices in self.tokens.values()) for kind in kinds
        }

    def of_minute(self, model: str) -> float:
        """Return the price of a minute of sound; the highest for an unknown model."""
        return self.minutes.get(_SNAPSHOT.sub("", model), max(self.minutes.values()))


@cache
def price_list() -> PriceList:
    """Return the price list that we are delivered with."""
    text = files("realtime_harness").joinpath("prices.toml").read_text(encoding="utf-8")
    return PriceList(**tomllib.loads(text))


@cache
def _tokens(model: str) -> Mapping[str, float]:
    # Asked for with each response of each session.
    return price_list().of_tokens(model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one thing costs."""

    id: str
    """The same for everybody who saw it, so that it is counted once; empty if only we know."""
    usd: float


def charge(
    entry: Entry, *, model: str, transcription_model: str, prices: PriceList | None = None
) -> Charge | None:
    """Return what a line of evidence says was charged; ``None`` if it is about nothing such.

    Charged are responses, transcriptions beside conversations, and the sound that is sent to be
    translated. A response whose end nobody saw is not counted.

    Args:
        entry: any line.
        model: that responses come from.
        transcription_model: that writes down what users say.
        prices: those that we are delivered with, if not given.

    """
    if entry.kind is not Kind.EVENT:
        return None
    tokens = _tokens if prices is None else prices.of_tokens
    prices = prices or price_list()
    event = entry.data
    match entry.direction, event.get("type"):
        case Direction.RECEIVED, "response.done":
            response = _object(event.get("response"))
            # Some vendors have it at the top level of the event.
            usage = _object(response.get("usage")) or _object(event.get("usage"))
            usd = _usd(usage, tokens(model))
            return Charge(id=str(response.get("id", "")), usd=usd)
        case Direction.RECEIVED, "conversation.item.input_audio_transcription.completed":
            usage = _object(event.get("usage"))
            usd = _usd(usage, tokens(transcription_model))
            usd += _number(usage.get("seconds")) / 60 * prices.of_minute(transcription_model)
            return Charge(id=f"{event.get('item_id')} transcribed", usd=usd)
        case Direction.SENT, "session.input_audio_buffer.append":
            sent_bytes = len(str(event.get("audio", ""))) * 3 / 4
            minute = prices.of_minute("gpt-realtime-translate")
            return Charge(id="", usd=sent_bytes / _BYTES_PER_MINUTE * minute)
    return None


def bill(usd: float, charges: int, *, limit_usd: float | None, model: str) -> dict[str, Any]:
    """Return what is written down about the costs of a run.

    Args:
        usd: that were charged.
        charges: how many there were.
        limit_usd: what they must not pass; ``None`` for no limit.
        model: that was charged.

    """
    prices = price_list()
    told = f"{prices.date}, {prices.source}"
    return {
        "usd": round(usd, 6),
        "charges": charges,
        "limit_usd": limit_usd,
        "model": model,
        "prices": told
        if prices.knows(model)
        else f"the highest of {told}, as {model} is not in it",
    }


def _usd(usage: Mapping[str, Any], prices: Mapping[str, float]) -> float:
    """Return the price of a ``usage`` in tokens."""
    inputs = _object(usage.get("input_token_details"))
    outputs = _object(usage.get("output_token_details"))
    cached = _object(inputs.get("cached_tokens_details"))
    total = 0.0
    for kind in _KINDS:
        # Cached ones are a part of the others.
        old = min(_number(cached.get(f"{kind}_tokens")), _number(inputs.get(f"{kind}_tokens")))
        new = _number(inputs.get(f"{kind}_tokens")) - old
        said = _number(outputs.get(f"{kind}_tokens"))
        price_in = prices.get(f"{kind}_in", 0.0)
        total += new * price_in + old * prices.get(f"{kind}_cached", price_in)
        total += said * prices.get(f"{kind}_out", 0.0)
    # What no kind is told of is charged like sound, the dearest kind, or like text if that is all.
    for tokens, details, way in (("input", inputs, "in"), ("output", outputs, "out")):
        told = sum(_number(details.get(f"{kind}_tokens")) for kind in _KINDS)
        rest = max(0.0, _number(usage.get(f"{tokens}_tokens")) - told)
        total += rest * prices.get(f"audio_{way}", prices.get(f"text_{way}", 0.0))
    return total / _MILLION


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float:
    """Return a count; what is none, or negative, is not charged."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return max(0.0, float(value))
