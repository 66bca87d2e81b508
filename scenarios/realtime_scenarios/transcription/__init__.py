"""Writing down what the user says: beside a conversation, and in sessions that do nothing else."""

from __future__ import annotations
