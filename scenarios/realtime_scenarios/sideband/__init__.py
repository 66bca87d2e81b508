"""A second connection to a call.

A backend joins by the call's id and sees what the caller sees; what either does, both see. Who
joins too late, without a key or to no call is refused; who leaves does not end the call, and
hanging up ends it for all.
"""

from __future__ import annotations
