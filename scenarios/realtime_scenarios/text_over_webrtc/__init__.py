"""Text turns over a data channel, with audio sections that carry nothing."""

from __future__ import annotations
