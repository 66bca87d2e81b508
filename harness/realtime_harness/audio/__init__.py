"""Signal work, without any protocol in it: shared by the harness and the fake."""

from __future__ import annotations
