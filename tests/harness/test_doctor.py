from __future__ import annotations

import pytest

from realtime_harness.doctor import examine, find_chromium
from realtime_harness.errors import HarnessError
from realtime_harness.lab import Lab


def test_missing_extra_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime_harness.doctor._version", lambda package: None)
    found = {each.what: each for each in examine()}
    assert found["extra webrtc"].ok is None
    assert "install realtime-harness[webrtc] for calls" in found["extra webrtc"].detail
    assert found["websockets"].ok is False
    assert found["uvloop"].ok is None


def test_fake_that_does_not_start_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Lab) -> None:
        raise HarnessError("broken")

    monkeypatch.setattr(Lab, "fake", broken)
    *_, last = examine()
    assert (last.what, last.ok, last.detail) == ("fake", False, "broken")


def test_chromium_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RT_CHROMIUM", "/opt/browser")
    assert find_chromium() == "/opt/browser"
