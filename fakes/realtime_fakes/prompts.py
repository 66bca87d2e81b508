"""Stored prompts: texts with variables in them that sessions and responses name by an id.

The fake has those that its script brings. A variable stands in a text as ``{{name}}``
(https://developers.openai.com/api/docs/guides/text, "Version prompts in code"); its value is a
string or an input of the Responses API (OpenAI SDK, ``response_prompt``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from realtime_fakes.errors import api_error
from realtime_fakes.shapes import Refusal, Shape, by_type, mapping

__all__ = ["STORED", "Prompts", "recall", "with_prompt"]

Prompts: TypeAlias = Mapping[str, Mapping[str, str]]
"""Texts by id and version; the last version of each goes when none is asked for."""

_MOST = 1_000
_LONGEST_KEY = 256


def _versions(texts: Any) -> dict[str, str]:
    checked: dict[str, str] = mapping(str, most=_MOST, longest_key=_LONGEST_KEY)(texts)
    if not checked:
        raise Refusal("unsupported_value", reason="it has no version. Add one, such as '1': text.")
    return checked


STORED: Shape = mapping(
    by_type({str: lambda text: {"1": text}, dict: _versions}),
    most=_MOST,
    longest_key=_LONGEST_KEY,
)
"""``prompts`` of a script: by id a text, or texts by version. Returns :data:`Prompts`."""

_find_variables = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def recall(prompts: Prompts, prompt: Mapping[str, Any], root: str) -> str:
    """Return the text of a stored prompt, its variables replaced.

    Args:
        prompts: that there are.
        prompt: ``prompt`` of a session or a response.
        root: path of it.

    Raises:
        ApiError: if there is no such prompt or version, a variable has no value, or a value no
            variable.

    """
    prompt_id, version = prompt["id"], prompt.get("version")
    versions = prompts.get(prompt_id)
    if versions is None:
        raise api_error("prompt_not_found", prompt_id=prompt_id)
    if version is None:
        version = [*versions][-1]
    if version not in versions:
        raise api_error("prompt_version_not_found", prompt_id=prompt_id, version=version)
    text, values = versions[version], prompt.get("variables") or {}
    names = set(_find_variables.findall(text))
    for name in sorted(names - set(values)):
        raise api_error("missing_required_parameter", param=f"{root}.variables.{name}")
    for name in sorted(set(values) - names):
        raise api_error("unknown_parameter", param=f"{root}.variables.{name}")
    return _find_variables.sub(lambda found: _words(values[found[1]]), text)


def with_prompt(
    config: dict[str, Any],
    asked: Mapping[str, Any],
    recall: Callable[[Mapping[str, Any], str], str],
) -> dict[str, Any]:
    """Return a session whose instructions are those of the prompt that was asked for.

    Fields that are set beside a prompt go before what it says
    (https://developers.openai.com/api/docs/guides/realtime-conversations).

    Args:
        config: the session object, with the prompt.
        asked: what of it was asked for just now.
        recall: returns the text of a prompt at a path.

    Raises:
        ApiError: if there is no such prompt.

    """
    prompt = config.get("prompt") if "prompt" in asked else None
    if prompt is None:
        return config
    text = recall(prompt, "session.prompt")
    return config if asked.get("instructions") is not None else {**config, "instructions": text}


def _words(value: str | Mapping[str, Any]) -> str:
    if isinstance(value, str):
        return value
    # Instructions are words: what is not stands there by its name.
    return str(value["text"] if value["type"] == "input_text" else f"[{value['type']}]")
