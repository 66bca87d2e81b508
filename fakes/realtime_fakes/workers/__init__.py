"""The fake as several processes on one port, so that it uses more than one core.

::

                         ┌─▶ worker 1 ◀──┐ back doors: what is about somebody else's call,
    client ─▶ one port ──┤               │ what concerns all, new ephemeral keys
                         └─▶ worker 2 ◀──┘
    supervisor: starts them, ends with the first of them that ends

The system spreads connections over the workers, and each serves what reaches it. Three things do
not stay where they arrived. A request about a call goes to the worker that has it, which the call's
id tells; a WebSocket is passed on as bytes. Ephemeral keys are made known to all before the caller
gets one. The control API answers for all, by the table in :mod:`~realtime_fakes.workers.routing`.
"""

from __future__ import annotations

__all__ = ["MOST", "WorkerEnded"]

MOST = 9
"""Workers at most: ids of calls have one digit for them."""


class WorkerEnded(Exception):
    """A worker ended by itself, and the others were ended after it."""
