from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_harness.errors import HarnessError, UsageError
from realtime_harness.lab import Lab, fake_target
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.reach import reach


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # Nobody may be there to take note of the end of an orphan.
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_fake_is_a_target_until_the_lab_is_closed() -> None:
    with Lab() as lab:
        target = lab.fake(clock="virtual")
        assert target.capabilities == frozenset(Capability)
        assert target.switches == {"defects": [], "behaviours": [], "faults": []}
        assert reach(target) is target
        process = lab.start(["fake", "--port=0"])
        assert is_running(process.ready["pid"])
        lab.stop(process)
        lab.stop(process)
        assert not is_running(process.ready["pid"])
        pid = process.popen.pid
    assert not is_running(pid)
    lab.close()


def test_a_fake_says_what_its_profile_cannot_know() -> None:
    ready = {
        "base_url": "http://127.0.0.1:1/v1",
        "api_key": "sk-fake",
        "control_url": "http://127.0.0.1:1/_fake",
        "calls_need_ephemeral_key": True,
        "models_are_deployments": False,
    }
    target = fake_target(ready, "azure-ga")
    assert (target.name, target.profile.name) == ("fake:azure-ga", "azure-ga")
    assert target.profile.calls_need_ephemeral_key
    assert not target.profile.models_are_deployments
    assert fake_target(ready).name == "fake"


def test_fake_with_tls_is_trusted(lab: Lab) -> None:
    target = lab.fake(tls=True)
    assert target.base_url.startswith("https://")
    assert reach(target) is target


def test_arguments_that_it_refuses_are_our_users_mistake(lab: Lab) -> None:
    with pytest.raises(UsageError, match="no switch named 'nope'"):
        lab.fake(defects=["nope"])


def test_what_it_printed_is_in_the_message(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise RuntimeError('not this one')")
    with pytest.raises(HarnessError, match=r"(?s)fake` ended with code 1 .*not this one"):
        lab.start(["fake", "--port=0"], environment={"PYTHONPATH": str(tmp_path)})


def test_modules_in_the_working_directory_are_left_alone(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "types.py").write_text("raise RuntimeError('somebody else')")
    monkeypatch.chdir(tmp_path)
    lab.fake()


def test_process_that_never_gets_ready(lab: Lab) -> None:
    with pytest.raises(HarnessError, match="did not get ready within 0 s"):
        lab.start(["fake", "--port=0"], timeout_s=0)


def test_what_it_started_ends_with_it_though_it_was_killed(tmp_path: Path) -> None:
    run = """
import time
from realtime_harness.lab import Lab
with Lab() as lab:
    target = lab.fake()
    lab.relay("ws", target)
    print(*(process.popen.pid for process in lab._processes), flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", run], stdout=subprocess.PIPE, text=True) as popen:
        assert popen.stdout is not None
        pids = [int(pid) for pid in popen.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(is_running, pids))
        popen.kill()
    deadline = time.monotonic() + 8
    while any(map(is_running, pids)):
        assert time.monotonic() < deadline, f"still there: {pids}"
        time.sleep(0.02)
