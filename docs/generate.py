"""Writes the pages of this folder that only repeat what the code says.

``python docs/generate.py`` writes them, ``--check`` says which are out of date and fails. Needs an
environment with the project installed.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import EnumType
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import typer.main
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

import realtime_scenarios
from realtime_fakes.behaviours import BEHAVIOURS
from realtime_fakes.defects import DEFECTS
from realtime_fakes.switches import Switch
from realtime_harness.catalogue import Placed, placed
from realtime_harness.checks import Check
from realtime_harness.cli import app
from realtime_harness.contract.rules import STREAM_RULES
from realtime_harness.verdicts import Level

HERE = Path(__file__).resolve().parent
NOTE = "<!-- Written by docs/generate.py; change the code, not this page. -->\n"


WIRE = """What is judged in every scenario.

Rules over the stream of events on each connection, pure functions over evidence: schemas, the order
in which things begin and end, ids, and texts that have to agree. `realtime-harness judge` applies
them to recordings.
"""


class Suite(NamedTuple):
    """A suite, as the pages show it."""

    name: str
    about: str
    checks: tuple[Check, ...]


def suites() -> Iterator[Suite]:
    """Yield what is judged in every scenario, and then each suite."""
    yield Suite("wire", WIRE, tuple(rule.check for rule in STREAM_RULES))
    for module in pkgutil.iter_modules(realtime_scenarios.__path__):
        if module.ispkg:
            package = importlib.import_module(f"{realtime_scenarios.__name__}.{module.name}")
            checks = importlib.import_module(f"{package.__name__}.checks").CHECKS
            yield Suite(module.name, package.__doc__ or "", checks)


def checks_page() -> str:
    """Every check: its level, its clause and where the fact comes from."""
    found = list(suites())
    levels = [(s, Counter(check.level for check in s.checks)) for s in found]
    overview = (
        (
            f"[{suite.name}](#{suite.name})",
            suite.about.partition("\n")[0],
            *(str(count[level] or "") for level in Level),
        )
        for suite, count in levels
    )
    places = {each.check.id: each for each in placed(realtime_scenarios)}
    parts = [
        "# Checks",
        NOTE,
        "One normative sentence each, with where the fact comes from. Ids are stable: they are "
        "what `-k` selects and what JUnit names. A `MUST` that is violated is a failure, a "
        "`SHOULD` a warning, and an `INFO` only tells. `--suite` takes the names of the suites; "
        "what is under `wire` is judged in all of them. `list checks --json` also tells by which "
        "transports a check is judged and since which requirement set it is required.",
        "",
        *table(("suite", "is about", *(level.value for level in Level)), overview),
    ]
    for suite in found:
        rows = (
            (f"`{c.id}`", c.level.value, c.clause, where(places.get(c.id)), c.source)
            for c in suite.checks
        )
        parts += ["", f"## {suite.name}", "", suite.about.strip(), ""]
        head = ("id", "level", "the endpoint is right when", "needs", "source")
        parts += table(head, rows)
    return "\n".join(parts) + "\n"


def where(place: Placed | None) -> str:
    """Return the capabilities that a check needs everywhere, and whether it is pending."""
    if place is None:
        return ""
    pending = not place.since and place.check.level is not Level.INFO
    return ", ".join([*place.capabilities, *(["pending"] if pending else [])])


def defects_page() -> str:
    """Every switch of the fake: what is legal but rude, and what is wrong."""
    head = ("name", "what is wrong", "found by", "and also")

    def defects(where: str) -> list[str]:
        lines: list[str] = []
        for suite in suites():
            start = f"rt.{suite.name.replace('_', '-')}."
            found = [s for s in of(where, DEFECTS) if (s.violates or "").startswith(start)]
            if found:
                rows = ((f"`{s.name}`", s.summary, f"`{s.violates}`", also(s)) for s in found)
                lines += [f"### {suite.name}", "", *table(head, rows), ""]
        return lines

    def behaviours(*, refuses: bool) -> list[str]:
        chosen = ((f"`{s.name}`", s.summary) for s in BEHAVIOURS if s.refuses is refuses)
        return table(("name", "what it does"), chosen)

    return "\n".join(
        [
            "# Behaviours and defects",
            NOTE,
            "What the fake can be told to do: `realtime-harness fake --behaviour NAME` or "
            "`--defect NAME`, both as often as needed, or `PUT /_fake/switches` while it runs; "
            "for everybody, for one key or for one session: [fake.md](fake.md#for-whom).",
            "",
            "## Behaviours",
            "",
            "Legal but rude: a correct client survives them, and every check stays green.",
            "",
            *behaviours(refuses=False),
            "",
            "Legal as well, but these refuse what a client asks for, with the codes of the "
            "service. A correct client says so; the suites cannot be green.",
            "",
            *behaviours(refuses=True),
            "",
            "## Defects",
            "",
            "Violations. Each turns exactly the check beside it red, and where it cannot be "
            "otherwise those after it. They stand under the suite that finds them; "
            "[checks.md](checks.md) says what each suite is about.",
            "",
            *defects("service"),
            "## Defects of the reference relays",
            "",
            "For `realtime-harness relay --defect NAME`.",
            "",
            *defects("relay"),
        ]
    )


def of(where: str, switches: Iterable[Switch]) -> list[Switch]:
    """Return the switches of the service, or of the relays."""
    return [switch for switch in switches if switch.where == where]


def also(switch: Switch) -> str:
    """Return the further checks that a defect turns red, with the reasons."""
    return "; ".join(f"`{check}`: {reason}" for check, reason in switch.also.items())


def commands_page() -> str:
    """Every command of the command line with its arguments and options."""
    parts = ["# Commands", NOTE]
    for path, command in commands(typer.main.get_command(app), "realtime-harness"):
        parts += [f"## {path}", "", paragraphs(command.help), ""]
        hints = get_type_hints(command.callback) if command.callback else {}
        rows = [parameter(p, hints.get(p.name or "")) for p in command.params]
        if rows:
            parts += [*table(("option", "default", "what it does"), rows), ""]
    return "\n".join(parts)


def commands(command: object, path: str) -> Iterator[tuple[str, TyperCommand]]:
    """Yield every command below ``command`` that does something, with how it is called."""
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            if not child.hidden:
                yield from commands(child, f"{path} {name}")
    elif isinstance(command, TyperCommand):
        yield path, command


def parameter(given: object, hint: object) -> tuple[str, str, str]:
    """Return the row of an argument or option."""
    assert isinstance(given, TyperArgument | TyperOption)
    if isinstance(given, TyperArgument):
        names = f"`{given.metavar or (given.name or '').upper()}`"
    else:
        names = ", ".join(f"`{name}`" for name in (*given.opts, *given.secondary_opts))
    choices: list[Any] = list(hint) if isinstance(hint, EnumType) else []
    default = getattr(given.default, "value", given.default)
    shown = "required" if given.required else "" if default in _UNSAID else f"`{default}`"
    one_of = " One of " + ", ".join(f"`{c.value}`" for c in choices) + "." if choices else ""
    return names, shown, paragraphs(given.help) + one_of


_UNSAID: tuple[object, ...] = (None, False, "", (), [])


def paragraphs(text: str | None) -> str:
    """Return help text as Markdown, without what only the terminal understands."""
    return (text or "").replace("\b", "").strip()


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the lines of a Markdown table, or ``none yet``."""
    body = [row(*cells) for cells in rows]
    return [row(*head), "|" + "---|" * len(head), *body] if body else ["None yet."]


def row(*cells: str) -> str:
    """Return one line of a Markdown table."""
    return "| " + " | ".join(" ".join(c.replace("|", "\\|").split()) for c in cells) + " |"


PAGES = {
    "checks.md": checks_page,
    "commands.md": commands_page,
    "defects.md": defects_page,
}


def main() -> int:
    """Write the pages, or say which are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if out of date")
    check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        path, text = HERE / name, page()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
    for name in stale:
        sys.stdout.write(f"docs/{name} {'is out of date' if check else 'written'}\n")
    if check and stale:
        sys.stdout.write("run: python docs/generate.py\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
