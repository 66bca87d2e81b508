/** @typedef {import("./evidence.js").Entry} Entry */

/**
 * What was said in one go: the audio events of one response, or all that a client appended.
 * @typedef {object} Sound
 * @property {string} key of the connection
 * @property {"sent" | "received"} direction
 * @property {string} of id of the response; empty for what a client sent, and on calls
 * @property {string} format `audio/pcm`, `audio/pcmu` or `audio/pcma`
 * @property {number} rate Hz
 * @property {boolean} inMedia whether it came or went as RTP, of which silence was not kept
 * @property {Chunk[]} chunks
 */

/**
 * @typedef {object} Chunk one audio event
 * @property {number} seq
 * @property {number} t_ns when it was sent or came
 * @property {Int16Array} samples
 */

/** Level above which sound can be heard, as in `realtime_harness.clients.heard`. */
export const AUDIBLE_DBFS = -50;

/** Level that is drawn as nothing. */
export const SILENT_DBFS = -60;

/** Silence between two pieces of sound is at most this long when they are played. */
const LONGEST_PAUSE_NS = 10e9;

/** Formats by their names, of today and of the beta. */
const FORMATS = new Map([
  ["audio/pcm", { format: "audio/pcm", rate: 24000 }],
  ["pcm16", { format: "audio/pcm", rate: 24000 }],
  ["audio/pcmu", { format: "audio/pcmu", rate: 8000 }],
  ["g711_ulaw", { format: "audio/pcmu", rate: 8000 }],
  ["audio/pcma", { format: "audio/pcma", rate: 8000 }],
  ["g711_alaw", { format: "audio/pcma", rate: 8000 }],
]);

/** Gathers the sound that lies in events, in the order of time. What is no sound is left out.
 * @param {Entry[]} entries
 * @returns {Sound[]}
 */
export function sounds(entries) {
  /** @type {Map<string, Sound>} */
  const found = new Map();
  /** @type {Map<string, any>} */
  const sessions = new Map();
  for (const entry of entries) {
    const { seq, t_ns, lane, connection, direction, kind, data } = entry;
    if (kind === "media") addMedia(found, entry);
    if (kind !== "event" || direction === "note" || typeof data.type !== "string") continue;
    const key = `${lane} ${connection}`;
    if (data.type === "session.created" || data.type === "session.updated") {
      sessions.set(key, data.session);
    }
    const sent = direction === "sent" && data.type === "input_audio_buffer.append";
    const received = direction === "received" && /(^|[._])audio\.delta$/.test(data.type);
    const base64 = sent ? data.audio : received ? data.delta : null;
    if (typeof base64 !== "string" || !base64) continue;
    const of = sent ? "" : String(data.response_id ?? "");
    let sound = found.get(`${key} ${direction} ${of}`);
    if (!sound) {
      sound = { key, direction, of, chunks: [], inMedia: false, ...formatOf(sessions.get(key), sent) };
      found.set(`${key} ${direction} ${of}`, sound);
    }
    const samples = decode(base64, sound.format);
    if (samples) sound.chunks.push({ seq, t_ns, samples });
  }
  return [...found.values()].filter((sound) => sound.chunks.length);
}

/** Adds the sound of half a second of RTP, if it was kept.
 * @param {Map<string, Sound>} found
 * @param {Entry} entry
 */
function addMedia(found, { seq, t_ns, lane, connection, direction, data }) {
  const known = FORMATS.get(data.format);
  if (direction === "note" || typeof data.audio !== "string" || !known) return;
  const samples = decode(data.audio, known.format);
  if (!samples?.length) return;
  const key = `${lane} ${connection}`;
  let sound = found.get(key);
  if (!sound) {
    const rate = data.rate > 0 ? Number(data.rate) : known.rate;
    sound = { key, direction, of: "", format: known.format, rate, chunks: [], inMedia: true };
    found.set(key, sound);
  }
  const from_ns = typeof data.from_ns === "number" ? data.from_ns : t_ns;
  sound.chunks.push({ seq, t_ns: from_ns, samples });
}

/**
 * @param {any} session
 * @param {boolean} sent
 * @returns {{format: string, rate: number}}
 */
function formatOf(session, sent) {
  const said = session?.audio?.[sent ? "input" : "output"]?.format;
  const beta = session?.[sent ? "input_audio_format" : "output_audio_format"];
  const known = FORMATS.get(said?.type ?? said ?? beta) ?? { format: "audio/pcm", rate: 24000 };
  const rate = known.format === "audio/pcm" && said?.rate > 0 ? Number(said.rate) : known.rate;
  return { ...known, rate };
}

