"""Writes the pages of this folder that only repeat what the code says.

``python docs/generate.py`` writes them, ``--check`` says which are out of date and fails. Needs an
environment with the project installed.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from enum import EnumType
from pathlib import Path
from typing import Any, get_type_hints

import typer.main
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

import realtime_scenarios
from realtime_fakes.behaviours import BEHAVIOURS
from realtime_fakes.defects import DEFECTS
from realtime_fakes.switches import Switch
from realtime_harness.checks import Check
from realtime_harness.cli import app
from realtime_harness.contract.rules import STREAM_RULES

HERE = Path(__file__).resolve().parent
NOTE = "<!-- Written by docs/generate.py; change the code, not this page. -->\n"


def catalogues() -> Iterator[tuple[str, tuple[Check, ...]]]:
    """Yield each suite with its checks, and first what is judged in every scenario."""
    yield "every scenario", tuple(rule.check for rule in STREAM_RULES)
    for module in pkgutil.iter_modules(realtime_scenarios.__path__):
        if module.ispkg:
            package = f"{realtime_scenarios.__name__}.{module.name}"
            yield module.name, importlib.import_module(f"{package}.checks").CHECKS


def checks_page() -> str:
    """Every check: its level, its clause and where the fact comes from."""
    parts = [
        "# Checks",
        NOTE,
        "One normative sentence each, with where the fact comes from. Ids are stable: they are "
        "what `-k` selects and what JUnit names.",
    ]
    for suite, checks in catalogues():
        parts.append(f"\n## {suite}\n\n| id | level | the endpoint is right when | source |")
        parts.append("|---|---|---|---|")
        parts += [row(f"`{c.id}`", c.level.value, c.clause, c.source) for c in checks]
    return "\n".join(parts) + "\n"


def defects_page() -> str:
    """Every switch of the fake: what is legal but rude, and what is wrong."""
    head = ("name", "what is wrong", "found by", "and also")

    def defects(where: str) -> list[str]:
        rows = ((f"`{s.name}`", s.summary, f"`{s.violates}`", also(s)) for s in of(where, DEFECTS))
        return table(head, rows)

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
            "otherwise those after it.",
            "",
            *defects("service"),
            "",
            "## Defects of the reference relays",
            "",
            "For `realtime-harness relay --defect NAME`.",
            "",
            *defects("relay"),
            "",
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
