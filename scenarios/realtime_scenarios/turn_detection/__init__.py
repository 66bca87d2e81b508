"""Where turns begin and end.

Server VAD with its settings, semantic VAD, none at all, and silence that is too long: speech is
told when it starts and stops, at the place in the sound where it does, and is answered or not as
the session wants it.
"""

from __future__ import annotations
