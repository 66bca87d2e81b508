"""Tools of MCP servers, which the endpoint lists and calls by itself."""

from __future__ import annotations
