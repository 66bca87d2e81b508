"""Functions of the client: they are called, and what they return is answered.

One call and several, choices that force or forbid them, arguments that stream, and outputs: after
the call, before its response is done, and for a call that never was.
"""

from __future__ import annotations
