"""Responses: what they show, what they heed, and which may run at the same time.

Turns in text and in sound, options of one response beside those of the session, responses that are
cut short, cancelled, refused because another one is in progress, and those out of band.
"""

from __future__ import annotations
