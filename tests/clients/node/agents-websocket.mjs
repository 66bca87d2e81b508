// `@openai/agents-realtime` over WebSocket. Usage: node agents-websocket.mjs <job.json >result.json

import { json } from "node:stream/consumers";
import { bytes, converse } from "./agents.mjs";

const CHUNK = 4800; // bytes: 100 ms

const job = await json(process.stdin);
const url = new URL(`${job.baseUrl}/realtime?model=${job.model}`);
url.protocol = url.protocol.replace("http", "ws");

const result = await converse(job, {
  transport: "websocket",
  connection: { url: url.href },
  speak(session) {
    const { buffer } = bytes(job.sound);
    for (let start = 0; start < buffer.byteLength; start += CHUNK) {
      session.sendAudio(buffer.slice(start, start + CHUNK));
    }
  },
  playback: { starts: "response.output_audio.delta" },
});
process.stdout.write(JSON.stringify(result));
