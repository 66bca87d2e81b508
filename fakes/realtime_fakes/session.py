"""A Realtime session, sans-IO.

Takes parsed or raw client events, PCM and the time; returns effects. Knows no sockets, no asyncio
and no clock. See ``ARCHITECTURE.md``.
"""
