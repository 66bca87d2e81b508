"""Nothing of ours reaches pytest or the environment of others without our prefix."""

from __future__ import annotations

import re
from importlib.metadata import distribution

import pytest

OURS = re.compile(r"realtime[-_]|rt[-_]")


def test_what_the_plugin_adds_is_prefixed(added_to_pytest: set[str]) -> None:
    assert not [name for name in added_to_pytest if not OURS.match(name.lstrip("-"))]


def test_plugins_that_we_register_are_prefixed(request: pytest.FixtureRequest) -> None:
    for name, plugin in request.config.pluginmanager.list_name_plugin():
        module = getattr(plugin, "__name__", type(plugin).__module__)
        if plugin is not None and module.startswith("realtime_"):
            assert OURS.match(name), f"{module} is registered as {name!r}"


def test_entry_points_are_prefixed() -> None:
    entry_points = distribution("realtime-harness").entry_points
    assert {entry_point.group for entry_point in entry_points} == {"console_scripts", "pytest11"}
    assert not [each.name for each in entry_points if not OURS.match(each.name)]
