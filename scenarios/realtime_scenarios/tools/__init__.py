"""Functions of the client: they are called, and what they return is answered."""

from __future__ import annotations
