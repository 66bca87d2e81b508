"""For tests of applications: a fake Realtime service inside the test's own process.

The pytest fixtures ``rt_fake``, ``rt_script``, ``rt_clock`` and ``rt_evidence`` are made of this,
and it works without pytest as well. See ``docs/testing-your-application.md``.
"""

from __future__ import annotations

from realtime_harness.testing.clock import Clock
from realtime_harness.testing.control import Control
from realtime_harness.testing.evidence import Evidence
from realtime_harness.testing.expectations import Expectation, ExpectationFailed
from realtime_harness.testing.fake import Fake
from realtime_harness.testing.server import ServerThread

__all__ = [
    "Clock",
    "Control",
    "Evidence",
    "Expectation",
    "ExpectationFailed",
    "Fake",
    "ServerThread",
]
