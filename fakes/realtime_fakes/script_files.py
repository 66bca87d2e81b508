"""Scripts as text: YAML or JSON, in a file that is read again when it has changed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from os import stat
from pathlib import Path
from typing import Any

import yaml

from realtime_fakes.scripts import Script, ScriptError

__all__ = ["FixedScript", "ScriptFile", "read_script"]

_logger = logging.getLogger(__name__)
_STRING = "tag:yaml.org,2002:str"

_Lines = dict[tuple[str | int, ...], int]


def read_script(text: str, *, source: str) -> Script:
    """Return the script in a YAML or JSON text.

    Raises:
        ScriptError: with the line, if it is neither, or no script.

    """
    lines: _Lines = {}
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        lines.update(_places(node, (), source))
        document = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = f"This is not YAML: {error.problem}. Check indentation and quotes."
        place = None if mark is None else mark.line + 1
        raise ScriptError(problem, source=source, line=place, path="") from None
    except (yaml.YAMLError, RecursionError) as error:
        problem = f"This is not YAML: {error}. Check what the file is."
        raise ScriptError(problem, source=source, path="") from None
    script = Script.of(document, source=source, lines=lines)
    script.text = text
    return script


def _places(
    node: yaml.Node | None, path: tuple[str | int, ...], source: str
) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """Find the line of everything in a document, and refuse keys that are not plain or twice."""
    if node is None:
        return
    if not path:
        yield path, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, entry in enumerate(node.value):
            yield (*path, index), entry.start_mark.line + 1
            yield from _places(entry, (*path, index), source)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, entry in node.value:
            line = key.start_mark.line + 1
            if key.tag != _STRING:
                problem = f"A key has to be a word, and {key.value!r} is not. Put it in quotes."
                raise ScriptError(problem, source=source, line=line, path="")
            if key.value in seen:
                problem = f"'{key.value}' is here twice. Remove one of the two."
                raise ScriptError(problem, source=source, line=line, path="")
            seen.add(key.value)
            yield (*path, key.value), line
            yield from _places(entry, (*path, key.value), source)


class FixedScript:
    """A script that stays as it is.

    Args:
        script: the script.

    """

    def __init__(self, script: Script) -> None:
        self._script = script

    def current(self) -> Script:
        """Return the script."""
        return self._script

    def describe(self) -> dict[str, Any]:
        """Return where it comes from, and how many rules it has."""
        return {"source": self._script.source, "rules": len(self._script), "error": None}


class ScriptFile:
    """A script in a file, read again when the file has changed.

    A file that has become wrong leaves the script as it was; the log and :meth:`describe` say what
    is wrong.

    Args:
        path: of the file.

    Raises:
        ScriptError: if it cannot be read, or holds something else.

    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._error: str | None = None
        try:
            self._seen = self._version()
            self._script = self._read()
        except OSError as error:
            problem = f"It cannot be read: {error.strerror}. Name a file that is there."
            raise ScriptError(problem, source=str(path), path="") from None

    def current(self) -> Script:
        """Return the script as the file has it now."""
        try:
            seen = self._version()
            if seen != self._seen:
                self._seen = seen
                self._script = self._read()
                self._error = None
        except (ScriptError, OSError) as error:
            if str(error) != self._error:
                self._error = str(error)
                _logger.warning("%s; the script stays as it was", error)
        return self._script

    def describe(self) -> dict[str, Any]:
        """Return where it is, how many rules it has, and what is wrong with it now."""
        script = self.current()
        return {"source": script.source, "rules": len(script), "error": self._error}

    def _version(self) -> tuple[int, int]:
        found = stat(self._path)
        return found.st_mtime_ns, found.st_size

    def _read(self) -> Script:
        try:
            text = self._path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            problem = f"This is not text in UTF-8: {error.reason}. Save it as UTF-8."
            raise ScriptError(problem, source=str(self._path), path="") from None
        return read_script(text, source=str(self._path))
