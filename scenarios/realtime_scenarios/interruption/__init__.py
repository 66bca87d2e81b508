"""Falling into the assistant's word.

By speaking, by cancelling and by clearing what is being played: the response ends as cancelled, for
the right reason, and what was not heard is forgotten. Truncating has bounds.
"""

from __future__ import annotations
