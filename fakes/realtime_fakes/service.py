"""A service: one isolated world of keys, calls, sessions, time and switches."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from realtime_fakes.behaviours import BEHAVIOURS
from realtime_fakes.calls import CallRegistry
from realtime_fakes.clock import Clock, VirtualClock
from realtime_fakes.faults import FAULTS
from realtime_fakes.host import Host
from realtime_fakes.ids import Ids
from realtime_fakes.journal import Journal
from realtime_fakes.keys import KeyRing
from realtime_fakes.mcp_client import McpClient
from realtime_fakes.policy import Policy
from realtime_fakes.profiles import DEFAULT_PROFILE
from realtime_fakes.refusals import refusal
from realtime_fakes.scopes import masked
from realtime_fakes.script_files import FixedScript, ScriptFile
from realtime_fakes.scripts import Script, ScriptBrain
from realtime_fakes.session_types import effective, make_session, model_for
from realtime_fakes.sip import Trunk
from realtime_fakes.switches import InForce, Switchboard

__all__ = ["Service"]

_SESSION_LIFETIME_S = 3600
"""A session lasts an hour (OpenAI guide, realtime conversations)."""


class Service:
    """One isolated world. All of it runs on one event loop.

    Args:
        name: in its URLs.
        clock: the one source of its time.
        switchboard: what it does otherwise than a right service.
        api_keys: its standard keys.
        seed: makes its identifiers repeatable.
        loopback_only: whether its media is to listen on 127.0.0.1 and nowhere else.
        profile: name of what its switchboard is based on.
        remote_mcp: whether sessions may name MCP servers on other machines.
        shard: number of the worker that it is in, which its calls' ids tell.

    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        switchboard: Switchboard,
        api_keys: Sequence[str],
        seed: int | str | None = None,
        loopback_only: bool = True,
        profile: str = DEFAULT_PROFILE,
        remote_mcp: bool = False,
        shard: int | None = None,
    ) -> None:
        self.name = name
        self.profile = profile
        self.clock = clock
        self.switchboard = switchboard
        self.api_keys = tuple(api_keys)
        self.loopback_only = loopback_only
        self.ids = Ids(seed, shard)
        self.keys = KeyRing(
            api_keys, clock=clock, ids=self.ids, policy=lambda key: self.in_force(key).policy
        )
        self.calls = CallRegistry(self)
        self.trunk = Trunk(self)
        self.hosts: dict[str, Host] = {}
        self.journal = Journal()
        self.closing = asyncio.Event()
        """Set when the service is about to end."""
        self._mcp = McpClient(anywhere=remote_mcp)
        self._brain = ScriptBrain()
        self._tasks: set[asyncio.Task[Any]] = set()
        if isinstance(clock, VirtualClock):
            clock.serve(self._next_timer, self._run_timers)

    @property
    def policy(self) -> Policy:
        """The decisions in force for everybody."""
        return self.switchboard.everybody.policy

    def in_force(self, key: str | None, session_id: str | None = None) -> InForce:
        """Return what is on for a request that shows this key, and is about this session."""
        return self.switchboard.in_force(self.keys.lineage(key), session_id)

    def switch(
        self,
        *,
        defects: Iterable[str] = (),
        behaviours: Iterable[str] = (),
        faults: Iterable[str] = (),
    ) -> None:
        """Switch exactly these defects, behaviours and faults on, in sessions that run as well.

        Each may be limited to a key or a session, as :mod:`realtime_fakes.scopes` writes it.

        Raises:
            ValueError: if one is not known or cannot be read; nothing is changed then.

        """
        self.switchboard.set([*defects, *behaviours], faults)
        for host in list(self.hosts.values()):
            host.switch()

    def switch_session(
        self,
        host: Host,
        *,
        defects: Iterable[str] = (),
        behaviours: Iterable[str] = (),
        faults: Iterable[str] = (),
    ) -> None:
        """Switch exactly these on for one session alone; what is on for others stays.

        Raises:
            ValueError: if one is not known or cannot be read; nothing is changed then.

        """
        self.switchboard.set_for(host.session.id, [*defects, *behaviours], faults)
        host.switch()

    def adjust(self, *, on: Iterable[str] = (), off: Iterable[str] = ()) -> None:
        """Switch some defects, behaviours and faults on and some off; the others stay as they are.

        Args:
            on: as they are written.
            off: as :meth:`switched_on` shows them; what is not on is left alone.

        Raises:
            ValueError: if one is not known or cannot be read; nothing is changed then.

        """
        off, faults, switches = {*off}, list[str](), list[str]()
        board = self.switchboard
        for text in (*(t for t in (*board.on, *board.faults) if masked(t) not in off), *on):
            is_fault = text.partition(":")[0] in FAULTS
            (faults if is_fault else switches).append(text)
        self.switch(defects=switches, faults=dict.fromkeys(faults))

    def follow(self, script: Script | str | Path | None) -> None:
        """Answer by a script from now on; ``None`` for the echo.

        Args:
            script: the rules, or the file that they are in. A file is read again when it changes.

        Raises:
            ScriptError: if the file holds no script; nothing is changed then.

        """
        if script is None:
            self._brain.source = None
        elif isinstance(script, Script):
            self._brain.source = FixedScript(script)
        else:
            self._brain.source = ScriptFile(script)

    def script(self) -> dict[str, Any] | None:
        """Return the script in force, with its text if it was one; ``None`` for the echo."""
        source = self._brain.source
        return None if source is None else {**source.describe(), "text": source.current().text}

    def recall(self, prompt: Mapping[str, Any], root: str) -> str:
        """Return the text of a stored prompt, named at the path ``root``.

        Raises:
            ApiError: if there is none, or its variables do not fit.

        """
        return self._brain.recall(prompt, root)

    def switched_on(self) -> dict[str, list[str]]:
        """Return what is on and for whom: ``{"defects": […], "behaviours": […], "faults": […]}``.

        Of keys, only the ends are shown.
        """
        legal = {switch.name for switch in BEHAVIOURS}
        on = [(masked(text), text.partition(":")[0] in legal) for text in self.switchboard.on]
        return {
            "defects": [text for text, is_legal in on if not is_legal],
            "behaviours": [text for text, is_legal in on if is_legal],
            "faults": [masked(text) for text in self.switchboard.faults],
        }

    def new_call_id(self) -> str:
        """Return an id for a new call."""
        self.ids.at(self.clock.now())
        return self.ids.hexadecimal_call() if self.policy.hexadecimal_call_ids else self.ids.call()

    def open_session(
        self,
        requested: dict[str, Any],
        *,
        model: str | None,
        call_id: str | None = None,
        key: str | None = None,
    ) -> Host:
        """Start a session.

        Args:
            requested: the configuration asked for.
            model: given beside the configuration; the configuration's own goes first.
            call_id: of the call that the session is for.
            key: it is started with.

        Raises:
            ApiError: if the configuration is refused, or there is no room for one more.

        """
        most = self.policy.sessions_at_once
        if most is not None and len(self.hosts) >= most:
            raise refusal("rate_limit_exceeded", limit=str(most))
        now = self.clock.now()
        self.ids.at(now)
        if call_id is None:
            session_id = self.policy.session_id_prefix + self.ids.session().partition("_")[2]
        else:
            session_id = self.ids.session_of_call(call_id)
        config = effective(
            requested,
            model=model_for(requested, model, is_deployment=self.policy.name_deployments),
            session_id=session_id,
            expires_at=int(now) + _SESSION_LIFETIME_S,
            recall=self.recall,
        )
        caller = self.switchboard.caller(self.keys.lineage(key), session_id)
        session = make_session(
            config,
            now=now,
            ids=self.ids,
            brain=self._brain,
            policy=lambda: caller.on.policy,
            on_call=call_id is not None,
        )
        host = Host(
            session,
            caller=caller,
            clock=self.clock,
            switchboard=self.switchboard,
            journal=self.journal,
            ask=lambda request: self.spawn(self._mcp.ask(request)),
            on_end=self._ended,
        )
        self.hosts[session_id] = host
        return host

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run ``work`` beside; :meth:`close` waits for it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def reset(self) -> None:
        """End all sessions and calls, forget all ephemeral keys, empty the journal.

        What was held back is forgotten as well; switches and time stay.
        """
        for host in list(self.hosts.values()):
            host.end()
        self.keys.clear()
        self.journal.clear()
        self.switchboard.held.clear()
        self.trunk.clear()
        await self._settle()

    async def close(self) -> None:
        """End everything. Sockets learn that the server goes away."""
        self.closing.set()
        for host in list(self.hosts.values()):
            host.end(1001, "")
        await self._settle()

    def describe(self) -> dict[str, Any]:
        """Return the state for the control API."""
        return {
            "clock": {"kind": self.clock.kind, "now": self.clock.now()},
            "profile": self.profile,
            **self.switched_on(),
            "latency": self.policy.latency.name,
            "seed": self.switchboard.seed,
            "script": None if self._brain.source is None else self._brain.source.describe(),
            "keys": self.keys.describe(),
            "calls": self.calls.describe(),
            "sessions": [host.describe() for host in self.hosts.values()],
        }

    async def _settle(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _ended(self, host: Host) -> None:
        self.hosts.pop(host.session.id, None)
        self.calls.ended(host)
        self.switchboard.forget(host.session.id)

    def _next_timer(self) -> float | None:
        due = [host.session.next_timer() for host in self.hosts.values()]
        return min((each for each in due if each is not None), default=None)

    def _run_timers(self) -> None:
        for host in list(self.hosts.values()):
            host.run_timers()
