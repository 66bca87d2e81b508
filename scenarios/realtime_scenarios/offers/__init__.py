"""What an endpoint answers to an SDP offer.

Good offers of every form get an answer that a browser can work with, and a call id; what is no
offer, or comes without a key, gets an error and leaves no call. The offers are written by hand, so
nothing of it needs a WebRTC stack.
"""

from __future__ import annotations
