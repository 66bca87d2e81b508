"""Tools of MCP servers, which the endpoint lists and calls by itself.

Listing, calls with and without approval, calls that fail, and servers that cannot be reached. An
endpoint needs a server that it can reach for most of it.
"""

from __future__ import annotations
