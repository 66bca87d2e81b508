"""Load whose figures can be believed: engines measure, whoever started them plans and merges.

================  ==================================================================================
module            holds
================  ==================================================================================
``schedule``      shapes as functions of time, and when arrivals are due
``histogram``     log-linear histograms that merge exactly
``operation``     what is measured: the five times of an operation, and the series made of them
``health``        whether the generator itself was fit: void, warn or fit
``slo``           objectives, and how they were met
``goodput``       which operations and sessions were good enough
``backoff``       how long a session keeps away that was refused for now
``purse``         what sessions are charged, and whether they may go on
``search``        the largest number of sessions that meets every objective
``profile``       load profiles in TOML
``recent``        a recorder that forgets, for sessions that last
``socket``        a WebSocket client that costs little, behind the interface of the others
``sessions``      what one session of a profile does: it drives the journeys of the suites
``engine``        a process that has sessions; ``python -m realtime_harness.load.engine``
``life``          the life of a session in it: it opens, acts when that is due, comes back
``wire``          what an engine and whoever started it tell each other
``fleet``         the engines of a run, from outside
``run``           a whole run: plan, merge, judge, write down
``screen``        what is shown of it in a terminal
``blocks``        parts of a run that are drawn again, to see how much its figures scatter
``comparison``    two runs side by side: what differs by more than chance
================  ==================================================================================

Only ``engine`` and what it is made of is on the path that is timed; nothing of it imports gevent.
"""

from __future__ import annotations
