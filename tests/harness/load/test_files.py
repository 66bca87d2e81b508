from __future__ import annotations

import resource
from dataclasses import replace

import pytest

from realtime_harness.errors import UsageError
from realtime_harness.load.files import room_for
from realtime_harness.load.profile import find
from realtime_harness.load.run import LoadPlan
from realtime_harness.targets.target import Target

TARGET = Target(name="fake", base_url="http://127.0.0.1:1/v1", api_key="sk-none")


@pytest.fixture
def limit(monkeypatch):
    def limit(hard: int) -> None:
        monkeypatch.setattr(resource, "getrlimit", lambda kind: (64, hard))

    return limit


@pytest.mark.parametrize(
    ("hard", "files", "room"),
    [(1_100, 1, 1_000), (1_100, 2, 500), (50, 1, 0), (resource.RLIM_INFINITY, 1, None)],
)
def test_files_make_room_for_sessions(limit, hard, files, room):
    limit(hard)
    assert room_for(files) == room


def test_more_sessions_than_files_are_refused_with_a_way_out(limit):
    limit(1_100)
    plan = LoadPlan(target=TARGET, profile=find("text"), users=2_000)
    with pytest.raises(UsageError, match=r"room for 1000 .* --processes"):
        plan.look()
    replace(plan, processes=2).look()
    with pytest.raises(UsageError, match="need 2 open files each"):
        replace(plan, profile=find("sideband"), processes=2).look()
