"""``python -m realtime_fakes.workers.worker``: one worker. Started by the supervisor."""

from __future__ import annotations

import shutil
import sys

import orjson

from realtime_fakes import process
from realtime_fakes.server import ServeOptions, Server
from realtime_fakes.workers.routing import rule_of
from realtime_fakes.workers.seat import Seat, read_order
from realtime_fakes.workers.team import Team

__all__ = ["work"]


async def work(seat: Seat, options: ServeOptions) -> None:
    """Serve until standard input ends, because the supervisor closed it or is no more."""
    stop = process.ending(until_eof=True)
    team = Team(seat, rule_of)
    try:
        async with Server(options, team) as server:
            sys.stdout.buffer.write(orjson.dumps(server.ready) + b"\n")
            sys.stdout.flush()
            await stop.wait()
    finally:
        # The supervisor does this, unless it was killed.
        shutil.rmtree(team.directory, ignore_errors=True)


if __name__ == "__main__":
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as unbuffered:
        order = unbuffered.readline()
    process.run(work(*read_order(order)))
