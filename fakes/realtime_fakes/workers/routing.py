"""Which worker answers what of the control API, and how several answers become one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import perf_counter_ns, time
from typing import Any, TypeAlias

import orjson
from aiohttp import web

from realtime_fakes.faults.held import merged
from realtime_fakes.workers.all_watches import watch_all
from realtime_fakes.workers.team import LEADER, Reply, Rule, Team

__all__ = ["RULES", "rule_of"]

_Merge: TypeAlias = Callable[[web.Request, Sequence[Any]], Any]


def _everywhere(merge: _Merge | None = None, *, prepare: Callable[[bytes], bytes] = bytes) -> Rule:
    """Return the rule of what changes all workers: one change at a time, in all or in none.

    Args:
        merge: makes one answer of those of all; the leader's if not given.
        prepare: changes the body before it goes to all.

    """

    async def ask(team: Team, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if team.shard != LEADER:
            return (await team.ask(LEADER, request, body, is_final=False)).response()
        async with team.changing:
            body = prepare(body)
            replies = [await team.ask(LEADER, request, body)]
            if replies[0].status < 400:
                others = (shard for shard in team.shards if shard != LEADER)
                replies += await asyncio.gather(*(team.ask(n, request, body) for n in others))
        return _merged(request, replies, merge)

    return ask


def _together(merge: _Merge) -> Rule:
    """Return the rule of what is asked of all workers, and answered with what they all have."""

    async def ask(team: Team, request: web.Request) -> web.StreamResponse:
        return _merged(request, await _all(team, request), merge)

    return ask


def _journal() -> Rule:
    """Return the rule of the journal: like :func:`_together`, up to the moment of the request."""

    async def ask(team: Team, request: web.Request) -> web.StreamResponse:
        now, after = perf_counter_ns(), request.query.get("after", "-1")
        if not after.removeprefix("-").isdecimal():
            return (await team.ask(team.shard, request, None)).response()
        # Their numbers are not ours.
        everything = request.clone(rel_url=request.rel_url.without_query_params("after"))
        replies = await _all(team, everything)
        return _merged(
            request, replies, lambda _, found: _one_journal(found, after=int(after), until_ns=now)
        )

    return ask


async def _wherever(team: Team, request: web.Request) -> web.StreamResponse:
    """Ask all; one of them has what it is about, or none, and then all say the same."""
    replies = await _all(team, request)
    return min(replies, key=lambda reply: reply.status).response()


async def _all(team: Team, request: web.Request) -> list[Reply]:
    body = await request.read()
    return await asyncio.gather(*(team.ask(shard, request, body) for shard in team.shards))


def _merged(
    request: web.Request, replies: Sequence[Reply], merge: _Merge | None
) -> web.StreamResponse:
    reply = max(replies, key=lambda each: each.status)  # a refusal, if there is one
    if merge is None or reply.status >= 400:
        return reply.response()
    merged = merge(request, [orjson.loads(each.body) for each in replies])
    return reply._replace(body=orjson.dumps(merged)).response()


def _one_list(_request: web.Request, answers: Sequence[Any]) -> Any:
    return list(answers)


def _one_state(_request: web.Request, states: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Add up what each worker has; what all have in common, as keys, the first one tells."""
    merged = dict(states[0])
    for what in ("calls", "sessions"):
        merged[what] = [each for state in states for each in state[what]]
    for what in ("defects", "behaviours", "faults"):
        # Those of a single session are on in its worker only.
        merged[what] = list(dict.fromkeys(each for state in states for each in state[what]))
    return merged


def _all_delays(_request: web.Request, delays: Sequence[Any]) -> Any:
    return merged(delays)


def _one_journal(
    journals: Sequence[dict[str, Any]], *, after: int, until_ns: int
) -> dict[str, Any]:
    """Put the entries of all workers in the order of time.

    Nobody counts through all of them, so ``seq`` is made of the time: it grows, and stays with its
    entry. What is younger than ``until_ns`` is left for the next time, since a worker that was
    asked early may still write down something older.
    """
    start_ns = min(journal["start_ns"] for journal in journals)
    found = []
    for shard, journal in enumerate(journals, start=1):
        later_ns, seq = journal["start_ns"] - start_ns, -1
        for entry in journal["entries"]:
            t_ns = entry["t_ns"] + later_ns
            # What came in one piece has one time; a nanosecond apart it keeps its order.
            seq = max(seq + 1, t_ns)
            number = seq * 10 + shard
            if number <= after or t_ns + start_ns > until_ns:
                continue
            connection = entry["connection"]
            if shard != LEADER and entry["lane"] != "http":
                connection = f"{connection}@{shard}"  # each worker has a first "client"
            found.append({**entry, "seq": number, "t_ns": t_ns, "connection": connection})
    found.sort(key=lambda entry: entry["seq"])
    dropped = sum(journal["dropped"] for journal in journals)
    return {"entries": found, "dropped": dropped, "start_ns": start_ns}


def _with_now(body: bytes) -> bytes:
    """Let the virtual clocks of a new service show the same time in all workers."""
    try:
        service = orjson.loads(body)
        return orjson.dumps({"now": time(), **service})
    except (orjson.JSONDecodeError, TypeError):
        return body  # is refused


_OF_SERVICES: dict[tuple[str, str], Rule | None] = {
    ("GET", "/state"): _together(_one_state),
    ("GET", "/journal"): _journal(),
    ("GET", "/watch"): watch_all,
    ("POST", "/clock"): _everywhere(),
    ("GET", "/switches"): None,
    ("PUT", "/switches"): _everywhere(),
    ("PATCH", "/switches"): _everywhere(),
    ("GET", "/delays"): _together(_all_delays),
    ("DELETE", "/delays"): _everywhere(_all_delays),
    ("PUT", "/sessions/{session_id}/switches"): _wherever,
    ("GET", "/script"): None,
    ("PUT", "/script"): _everywhere(),
    ("POST", "/reset"): _everywhere(_one_state),
    ("POST", "/sessions/{session_id}/events"): _wherever,
    ("POST", "/sessions/{session_id}/drop"): _wherever,
    ("POST", "/sip/calls"): None,
}
_OF_SERVER: dict[tuple[str, str], Rule | None] = {
    ("GET", "/services"): None,
    ("POST", "/services"): _everywhere(prepare=_with_now),
    ("DELETE", "/services/{service}"): _everywhere(),
    ("GET", "/workers"): _together(_one_list),
}

RULES: dict[tuple[str, str], Rule | None] = {
    (method, root + path): rule
    for rules, roots in (
        (_OF_SERVICES, ("/_fake", "/_fake/services/{service}")),
        (_OF_SERVER, ("/_fake",)),
    )
    for (method, path), rule in rules.items()
    for root in roots
}
"""By method and path of a route. ``None`` for what any worker does by itself. Routes that name a
call are not here: they go to the worker that has it."""


def rule_of(request: web.Request) -> Rule | None:
    """Return who answers a request; ``None`` for whoever has it."""
    resource = request.match_info.route.resource
    return None if resource is None else RULES.get((request.method, resource.canonical))
