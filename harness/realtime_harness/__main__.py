"""``python -m realtime_harness`` is ``realtime-harness``."""

from __future__ import annotations

from realtime_harness.cli import main

if __name__ == "__main__":
    main()
