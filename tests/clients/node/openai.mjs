// The stock `openai` SDK over WebSocket. Usage: node openai.mjs ws|native <job.json >result.json

import { json } from "node:stream/consumers";
import OpenAI from "openai";
import { OpenAIRealtimeWebSocket } from "openai/realtime/websocket";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

const CLASSES = { ws: OpenAIRealtimeWS, native: OpenAIRealtimeWebSocket };
const CHUNK = 4800; // bytes: 100 ms

const job = await json(process.stdin);
const client = new OpenAI({ baseURL: job.baseUrl, apiKey: job.apiKey });
const where = job.callId ? { callID: job.callId } : { model: job.model };
const realtime = new CLASSES[process.argv[2]](where, client);

const events = [];
const errors = [];
const watchers = new Set();

realtime.on("error", (error) => {
  errors.push(String(error));
  console.error(error); // for whom waits in vain
});
realtime.on("event", (event) => {
  events.push(event);
  for (const look of watchers) look();
});

const ofType = (type) => (event) => event.type === type;

/** Resolves to the first event of the type, or to the one of that number, once it is there. */
function seen(type, number = 1) {
  return new Promise((resolve) => {
    const look = () => {
      const event = events.filter(ofType(type))[number - 1];
      if (!event) return;
      watchers.delete(look);
      resolve(event);
    };
    watchers.add(look);
    look();
  });
}

async function configure(session) {
  realtime.send({ type: "session.update", session: { type: "realtime", ...session } });
  await seen("session.updated");
}

function create(item) {
  realtime.send({ type: "conversation.item.create", item });
}

function write(text) {
  create({ type: "message", role: "user", content: [{ type: "input_text", text }] });
  realtime.send({ type: "response.create" });
}

function speak() {
  const sound = Buffer.from(job.sound, "base64");
  for (let start = 0; start < sound.length; start += CHUNK) {
    const audio = sound.subarray(start, start + CHUNK).toString("base64");
    realtime.send({ type: "input_audio_buffer.append", audio });
  }
}

const listening = {
  input: {
    transcription: { model: "gpt-4o-mini-transcribe" },
    turn_detection: { type: "server_vad" },
  },
};

const journeys = {
  async text() {
    await configure({ output_modalities: ["text"] });
    write(job.text);
    await seen("response.done");
  },

  async voice() {
    await configure({ audio: listening });
    speak();
    await seen("conversation.item.input_audio_transcription.completed");
    await seen("response.done");
  },

  async tool() {
    await configure({ output_modalities: ["text"], tools: [job.tool] });
    write(job.text);
    const { response } = await seen("response.done");
    for (const { call_id } of response.output.filter(ofType("function_call"))) {
      create({ type: "function_call_output", call_id, output: job.toolOutput });
    }
    realtime.send({ type: "response.create" });
    await seen("response.done", 2);
  },

  async interruption() {
    await configure({ audio: listening });
    write(job.text);
    const { item_id, content_index } = await seen("response.output_audio.delta");
    speak();
    await seen("input_audio_buffer.speech_started");
    realtime.send({ type: "conversation.item.truncate", item_id, content_index, audio_end_ms: 100 });
    await seen("conversation.item.truncated");
    await seen("response.done", 2);
  },
};

await new Promise((resolve) => realtime.socket.addEventListener("open", resolve));
await journeys[job.journey]();
const closed = new Promise((resolve) => realtime.socket.addEventListener("close", resolve));
realtime.close();
await closed;

const sound = events
  .filter(ofType("response.output_audio.delta"))
  .map(({ delta }) => Buffer.from(delta, "base64"));
process.stdout.write(
  JSON.stringify({ events, errors, sound: Buffer.concat(sound).toString("base64") }),
);
