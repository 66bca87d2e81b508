"""Who may import whom: the table of ARCHITECTURE.md, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "realtime_harness": "harness",
    "realtime_fakes": "fakes",
    "realtime_scenarios": "scenarios",
    "realtime_reports": "reports",
}

# Package or module -> what of ours it may import; the longest name that fits a file decides.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "realtime_harness": ("realtime_harness",),
    # Shared by the fake and its judge, so nothing of the protocol may come in through them.
    "realtime_harness.audio": ("realtime_harness.audio",),
    "realtime_harness.rtc": (
        "realtime_harness.audio",
        "realtime_harness.errors",
        "realtime_harness.rtc",
    ),
    "realtime_harness.timing": ("realtime_harness.timing",),
    "realtime_fakes": (
        "realtime_fakes",
        "realtime_harness.audio",
        "realtime_harness.rtc",
        "realtime_harness.timing",
    ),
    "realtime_scenarios": ("realtime_harness", "realtime_scenarios"),
    "realtime_reports": (
        "realtime_harness.errors",
        "realtime_harness.evidence",
        # What load runs are read back with: functions of figures.
        "realtime_harness.load.blocks",
        "realtime_harness.load.comparison",
        "realtime_harness.load.health",
        "realtime_harness.load.histogram",
        "realtime_harness.load.operation",
        "realtime_harness.results",
        "realtime_harness.verdicts",
        "realtime_reports",
    ),
}

# Where everything comes together: these may import all four, but only inside functions.
MEETING_PLACES = (
    "realtime_harness.cli",
    "realtime_harness.pytest_plugin",
    "realtime_harness.testing",
)

# Locust changes the whole process when it is imported, so only what runs in its own one does.
NOWHERE = ("locust", "gevent")
LOCUSTS_OWN = "realtime_harness.load._locust"

# Extras, and what the base install has to work without: only inside functions, or in modules
# that are themselves only imported there. The latter is what test_extras.py tries out.


class Import(NamedTuple):
    line: int
    name: str
    in_function: bool


def covers(allowed: str, name: str) -> bool:
    return name == allowed or name.startswith(allowed + ".")


def module_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.Module, module: str, *, is_package: bool) -> Iterator[Import]:
    """Yield each imported name, fully qualified: ``from a import b`` is ``a.b``."""
    package = module if is_package else module.rpartition(".")[0]

    def walk(node: ast.AST, in_function: bool) -> Iterator[Import]:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield Import(node.lineno, alias.name, in_function)
            case ast.ImportFrom(module=name, names=names, level=level):
                base = name or ""
                if level:
                    above = package.split(".")[: len(package.split(".")) - level + 1]
                    base = ".".join([*above, *([name] if name else [])])
                for alias in names:
                    yield Import(node.lineno, f"{base}.{alias.name}", in_function)
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]) if getattr(
                function, "attr", getattr(function, "id", "")
            ) in {"import_module", "__import__"}:
                yield Import(node.lineno, name, in_function)
        inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, inside)

    return walk(tree, False)


def violations(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """Return what the source of ``module`` imports and must not."""
    layer = max((name for name in MAY_IMPORT if covers(name, module)), key=len)
    allowed = MAY_IMPORT[layer]
    meeting_place = any(covers(place, module) for place in MEETING_PLACES)
    found = []
    for line, name, in_function in imports(ast.parse(source), module, is_package=is_package):
        top = name.partition(".")[0]
        if top in NOWHERE and not covers(LOCUSTS_OWN, module):
            found.append(f"line {line}: {name} must not be imported anywhere")
        elif top not in FOLDERS or any(covers(each, name) for each in allowed):
            continue
        elif not meeting_place:
            found.append(f"line {line}: {layer} must not import {name}")
        elif not in_function:
            found.append(f"line {line}: {name} only inside a function")
    return found


def files() -> Iterator[object]:
    for package, folder in FOLDERS.items():
        root = PROJECT / folder
        for path in sorted((root / package).rglob("*.py")):
            yield pytest.param(path, module_of(path, root), id=module_of(path, root))


@pytest.mark.parametrize(("path", "module"), list(files()))
def test_imports_follow_the_arrows(path: Path, module: str) -> None:
    is_package = path.name == "__init__.py"
    found = violations(path.read_text(encoding="utf-8"), module, is_package=is_package)
    assert not found, f"{path.relative_to(PROJECT)}: " + "; ".join(found)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("realtime_scenarios.offers.checks", "from realtime_fakes import clock"),
        ("realtime_scenarios.offers.checks", "def f():\n    import realtime_fakes.clock"),
        ("realtime_fakes.session", "from realtime_harness import contract"),
        ("realtime_fakes.session", "from realtime_harness.contract.rules import STREAM_RULES"),
        ("realtime_fakes.session", "import realtime_harness"),
        ("realtime_fakes.session", "importlib.import_module('realtime_harness.contract')"),
        ("realtime_reports.files", "from realtime_harness.run import ScenarioRun"),
        ("realtime_harness.audio.speech", "from ..contract import rules"),
        ("realtime_harness.cli", "from realtime_fakes.server import serve"),
        ("realtime_harness.runner", "def f():\n    from realtime_fakes.server import serve"),
        ("realtime_harness.run", "import locust"),
        ("realtime_harness.load.swarm", "def f():\n    import locust"),
    ],
)
def test_wrong_arrows_are_seen(module: str, source: str) -> None:
    assert violations(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("realtime_fakes.session", "from realtime_harness.audio import speech"),
        ("realtime_fakes.session", "from realtime_harness import audio"),
        ("realtime_fakes.webrtc", "from realtime_harness.rtc import loopback_only"),
        ("realtime_fakes.session", "from . import clock"),
        ("realtime_harness.cli", "def f():\n    from realtime_fakes.server import serve"),
        ("realtime_scenarios.offers.checks", "from realtime_harness.checks import Check"),
        ("realtime_reports.files", "from realtime_harness.evidence.entry import Entry"),
        ("realtime_harness.load._locust.locustfile", "from locust import User"),
    ],
)
def test_right_arrows_pass(module: str, source: str) -> None:
    assert not violations(source, module)
