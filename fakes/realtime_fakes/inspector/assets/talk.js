import { answered } from "./control.js";
import { byId, element, field, visible } from "./text.js";

/** @typedef {import("./control.js").Control} Control */
/** @typedef {{send: (event: object) => void, close: () => void, answer: object}} Line */

/** A session of the page's own, over WebRTC or WebSocket. */
export class Talk {
  /**
   * @param {Control} control
   * @param {(sessionId: string) => void} opened
   */
  constructor(control, opened) {
    this.control = control;
    this.opened = opened;
    /** @type {Line | null} */
    this.line = null;
    /** Counts attempts, so that what belongs to an earlier one is told apart. */
    this.attempt = 0;
    /** @type {MediaStream | null} */
    this.microphone = null;
    /** @type {AudioContext | null} */
    this.meter = null;
    /** @type {Map<string, HTMLElement>} */
    this.lines = new Map();
    this.start = byId("talk-start", HTMLFormElement);
    this.say = byId("talk-say", HTMLFormElement);
    this.text = field(this.say, "text", HTMLInputElement);
    this.end = byId("talk-end", HTMLButtonElement);
    this.muted = field(this.start, "muted", HTMLInputElement);
    this.level = byId("talk-level", HTMLMeterElement);
    this.audio = byId("talk-audio", HTMLAudioElement);
    this.log = byId("talk-log", HTMLElement);
    this.start.addEventListener("submit", (event) => {
      event.preventDefault();
      this.open();
    });
    this.end.addEventListener("click", () => this.close("Hung up."));
    this.muted.addEventListener("change", () => {
      for (const track of this.microphone?.getTracks() ?? []) track.enabled = !this.muted.checked;
    });
    // Otherwise the call is over only when ICE finds nobody there any more.
    addEventListener("pagehide", () => this.close(""));
    this.say.addEventListener("submit", (event) => {
      event.preventDefault();
      this.speak(this.text.value.trim());
    });
  }

  async open() {
    this.close("");
    const attempt = ++this.attempt;
    const model = field(this.start, "model", HTMLInputElement).value.trim();
    const way = new FormData(this.start).get("way");
    this.log.replaceChildren();
    this.lines.clear();
    this.enable(true, false);
    this.state("Connecting…");
    try {
      const session = { type: "realtime", model, ...(way === "microphone" ? HEARING : {}) };
      if (way === "microphone") await this.listen(attempt);
      const key = await this.control.ephemeralKey(session);
      const line = way === "websocket" ? await this.dial(model, key) : await this.call(key);
      if (attempt !== this.attempt) return line.close();
      this.line = line;
      this.enable(true, true);
      this.state(way === "microphone" ? "Connected. It hears you." : "Connected.");
      this.text.focus();
    } catch (error) {
      if (attempt !== this.attempt) return;
      const said = error instanceof Error ? error.message || error.name : String(error);
      this.close(`⚠ ${said}`);
    }
  }

  /** @param {string} why */
  close(why) {
    this.attempt++;
    const line = this.line;
    this.line = null;
    line?.close();
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.microphone = null;
    this.meter?.close();
    this.meter = null;
    this.audio.srcObject = null;
    this.enable(false, false);
    this.state(why);
  }

  /** @param {string} text */
  speak(text) {
    if (!text || !this.line) return;
    const content = [{ type: "input_text", text }];
    this.line.send({
      type: "conversation.item.create",
      item: { type: "message", role: "user", content },
    });
    this.line.send({ type: "response.create", ...this.line.answer });
    this.text.value = "";
  }

  /** Asks for the microphone.
   * @param {number} attempt
   */
  async listen(attempt) {
    if (!navigator.mediaDevices) {
      throw new Error("Browsers give the microphone to pages at 127.0.0.1, localhost or https only.");
    }
    const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
    if (attempt !== this.attempt) {
      for (const track of microphone.getTracks()) track.stop();
      return;
    }
    this.microphone = microphone;
    for (const track of microphone.getTracks()) track.enabled = !this.muted.checked;
    const meter = (this.meter = new AudioContext());
    const analyser = meter.createAnalyser();
    meter.createMediaStreamSource(microphone).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const measure = () => {
      if (this.meter !== meter) return;
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      // From -60 dBFS, which is silence, to 0.
      this.level.value = Math.max(0, 1 + Math.log10(power + 1e-9) / 6);
      requestAnimationFrame(measure);
    };
    measure();
  }

  /** Opens a WebSocket.
   * @param {string} model
   * @param {string} key
   * @returns {Promise<Line>}
   */
  dial(model, key) {
    const scheme = location.protocol.replace("http", "ws");
    const path = `${this.control.api}/realtime?model=${encodeURIComponent(model)}`;
    const socket = new WebSocket(`${scheme}//${location.host}${path}`, [
      "realtime",
      `openai-insecure-api-key.${key}`,
    ]);
    const attempt = this.attempt;
    socket.addEventListener("message", ({ data }) => this.told(attempt, data));
    return new Promise((resolve, reject) => {
      socket.addEventListener("open", () =>
        resolve({
          send: (event) => socket.send(JSON.stringify(event)),
          close: () => socket.close(),
          answer: { response: { output_modalities: ["text"] } },
        }),
      );
      socket.addEventListener("close", ({ code, reason }) => {
        const said = `The connection was closed: ${code} ${reason}`.trim();
        reject(new Error(said));
        this.lost(attempt, said);
      });
    });
  }

