// `@openai/agents-realtime` over WebSocket. Usage: node agents-websocket.mjs <job.json >result.json

import { json } from "node:stream/consumers";
import { OpenAIRealtimeSIP } from "@openai/agents-realtime";
import { bytes, converse } from "./agents.mjs";

const CHUNK = 4800; // bytes: 100 ms

const job = await json(process.stdin);
const { callId } = job;
const url = new URL(`${job.baseUrl}/realtime?${callId ? `call_id=${callId}` : `model=${job.model}`}`);
url.protocol = url.protocol.replace("http", "ws");

const result = await converse(job, {
  // Named for telephone calls, and good for any.
  transport: callId ? new OpenAIRealtimeSIP() : "websocket",
  connection: { url: url.href, callId },
  speak(session) {
    const { buffer } = bytes(job.sound);
    for (let start = 0; start < buffer.byteLength; start += CHUNK) {
      session.sendAudio(buffer.slice(start, start + CHUNK));
    }
  },
  playback: { starts: "response.output_audio.delta" },
});
process.stdout.write(JSON.stringify(result));
