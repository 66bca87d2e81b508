"""What responses cost, and what the endpoint says about its limits."""

from __future__ import annotations