/** Decodes sound to PCM16; nothing, if it is none.
 * @param {string} base64
 * @param {string} format
 * @returns {Int16Array | null}
 */
export function decode(base64, format) {
  let binary;
  try {
    binary = atob(base64);
  } catch {
    return null;
  }
  if (format !== "audio/pcm") {
    const expand = format === "audio/pcmu" ? muLaw : aLaw;
    return Int16Array.from(binary, (c) => expand(c.charCodeAt(0)));
  }
  const samples = new Int16Array(binary.length >> 1);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = binary.charCodeAt(2 * i) | (binary.charCodeAt(2 * i + 1) << 8);
  }
  return samples;
}

/** Expands ITU-T G.711 mu-law.
 * @param {number} byte
 */
function muLaw(byte) {
  const code = ~byte & 0xff;
  const size = ((((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;
  return code & 0x80 ? -size : size;
}

/** Expands ITU-T G.711 A-law.
 * @param {number} byte
 */
function aLaw(byte) {
  const code = byte ^ 0x55;
  const exponent = (code & 0x70) >> 4;
  const mantissa = ((code & 0x0f) << 4) + 8;
  const size = exponent ? (mantissa + 0x100) << (exponent - 1) : mantissa;
  return code & 0x80 ? size : -size;
}

/** Measures the RMS level of every `frame` samples.
 * @param {Int16Array} samples
 * @param {number} frame
 * @returns {number[]} dBFS; -Infinity for digital silence
 */
export function levels(samples, frame) {
  const found = [];
  for (let start = 0; start < samples.length; start += frame) {
    const end = Math.min(start + frame, samples.length);
    let power = 0;
    for (let i = start; i < end; i++) power += samples[i] * samples[i];
    found.push(10 * Math.log10(power / (end - start) / 32768 ** 2));
  }
  return found;
}

/** Joins the chunks of a sound, with the silence between them where that was not kept.
 * @param {Sound} sound
 * @returns {Int16Array<ArrayBuffer>}
 */
export function samples({ chunks, rate, inMedia }) {
  let end = 0;
  const starts = chunks.map((chunk, i) => {
    const pause_ns = i && inMedia ? chunk.t_ns - chunks[i - 1].t_ns : 0;
    const pause = Math.round((Math.min(pause_ns, LONGEST_PAUSE_NS) / 1e9) * rate) - (chunks[i - 1]?.samples.length ?? 0);
    // What came a little late was played without a pause.
    const start = end + (pause > rate / 10 ? pause : 0);
    end = start + chunk.samples.length;
    return start;
  });
  const whole = new Int16Array(end);
  chunks.forEach((chunk, i) => whole.set(chunk.samples, starts[i]));
  return whole;
}

/** Returns when the first audible 20 ms of a sound are played, if playing begins with its first
 * chunk and nothing is late; nothing, if it is all silent.
 * @param {Sound} sound
 * @returns {number | null} nanoseconds
 */
export function audibleAt(sound) {
  let played = sound.chunks[0].t_ns;
  const frame = sound.rate / 50;
  for (const { t_ns, samples } of sound.chunks) {
    const start = Math.max(t_ns, played);
    const first = levels(samples, frame).findIndex((level) => level > AUDIBLE_DBFS);
    if (first >= 0) return start + first * 20e6;
    played = start + (samples.length / sound.rate) * 1e9;
  }
  return null;
}

/** Writes a sound as a WAV file.
 * @param {Sound} sound
 * @returns {Blob}
 */
export function wav(sound) {
  const pcm = samples(sound);
  const head = new DataView(new ArrayBuffer(44));
  const word = (/** @type {number} */ at, /** @type {string} */ text) =>
    [...text].forEach((c, i) => head.setUint8(at + i, c.charCodeAt(0)));
  word(0, "RIFF");
  head.setUint32(4, 36 + pcm.byteLength, true);
  word(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true); // PCM
  head.setUint16(22, 1, true); // mono
  head.setUint32(24, sound.rate, true);
  head.setUint32(28, 2 * sound.rate, true);
  head.setUint16(32, 2, true);
  head.setUint16(34, 16, true);
  word(36, "data");
  head.setUint32(40, pcm.byteLength, true);
  return new Blob([head, pcm], { type: "audio/wav" });
}
