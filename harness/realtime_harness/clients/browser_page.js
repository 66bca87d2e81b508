// One call, as a page of an application would make it. What happens is told to the harness in
// order, each thing with the time at which the page saw it (performance.now(), milliseconds).

const METER = `
  registerProcessor("meter", class extends AudioWorkletProcessor {
    constructor() {
      super();
      this.frame = new Int16Array(960);
      this.filled = 0;
    }
    process([[channel]]) {
      for (const sample of channel ?? new Float32Array(128)) {
        this.frame[this.filled++] = Math.max(-1, Math.min(1, sample)) * 32767;
        if (this.filled === this.frame.length) {
          this.port.postMessage(this.frame.slice());
          this.filled = 0;
        }
      }
      return true;
    }
  });
`;

const OVER = ["closed", "failed"];
const FRAMES_PER_COUNT = 25;
const METER_TIMEOUT_MS = 5000;

let untold = [];
let telling = false;

// One batch at a time, so that the order in which things are told is the order here.
async function tell(what, data) {
  untold.push({ t: performance.now(), what, ...data });
  if (telling) return;
  telling = true;
  while (untold.length) {
    const batch = untold;
    untold = [];
    await rtTell(batch);
  }
  telling = false;
}

function base64(buffer) {
  const bytes = new Uint8Array(buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}

const sounds = {
  "silent-track": (context, destination) => {
    const source = new ConstantSourceNode(context, { offset: 0 });
    source.connect(destination);
    source.start();
  },
  // Nothing is connected, and the context does not run: a live track without a frame.
  "no-frames-track": (context) => context.suspend(),
  tone: (context, destination) => {
    const source = new OscillatorNode(context, { frequency: 440 });
    // The level is that of the sine's RMS, which lies 3 dB below its peak.
    const gain = new GainNode(context, { gain: 10 ** (-12 / 20) * Math.SQRT2 });
    source.connect(gain).connect(destination);
    source.start();
  },
};

globalThis.rtCall = {
  peer: new RTCPeerConnection({ iceServers: [] }),
  contexts: [],
  channel: null,
  meters: [],

  async offer([audio, channelLabel]) {
    const { peer } = this;
    for (const what of ["iceGatheringState", "iceConnectionState", "connectionState"]) {
      peer.addEventListener(`${what.toLowerCase()}change`, () =>
        tell("state", { of: what, state: peer[what] }),
      );
    }
    peer.ontrack = ({ track }) => this.meters.push(this.listen(track));
    if (audio in sounds) {
      const context = new AudioContext();
      this.contexts.push(context);
      const destination = context.createMediaStreamDestination();
      await sounds[audio](context, destination);
      peer.addTrack(destination.stream.getAudioTracks()[0], destination.stream);
    } else {
      peer.addTransceiver("audio", { direction: audio === "recvonly" ? "recvonly" : "sendrecv" });
    }
    if (channelLabel) {
      const channel = (this.channel = peer.createDataChannel(channelLabel));
      channel.binaryType = "arraybuffer";
      channel.onopen = () => tell("open");
      channel.onclose = () => tell("close");
      channel.onmessage = ({ data }) =>
        tell("message", typeof data === "string" ? { text: data } : { base64: base64(data) });
    }
    await peer.setLocalDescription();
    if (peer.iceGatheringState !== "complete") {
      await new Promise((resolve) => {
        peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && resolve();
      });
    }
    return peer.localDescription.sdp;
  },

  async answer(sdp) {
    await this.peer.setRemoteDescription({ type: "answer", sdp });
    const transports = new Set(this.peer.getTransceivers().map(({ sender }) => sender.transport));
    transports.add(this.peer.sctp?.transport);
    for (const transport of transports) {
      if (!transport) continue;
      const told = () => {
        tell("dtls", { state: transport.state, over: OVER.includes(transport.state) });
      };
      transport.onstatechange = told;
      told();
    }
    const { sctp } = this.peer;
    if (sctp) sctp.onstatechange = () => tell("state", { of: "sctp", state: sctp.state });
    // What comes before the meter runs would not be heard, and on a busy machine that takes a while.
    const bound = new Promise((resolve) => setTimeout(resolve, METER_TIMEOUT_MS));
    await Promise.race([Promise.all(this.meters), bound]);
  },

  // Returns the state of the channel in which nothing was sent.
  send([text, isBase64]) {
    if (this.channel.readyState !== "open") return this.channel.readyState;
    this.channel.send(isBase64 ? Uint8Array.from(atob(text), (c) => c.charCodeAt(0)) : text);
    return "";
  },

  // Is over when the first of it was heard.
  async listen(track) {
    tell("state", { of: "track", state: "received" });
    const stream = new MediaStream([track]);
    // Without an element that plays it, nothing of a remote track reaches Web Audio.
    this.element = new Audio();
    this.element.muted = true;
    this.element.srcObject = stream;
    this.element.play().catch(() => {});
    const context = new AudioContext({ sampleRate: 48000 });
    this.contexts.push(context);
    const url = URL.createObjectURL(new Blob([METER], { type: "text/javascript" }));
    await context.audioWorklet.addModule(url);
    const meter = new AudioWorkletNode(context, "meter", {
      channelCount: 1,
      channelCountMode: "explicit",
      numberOfOutputs: 0,
    });
    let frames = 0;
    const running = new Promise((resolve) => {
      meter.port.onmessage = ({ data }) => {
        resolve();
        tell("audio", data.some(Boolean) ? { base64: base64(data.buffer) } : {});
        if (frames++ % FRAMES_PER_COUNT === 0) this.count();
      };
    });
    context.createMediaStreamSource(stream).connect(meter);
    await running;
  },

  async count() {
    if (this.peer.connectionState === "closed") return;
    for (const report of (await this.peer.getStats()).values()) {
      if (report.type === "inbound-rtp" && report.kind === "audio") {
        const { packetsReceived, packetsLost, jitter, audioLevel, totalSamplesDuration } = report;
        tell("stats", { packetsReceived, packetsLost, jitter, audioLevel, totalSamplesDuration });
      }
    }
  },

  closeChannel() {
    this.channel.close();
  },

  async close() {
    await this.count();
    this.channel?.close();
    this.peer.close();
    await Promise.all(this.contexts.map((context) => context.close()));
  },
};
