"""Who gets a session over WebSocket, and how the others are told.

A client knocks with every kind of key, in every place where a key may be, and with addresses that
name no model, or the beta. Those who are let in are greeted first; those who are not get an error
and a close code, or a refused handshake, and never a session.
"""

from __future__ import annotations
