// Journeys of a RealtimeSession of `@openai/agents-realtime`, for Node and for a page.

import { RealtimeAgent, RealtimeSession, tool } from "@openai/agents-realtime";

const SERVER_VAD = { type: "server_vad", createResponse: true, interruptResponse: true };
// A voice turn is left to what the library takes by default.
const TURN_DETECTION = { text: null, tool: null, interruption: SERVER_VAD };

/**
 * Do what the job says.
 *
 * @param job what is to be said, as test_journeys.py makes it
 * @param transport the session's, with what `connect` takes for it as `connection`
 * @param speak a function that lets the job's sound be heard
 * @param playback the type of event with which sound `starts`, and a function that resolves when
 *   it has `ended`, where it takes the time it takes
 * @returns the events that came, the `rejected` types that the library did not take for what they
 *   are, what it reported as errors, the sound that it gave, what it holds of the conversation
 */
export async function converse(job, { transport, connection, speak, playback }) {
  const agent = new RealtimeAgent({
    name: "Clerk",
    instructions: "Be brief.",
    tools: [tool({ ...job.tool, strict: false, execute: () => job.toolOutput })],
  });
  const input = {
    transcription: { model: "gpt-4o-mini-transcribe" },
    turnDetection: TURN_DETECTION[job.journey],
  };
  const config = { outputModalities: [job.modality], audio: { input } };
  const session = new RealtimeSession(agent, { transport, model: job.model, config });

  const events = [];
  const rejected = new Set();
  const errors = [];
  const sound = [];
  let interruptions = 0;
  const watchers = new Set();

  session.on("error", ({ error }) => {
    errors.push(`${error} ${JSON.stringify(error)}`);
    console.error(error); // for whom waits in vain
  });
  session.on("audio", ({ data }) => sound.push(...new Uint8Array(data)));
  session.on("audio_interrupted", () => (interruptions += 1));
  // Each event is emitted as it came, and then, if it is valid, under its type.
  session.transport.on("*", (event) => {
    events.push(event);
    rejected.add(event);
    session.transport.once(event.type, () => rejected.delete(event));
    queueMicrotask(() => watchers.forEach((look) => look()));
  });

  /** Resolves to the first event of the type, or to the one of that number, once it is there. */
  const seen = (type, number = 1) =>
    new Promise((resolve) => {
      const look = () => {
        const event = events.filter((event) => event.type === type)[number - 1];
        if (!event) return;
        watchers.delete(look);
        resolve(event);
      };
      watchers.add(look);
      look();
    });

  const journeys = {
    async text() {
      session.sendMessage(job.text);
      await seen("response.done");
    },
    async voice() {
      speak(session);
      await seen("conversation.item.retrieved"); // It asks for what it has got the transcript of.
      await seen("response.done");
      await playback.ended?.(seen);
    },
    async tool() {
      session.sendMessage(job.text);
      await seen("response.done", 2);
    },
    async interruption() {
      session.sendMessage(job.text);
      await seen(playback.starts);
      speak(session);
      await seen("response.done", 2);
      await playback.ended?.(seen);
    },
  };

  await session.connect({ apiKey: job.apiKey, model: job.model, ...connection });
  await journeys[job.journey]();
  const { history } = session;
  session.close();
  const types = [...rejected].map((event) => event.type);
  return { events, rejected: types, errors, sound: base64(sound), interruptions, history };
}

/** Bytes as base64, with what Node and browsers have in common. */
export function base64(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** And back. */
export function bytes(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