  /** Makes a call.
   * @param {string} key
   * @returns {Promise<Line>}
   */
  async call(key) {
    const attempt = this.attempt;
    const peer = new RTCPeerConnection();
    try {
      const [track] = this.microphone?.getTracks() ?? [];
      if (track && this.microphone) peer.addTrack(track, this.microphone);
      else peer.addTransceiver("audio");
      peer.addEventListener("track", ({ streams, track: heard }) => {
        if (attempt === this.attempt) this.audio.srcObject = streams[0] ?? new MediaStream([heard]);
      });
      const channel = peer.createDataChannel("oai-events");
      channel.addEventListener("message", ({ data }) => this.told(attempt, data));
      const failed = new Promise((_, reject) => {
        peer.addEventListener("connectionstatechange", () => {
          if (peer.connectionState !== "failed") return;
          reject(new Error("No way was found for the media. See docs/fake.md, The inspector."));
          this.lost(attempt, "The call broke off.");
        });
        channel.addEventListener("close", () => {
          reject(new Error("The call was ended."));
          this.lost(attempt, "The call was ended.");
        });
      });
      failed.catch(() => {});
      await peer.setLocalDescription();
      const reply = await fetch(`${this.control.api}/realtime/calls`, {
        method: "POST",
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/sdp" },
        body: peer.localDescription?.sdp,
      });
      if (!reply.ok) await answered(reply);
      await peer.setRemoteDescription({ type: "answer", sdp: await reply.text() });
      const open = new Promise((resolve) => channel.addEventListener("open", resolve));
      await Promise.race([open, failed]);
      return {
        send: (event) => channel.send(JSON.stringify(event)),
        close: () => peer.close(),
        answer: {},
      };
    } catch (error) {
      peer.close();
      throw error;
    }
  }

  /** Takes an event of the service.
   * @param {number} attempt
   * @param {unknown} frame
   */
  told(attempt, frame) {
    if (attempt !== this.attempt || typeof frame !== "string") return;
    /** @type {any} */
    let event;
    try {
      event = JSON.parse(frame);
    } catch {
      return this.write("", "⚠", `Not JSON: ${frame.slice(0, 200)}`);
    }
    const { type } = event ?? {};
    if (type === "session.created") this.opened(String(event.session?.id));
    else if (type === "error") this.write("", "⚠", String(event.error?.message));
    else if (type === "conversation.item.added" && event.item?.role === "user") {
      const text = event.item.content?.[0]?.text;
      if (text) this.write(event.item.id, "You", text);
    } else if (type === "conversation.item.input_audio_transcription.delta") {
      this.write(event.item_id, "You, heard", event.delta, true);
    } else if (type === "conversation.item.input_audio_transcription.completed") {
      this.write(event.item_id, "You, heard", event.transcript);
    } else if (/^response\.output_(text|audio_transcript)\.delta$/.test(type)) {
      this.write(event.item_id, "It", event.delta, true);
    } else if (type === "response.function_call_arguments.done") {
      this.write(event.item_id, "It calls", `${event.name}(${event.arguments})`);
    } else if (type === "response.done" && event.response?.status !== "completed") {
      this.write("", "⚠", `The response is ${event.response?.status}.`);
    }
  }

  /**
   * @param {number} attempt
   * @param {string} why
   */
  lost(attempt, why) {
    if (attempt === this.attempt && this.line) this.close(`⚠ ${why}`);
  }

  /** Writes what was said.
   * @param {string} key of what is written on; nothing for a line of its own
   * @param {string} who
   * @param {string} text
   * @param {boolean} isMore whether it goes behind what is there
   */
  write(key, who, text, isMore = false) {
    let line = this.lines.get(`${key} ${who}`);
    if (!line || !key) {
      line = element("span", { dir: "auto" });
      const name = element("b", {}, who);
      this.log.append(element("li", who === "⚠" ? { class: "wrong" } : {}, name, " ", line));
      this.lines.set(`${key} ${who}`, line);
      while (this.log.childElementCount > 200) this.log.firstElementChild?.remove();
    }
    line.textContent = (isMore ? line.textContent : "") + visible(String(text));
    this.log.scrollTop = this.log.scrollHeight;
  }

  /**
   * @param {boolean} isOn
   * @param {boolean} isReady
   */
  enable(isOn, isReady) {
    this.end.disabled = !isOn;
    const hears = this.microphone !== null;
    byId("talk-muted", HTMLElement).hidden = this.level.hidden = !hears;
    for (const each of this.say.elements) {
      if (each instanceof HTMLInputElement || each instanceof HTMLButtonElement) {
        each.disabled = !isReady;
      }
    }
  }

  /** @param {string} text */
  state(text) {
    byId("talk-state", HTMLElement).textContent = visible(text || "Not connected.");
  }
}

/** So that the log shows what was heard. */
const HEARING = { audio: { input: { transcription: { model: "whisper-1" } } } };
