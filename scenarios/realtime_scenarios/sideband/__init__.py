"""A second connection to a call: what a backend that joins by call id sees and may do."""

from __future__ import annotations
