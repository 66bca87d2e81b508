"""What an endpoint answers to an SDP offer: the good ones, and everything that is none."""

from __future__ import annotations
