from __future__ import annotations

import getpass
import platform
from pathlib import Path

import orjson

from realtime_harness.load.environment import environment


def test_it_says_what_figures_depend_on_and_not_whose_machine_it_is() -> None:
    found = environment()
    assert found["python"] == platform.python_version()
    assert found["cores"] >= 1
    assert found["memory_gb"] > 0
    assert {"orjson", "websockets"} <= set(found["packages"])
    written = orjson.dumps(found).decode()
    assert str(Path.home()) not in written
    # The name of a machine may be a common word, such as the architecture's.
    if len(platform.node()) > 4:
        assert platform.node() not in written
    if getpass.getuser() != "root":
        assert getpass.getuser() not in written
