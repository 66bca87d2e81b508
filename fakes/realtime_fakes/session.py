"""A Realtime session, sans-IO.

Takes client frames, PCM and the time; returns effects. Knows no sockets, no asyncio and no clock.
See ``ARCHITECTURE.md``.

Every client event has a method that acts on it. A method refuses by raising before it has changed
anything, so that a refused event leaves no trace but its ``error``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from realtime_fakes.any_session import AnySession
from realtime_fakes.audience import Attachment, ClearPlayback, Effect, Event, McpOutcome
from realtime_fakes.brain import Answer, Brain, Course, Turn
from realtime_fakes.client_events import with_further
from realtime_fakes.config import Config, check_thinking, model_of, patch
from realtime_fakes.context import (
    chosen,
    cost_of_input,
    cost_of_instructions,
    fit,
    last_input,
    offered,
    too_much,
)
from realtime_fakes.conversation import Conversation, Entry, made_by_client
from realtime_fakes.errors import ApiError, api_error
from realtime_fakes.hearing import Hearing
from realtime_fakes.ids import Ids
from realtime_fakes.items import Items
from realtime_fakes.mcp import McpServers, decided
from realtime_fakes.output_audio import OutputAudio
from realtime_fakes.policy import Policy
from realtime_fakes.prompts import with_prompt
from realtime_fakes.response import Response

__all__ = ["Session"]


class Session(AnySession):
    """One session: its configuration, conversation, buffers, and whoever is attached to it.

    Args:
        id: of the session.
        config: the effective session object, from :func:`~realtime_fakes.config.effective_session`.
        now: when it starts, in Unix seconds.
        ids: source of its identifiers.
        brain: who answers.
        policy: returns the decisions in force; asked at each frame and timer.
        on_call: whether its sound goes over RTP.
        further_events: names of client events that are listed as known, and refused.

    """

    def __init__(
        self,
        *,
        id: str,
        config: Config,
        now: float,
        ids: Ids,
        brain: Brain,
        policy: Callable[[], Policy],
        on_call: bool,
        further_events: tuple[str, ...] = (),
    ) -> None:
        super().__init__(
            id=id,
            config=config,
            now=now,
            ids=ids,
            policy=policy,
            events=with_further(further_events, on_call=on_call),
        )
        self._brain = brain
        self._conversation = Conversation(ids.conversation())
        self._items = Items(self._conversation, ids=ids, policy=policy)
        self._instructions_cost = cost_of_instructions(config["instructions"])
        self._hearing = Hearing(
            config,
            self._conversation,
            add_item=self._items.append,
            respond=self._respond,
            interrupt=self._interrupt,
            ids=ids,
            policy=policy,
        )
        self._output_audio = OutputAudio(ids) if on_call else None
        self._responses: dict[str, Response] = {}
        self._active: Response | None = None
        self._response_count = 0
        self._was_interrupted = False
        self._waiting: dict[str, Entry] = {}
        self._mcp = McpServers(self._conversation, ids=ids, policy=policy)
        self._unlisted: list[Event] = []
        self._past_requests: set[str] = set()  # for approval, of a session that is history

    def attach(self, attachment: Attachment, now: float) -> list[Effect]:
        """Add a party. The first one sees how MCP servers list their tools."""
        out = super().attach(attachment, now)
        if self.config["tools"] and not self.ended:
            self._mcp.list_tools(self.config["tools"], out)
        return out

    def answered(self, request_id: str, outcome: McpOutcome, now: float) -> list[Effect]:
        """Take what an MCP server has answered to an ``McpRequest``."""
        out: list[Effect] = []
        if self.ended:
            return out
        self._ids.at(now)
        if not self._mcp.listed(request_id, outcome, out):
            self._go_on(request_id, outcome, now, out)
            return out
        unlisted, self._unlisted = self._unlisted, []
        for event in unlisted:
            try:
                self._create_response(event, now, out)
            except ApiError as error:
                out.append(error.event(self._ids.event(), event.get("event_id")))
        return out

    def receive_audio(self, pcm: bytes, now: float) -> list[Effect]:
        """Hear sound that came over RTP: 24 kHz mono PCM16, little endian."""
        out: list[Effect] = []
        if not self.ended:
            self._ids.at(now)
            self._hearing.append(pcm, "audio/pcm", now, out)
        return out

    def next_timer(self) -> float | None:
        """Return when :meth:`on_timer` is to be called, in Unix seconds."""
        if self.ended:
            return None
        due = self._ends_at()
        if self._hearing.due is not None and self._hearing.due < due:
            due = self._hearing.due
        for response in self._responses.values():
            if response.due is not None and response.due < due:
                due = response.due
        if self._output_audio is not None:
            played = self._output_audio.next_timer()
            if played is not None and played < due:
                due = played
        return due

    def on_timer(self, now: float) -> list[Effect]:
        """Do all that is due by ``now``."""
        if self.ended:
            return []
        self._ids.at(now)
        out: list[Effect] = []
        for response in list(self._responses.values()):
            if response.due is not None and response.due <= now:
                response.go_on(now, out)
                self._forget_if_done(response, now, out)
        if self._output_audio is not None:
            self._output_audio.on_timer(now, out)
        if self._hearing.due is not None and self._hearing.due <= now:
            self._hearing.on_timer(now, out)
        self._expire(now, out)
        return out

    def describe(self) -> dict[str, Any]:
        """Return the state, for a tester who looks in from the side."""
        return {
            **super().describe(),
            "conversation_id": self._conversation.id,
            "items": [item["id"] for item in self._conversation],
            "input_audio_ms": self._hearing.total_ms,
            "buffered_audio_ms": self._hearing.buffered_ms,
            "responses": list(self._responses),
        }

    def _act(self, event: Event, now: float, out: list[Effect]) -> None:
        _ACTIONS[event["type"]](self, event, now, out)

    # session

    def _update(self, event: Event, now: float, out: list[Effect]) -> None:
        asked = event["session"]
        config = patch(
            self.config,
            asked,
            voice_is_fixed=self._conversation.has_assistant_audio,
            speed_is_fixed=self._active is not None,
            model_is_fixed=not self._policy().accept_model_change,
        )
        self.config = with_prompt(config, asked, self._brain.recall)
        self._instructions_cost = cost_of_instructions(self.config["instructions"])
        self._hearing.configure(self.config)
        out.append(
            {
                "type": "session.updated",
                "event_id": self._ids.event(),
                "session": self.config,
            }
        )
        if "tools" in event["session"]:
            self._mcp.list_tools(self.config["tools"], out, again=True)

    # input_audio_buffer

    def _append_audio(self, event: Event, now: float, out: list[Effect]) -> None:
        if self._policy().acknowledge_appends:
            out.append({"type": "input_audio_buffer.appended", "event_id": self._ids.event()})
        self._hearing.append(event["audio"], None, now, out)

    def _commit_audio(self, event: Event, now: float, out: list[Effect]) -> None:
        self._hearing.commit(now, out)

    def _clear_input_audio(self, event: Event, now: float, out: list[Effect]) -> None:
        self._hearing.clear(out)

    # output_audio_buffer

    def _clear_output_audio(self, event: Event, now: float, out: list[Effect]) -> None:
        if self._output_audio is not None:
            effects: list[Effect] = []
            self._output_audio.clear(effects)
            if not self._policy().clear_playback:
                effects = [each for each in effects if not isinstance(each, ClearPlayback)]
            out.extend(effects)

    # conversation.item

    def _create_item(self, event: Event, now: float, out: list[Effect]) -> None:
        item = event["item"]
        item_id = item.get("id")
        if not item_id or not self._policy().keep_client_item_ids:
            item_id = self._ids.item()
        if self._conversation.get(item_id) is not None or item_id in self._waiting:
            raise api_error("item_create_duplicate_item_id", item_id=item_id)
        format: str = self.config["audio"]["input"]["format"]["type"]
        is_output = item["type"] == "function_call_output"
        is_unasked = is_output and not self._conversation.has_call(item["call_id"])
        if is_unasked and self._policy().check_call_ids:
            raise api_error("invalid_tool_call_id", call_id=item["call_id"])
        after = event.get("previous_item_id")
        previous = None if after == "root" else after or None
        if previous is not None and self._conversation.get(previous) is None:
            raise api_error("item_create_invalid_previous_item_id", item_id=previous)
        if item["type"] == "mcp_approval_response":
            self._check_approval(item["approval_request_id"])
        entry = made_by_client(item, item_id, format)
        if after:
            self._items.insert(item_id, entry, previous, out)
        elif is_output and self._active is not None:
            if not self._policy().queue_outputs:
                active = self._active.id
                raise api_error("conversation_already_has_active_response", response_id=active)
            # It waits until the response with its call is done, as recorded.
            self._waiting[item_id] = entry
        else:
            self._items.append(item_id, entry, out)
        if item["type"] == "mcp_approval_request":
            self._past_requests.add(item_id)
        elif item["type"] == "mcp_approval_response":
            self._go_on(item["approval_request_id"], decided(item), now, out)

    def _check_approval(self, request_id: str) -> None:
        waiting = any(each.waits_for_approval(request_id) for each in self._responses.values())
        if not waiting and request_id not in self._past_requests:
            raise api_error("invalid_approval_request_id", item_id=request_id)

    def _retrieve_item(self, event: Event, now: float, out: list[Effect]) -> None:
        self._items.retrieve(event, self.config["audio"]["input"]["format"]["type"], out)

    def _delete_item(self, event: Event, now: float, out: list[Effect]) -> None:
        self._items.delete(event, out)

    def _truncate_item(self, event: Event, now: float, out: list[Effect]) -> None:
        self._items.truncate(event, out)

    # response

    def _create_response(self, event: Event, now: float, out: list[Effect]) -> None:
        request: dict[str, Any] = event.get("response") or {}
        conversation = None if request.get("conversation") == "none" else self._conversation
        if conversation is not None and self._active is not None:
            raise api_error("conversation_already_has_active_response", response_id=self._active.id)
        if request.get("tools") and self._mcp.list_tools(request["tools"], out):
            # It starts when its servers have listed their tools.
            self._unlisted.append(event)
            return
        config = self.config
        check_thinking(request, config["model"], "response")
        said: dict[str, Any] = config["audio"]["output"]
        asked: dict[str, Any] = request.get("audio", {}).get("output", {})
        voice = asked.get("voice", said["voice"])
        if self._conversation.has_assistant_audio and voice != said["voice"]:
            raise api_error("cannot_update_voice")
        policy = self._policy()
        context = chosen(request.get("input"), self._conversation, config, self._ids, policy)
        modalities: list[str] = request.get("output_modalities") or config["output_modalities"]
        instructions = request.get("instructions")
        if instructions is None and request.get("prompt") is not None:
            instructions = self._brain.recall(request["prompt"], "response.prompt")
        if instructions is None:
            instructions, cost = config["instructions"], self._instructions_cost
        else:
            cost = cost_of_instructions(instructions)
        model = model_of(config["model"])
        room = (policy.context_tokens or model.context_tokens) - cost
        if policy.response_failure is not None:
            answer = Answer((), Course(failure=policy.response_failure))
        elif context is None and not fit(self._conversation, config["truncation"], room):
            answer = too_much(cost + room, cost + self._conversation.tokens)
        else:
            answer = self._answer(request, context, modalities[0], instructions)
            if policy.response_error is not None:
                answer.course = replace(answer.course, error=policy.response_error)
        response = Response(
            {
                "object": "realtime.response",
                "id": self._ids.response(),
                "status": "in_progress",
                "status_details": None,
                "output": [],
                "conversation_id": None if conversation is None else conversation.id,
                "output_modalities": modalities,
                "max_output_tokens": request.get("max_output_tokens", config["max_output_tokens"]),
                "audio": {
                    "output": {"format": asked.get("format", said["format"]), "voice": voice}
                },
                "usage": None,
                "metadata": request.get("metadata"),
            },
            answer,
            cost_of_input(cost, context, self._conversation),
            speak=self._brain.speak if modalities[0] == "audio" else None,
            conversation=conversation,
            output_audio=self._output_audio,
            shows_phase=model.effort is not None,
            ids=self._ids,
            policy=policy,
            add_item=self._items.append,
        )
        self._responses[response.id] = response
        if conversation is not None:
            self._active = response
            if self._hearing.idle_ms:
                self._hearing.stop_waiting()
        response.start(now, out)
        self._forget_if_done(response, now, out)

    def _answer(
        self,
        request: dict[str, Any],
        context: list[Entry] | None,
        modality: str,
        instructions: str,
    ) -> Answer:
        """Ask the brain what to answer."""
        config, conversation = self.config, self._conversation
        user, outputs = last_input(
            conversation.newest_first() if context is None else reversed(context)
        )
        self._response_count += 1
        tools, choice = offered(request, config, self._policy())
        answer = self._brain.answer(
            Turn(
                "" if user is None else user.user_text(),
                modality,
                instructions,
                conversation.remembered if context is None else [entry.item for entry in context],
                "" if user is None or user.sounds is None else user.spoken_text(),
                outputs,
                self._mcp.expand(tools) if tools else tools,
                choice,
                request.get("parallel_tool_calls", config.get("parallel_tool_calls")) is not False,
                request.get("metadata"),
                self._response_count,
                self._effort(request),
            )
        )
        return self._mcp.invoke(answer, tools) if tools else answer

    def _effort(self, request: dict[str, Any]) -> str | None:
        """Return how hard the answer is to be thought about; models that do have a default."""
        default = model_of(self.config["model"]).effort
        asked = request.get("reasoning") or self.config.get("reasoning") or {}
        return None if default is None else asked.get("effort", default)

    def _cancel_response(self, event: Event, now: float, out: list[Effect]) -> None:
        response_id = event.get("response_id")
        response = self._responses.get(response_id) if response_id else self._active
        if response_id and not self._policy().cancel_by_id:
            response = None
        if response is None or response.is_done:
            raise api_error("response_cancel_not_active")
        response.cancel("client_cancelled", out)
        self._forget_if_done(response, now, out)

    def _respond(self, now: float, out: list[Effect]) -> None:
        """Answer a turn, unless an answer is still on its way."""
        if self._was_interrupted and not self._policy().answer_after_interruption:
            return
        if self._active is None:
            self._create_response({}, now, out)

    def _interrupt(self, now: float, out: list[Effect]) -> None:
        """Fall silent, because the user speaks.

        On a call the service knows what was played, and shortens the item to that by itself
        (https://developers.openai.com/api/docs/guides/realtime-conversations).

        """
        response = self._active
        if response is not None:
            self._was_interrupted = True
            response.cancel("turn_detected", out)
            self._forget_if_done(response, now, out)
        if self._output_audio is not None:
            for item_id, played_ms in self._output_audio.interrupt(now, out):
                self._items.cut_off(item_id, played_ms, out)

    def _go_on(self, request_id: str, outcome: McpOutcome, now: float, out: list[Effect]) -> None:
        """Go on with the response that waits for an MCP server, or for an approval."""
        for response in self._responses.values():
            if response.answered(request_id, outcome, now, out):
                self._forget_if_done(response, now, out)
                break

    def _wait(self, response: Response, now: float) -> None:
        """Wait for the user, from when the response will have been played."""
        if self._output_audio is None:
            playback_s = response.spoken_ms / 1000
        else:
            playback_s = max(0.0, (self._output_audio.end or now) - now)
        self._hearing.wait(now, playback_s)

    def _forget_if_done(self, response: Response, now: float, out: list[Effect]) -> None:
        if response.is_done and self._active is response:
            self._active = None
            if self._waiting:
                for item_id, entry in self._waiting.items():
                    self._items.append(item_id, entry, out)
                self._waiting.clear()
            if self._hearing.idle_ms:
                self._wait(response, now)
        if response.due is None:
            del self._responses[response.id]


_ACTIONS: dict[str, Callable[[Session, Event, float, list[Effect]], None]] = {
    "session.update": Session._update,
    "input_audio_buffer.append": Session._append_audio,
    "input_audio_buffer.commit": Session._commit_audio,
    "input_audio_buffer.clear": Session._clear_input_audio,
    "output_audio_buffer.clear": Session._clear_output_audio,
    "conversation.item.create": Session._create_item,
    "conversation.item.truncate": Session._truncate_item,
    "conversation.item.delete": Session._delete_item,
    "conversation.item.retrieve": Session._retrieve_item,
    "response.create": Session._create_response,
    "response.cancel": Session._cancel_response,
}
