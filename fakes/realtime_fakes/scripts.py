"""Scripts: rules that say what the assistant answers to what.

A script is a list of rules, tried in order; the first one of which all conditions hold decides, and
where none does, the echo answers. A rule is an object, the same in YAML, JSON and Python::

    {"when": {"text": "hello"}, "say": "Hello to you."}

In Python a rule may also be a function of a :class:`~realtime_fakes.brain.Turn` that returns an
:class:`~realtime_fakes.brain.Answer`, or ``None`` if it has none. What cannot be a rule is refused
with its place, and with what would be right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Protocol

from realtime_fakes.brain import Answer, Brain, EchoBrain, Turn
from realtime_fakes.prompts import STORED, Prompts, recall
from realtime_fakes.script_rules import FunctionRule, Rule, rule
from realtime_fakes.shapes import Refusal, array, record

__all__ = ["Script", "ScriptBrain", "ScriptError", "Source"]


class ScriptError(ValueError):
    """A script that cannot be used.

    Args:
        problem: what is wrong, and what would be right.
        source: file or other origin of the script.
        line: in it, counted from one; ``None`` where there are no lines.
        path: of the key, such as ``rules[2].say``.

    """

    def __init__(self, problem: str, *, source: str, line: int | None = None, path: str) -> None:
        super().__init__(problem, source, line, path)
        self.problem = problem
        self.source = source
        self.line = line
        self.path = path

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{place}: {self.problem}"


_SCRIPT = record({"rules": array(rule), "prompts": STORED}, required=("rules",))


class Script:
    """Rules, in order, and stored prompts.

    Args:
        rules: objects or functions.
        source: where they come from, for messages.
        prompts: by id a text, or texts by version.

    Raises:
        ScriptError: if one of them is not a rule.

    """

    def __init__(
        self,
        rules: Sequence[Any] = (),
        *,
        source: str = "script",
        prompts: Mapping[str, Any] | None = None,
    ) -> None:
        self.source = source
        self.text: str | None = None
        """As it was written, if it comes from a text."""
        self.prompts: Prompts = {}
        self._rules: list[Rule | FunctionRule] = []
        self._take({"rules": list(rules), "prompts": dict(prompts or {})}, {})

    @classmethod
    def of(
        cls, document: Any, *, source: str, lines: Mapping[tuple[str | int, ...], int] | None = None
    ) -> Script:
        """Return the script in a document ``{"rules": […], "prompts": {…}}``.

        Args:
            document: as YAML or JSON gives it.
            source: where it comes from, for messages.
            lines: of every key and element, by its path.

        Raises:
            ScriptError: if it holds anything else.

        """
        script = cls(source=source)
        script._take(document, lines or {})
        return script

    def __len__(self) -> int:
        return len(self._rules)

    def answer(self, turn: Turn, otherwise: Brain) -> Answer:
        """Return what the first rule that is for this turn answers, or what ``otherwise`` does."""
        for one in self._rules:
            answer = one.answer(turn, otherwise)
            if answer is not None:
                return answer
        return otherwise.answer(turn)

    def _take(self, document: Any, lines: Mapping[tuple[str | int, ...], int]) -> None:
        try:
            checked = _SCRIPT(document)
        except Refusal as refusal:
            error = refusal.error("")
            where, problem = error.param or "script", error.message
            if document is None:
                problem = "The script is empty."
            elif f"'{where}'" not in problem:
                problem = f"{where}: {problem}"
            path = tuple(refusal.path)
            # The nearest place that has a line: a key that is missing has none.
            line = next(
                (lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines), None
            )
            raise ScriptError(
                problem + _remedy(refusal),
                source=self.source,
                line=line,
                path=where,
            ) from None
        self._rules, self.prompts = checked["rules"], checked.get("prompts", {})


def _remedy(refusal: Refusal) -> str:
    """Return what would be right, where the message does not say it."""
    if refusal.row == "unknown_parameter":
        known = [*refusal.values["known"]]
        close = get_close_matches(str(refusal.path[-1]), known, 1)
        meant = f" Did you mean '{close[0]}'?" if close else ""
        return f"{meant} Known here: {', '.join(known)}."
    if not refusal.path or refusal.path == ["rules"]:
        return ' It is an object with a list of rules: {"rules": [{"say": "Hello."}]}.'
    return ""


class Source(Protocol):
    """Where a script comes from, again at every turn."""

    def current(self) -> Script:
        """Return the script as it is now."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return what there is to know of it, for the control API."""
        ...


class ScriptBrain:
    """Answers by a script that can be changed at any time, and like the echo without one."""

    def __init__(self) -> None:
        self.source: Source | None = None
        self._echo = EchoBrain()

    def answer(self, turn: Turn) -> Answer:
        """Return what the script says to this turn."""
        if self.source is None:
            return self._echo.answer(turn)
        return self.source.current().answer(turn, self._echo)

    def speak(self, text: str) -> bytes:
        """Return ``text`` as sound."""
        return self._echo.speak(text)

    def recall(self, prompt: Mapping[str, Any], root: str) -> str:
        """Return the text of a prompt that the script brings."""
        if self.source is None:
            return self._echo.recall(prompt, root)
        return recall(self.source.current().prompts, prompt, root)
