"""`__all__` of every public module: complete, unique, resolvable. Its order is ruff's matter."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

PROJECT = Path(__file__).resolve().parents[2]
ROOTS = ("harness", "fakes", "scenarios", "reports")


def is_public(path: Path) -> bool:
    """Whether others import from the file: scenarios and entry points are only run."""
    return not any(part.startswith("_") and part != "__init__" for part in path.parts) and not (
        path.stem.startswith("test_")
        or path.stem in {"conftest", "__main__"}
        or path.with_suffix("") == Path("realtime_harness/cli/__init__")
    )


def modules() -> Iterator[object]:
    for root in ROOTS:
        base = PROJECT / root
        for path in sorted(base.glob("realtime_*/**/*.py")):
            relative = path.relative_to(base).with_suffix("")
            if is_public(relative):
                parts = relative.parts[:-1] if relative.stem == "__init__" else relative.parts
                yield pytest.param(path, ".".join(parts), id=".".join(parts))


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, including those under ``if`` and ``try``."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try):
            yield from statements(statement.body)
            yield from statements(statement.orelse)


def defined(tree: ast.Module) -> set[str]:
    """Return the public names that a module defines itself."""
    names: set[str] = set()
    for statement in statements(tree.body):
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar" | "ParamSpec"))):
                pass  # a letter in signatures, nothing to import
            case ast.Assign(targets=targets):
                names |= {t.id for target in targets for t in ast.walk(target) if named(t)}
            case ast.AnnAssign(target=target) if named(target):
                names.add(target.id)
    # Hooks are called by pytest, and by nobody else.
    return {name for name in names if not name.startswith(("_", "pytest_"))}


def named(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


@pytest.mark.parametrize(("path", "name"), list(modules()))
def test_all_is_complete_unique_and_resolvable(path: Path, name: str) -> None:
    expected = defined(ast.parse(path.read_text(encoding="utf-8")))
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", None)
    if exported is None:
        assert not expected, f"{name} defines {sorted(expected)} and has no __all__"
        return
    assert len(exported) == len(set(exported)), f"{name}.__all__ names something twice"
    missing = expected - set(exported)
    assert not missing, f"{name}.__all__ lacks {sorted(missing)}"
    dangling = [each for each in exported if not hasattr(module, each)]
    assert not dangling, f"{name}.__all__ names {dangling}, which are not there"
