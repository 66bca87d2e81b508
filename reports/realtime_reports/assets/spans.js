import { AUDIBLE_DBFS, audibleAt } from "./sound.js";

/** @typedef {import("./evidence.js").Entry} Entry */
/** @typedef {import("./sound.js").Sound} Sound */

/**
 * Something that lasts.
 * @typedef {object} Span
 * @property {string} row what it is one of
 * @property {string} name
 * @property {number} seq of the line that begins it
 * @property {number} from_ns
 * @property {number} to_ns
 * @property {boolean} open whether no line ends it
 */

/**
 * How long a response took to be heard.
 * @typedef {object} Latency
 * @property {string} response
 * @property {string} since what its time is counted from
 * @property {number} seq of the line that it is counted from
 * @property {number | null} first_ns to the first event with content
 * @property {string} first the type of that event
 * @property {number | null} audible_ns to the first audible sample
 * @property {number | null} done_ns
 */

/** Pairs of events that begin and end something, by row. */
const PAIRS = [
  { row: "speech", from: "input_audio_buffer.speech_started", to: ["input_audio_buffer.speech_stopped"] },
  {
    row: "played",
    from: "output_audio_buffer.started",
    to: ["output_audio_buffer.stopped", "output_audio_buffer.cleared"],
  },
];

/** What a frame lasts, usually. */
const FRAME_NS = 20e6;

/** What is said of a state, shorter. */
const TRANSPORTS = new Map([
  ["iceConnectionState", "ice"],
  ["connectionState", "peer"],
  ["data-channel", "sctp"],
]);

/** Finds what lasts: transport states, speech, responses. An event that reached several connections
 * counts where it came first.
 * @param {Entry[]} entries in the order of time
 * @returns {Span[]}
 */
export function spans(entries) {
  return [...states(entries), ...speech(entries), ...responses(entries)];
}

/**
 * @param {Entry[]} entries
 * @returns {Span[]}
 */
function states(entries) {
  /** @type {Map<string, Span>} */
  const current = new Map();
  const found = [];
  const end = entries.at(-1)?.t_ns ?? 0;
  for (const { seq, t_ns, lane, connection, kind, data } of entries) {
    if (lane !== "transport" || kind !== "state") continue;
    const what = String(data.what);
    const name = TRANSPORTS.get(what) ?? what;
    const row = `${connection}${connection.startsWith(name) ? "" : ` ${name}`} state`;
    const before = current.get(row);
    if (before) Object.assign(before, { to_ns: t_ns, open: false });
    current.delete(row);
    if (data.state === "closed") continue;
    const span = { row, name: String(data.state), seq, from_ns: t_ns, to_ns: end, open: true };
    current.set(row, span);
    found.push(span);
  }
  return found;
}

/**
 * @param {Entry[]} entries
 * @returns {Span[]}
 */
function speech(entries) {
  const found = [];
  const end = entries.at(-1)?.t_ns ?? 0;
  for (const { row, from, to } of PAIRS) {
    /** @type {Map<string, Span>} */
    const open = new Map();
    const seen = new Set();
    for (const { seq, t_ns, direction, kind, data } of entries) {
      if (kind !== "event" || direction !== "received") continue;
      const id = String(data.item_id ?? data.response_id ?? "");
      if (data.type === from && !seen.has(id)) {
        seen.add(id);
        const span = { row, name: row, seq, from_ns: t_ns, to_ns: end, open: true };
        open.set(id, span);
        found.push(span);
      } else if (to.includes(data.type) && open.has(id)) {
        Object.assign(/** @type {Span} */ (open.get(id)), { to_ns: t_ns, open: false });
        open.delete(id);
      }
    }
  }
  return found;
}

/**
 * @param {Entry[]} entries
 * @returns {Span[]}
 */
function responses(entries) {
  /** @type {Map<string, Span>} */
  const found = new Map();
  const end = entries.at(-1)?.t_ns ?? 0;
  for (const { seq, t_ns, direction, kind, data } of entries) {
    const id = data.response?.id;
    if (kind !== "event" || direction !== "received" || typeof id !== "string") continue;
    const span = found.get(id);
    if (data.type === "response.created" && !span) {
      found.set(id, { row: "responses", name: "", seq, from_ns: t_ns, to_ns: end, open: true });
    } else if (data.type === "response.done" && span?.open) {
      Object.assign(span, { name: String(data.response.status), to_ns: t_ns, open: false });
    }
  }
  return [...found.values()];
}

/** Measures how long each response took: from the end of speech, or from what asked for it, to its
 * first content and to the first sound that can be heard.
 * @param {Entry[]} entries in the order of time
 * @param {Sound[]} sounds
 * @returns {Latency[]}
 */
export function latencies(entries, sounds) {
  /** @type {Map<string, {start: Entry, created: Entry, first?: Entry, done?: Entry}>} */
  const found = new Map();
  /** @type {Entry | null} */
  let stopped = null;
  /** @type {Entry | null} */
  let asked = null;
  for (const entry of entries) {
    const { type, response } = entry.data;
    if (entry.kind !== "event") continue;
    if (entry.direction === "sent") {
      if (type === "response.create" || type === "input_audio_buffer.commit") asked = entry;
      continue;
    }
    if (type === "input_audio_buffer.speech_stopped") stopped ??= entry;
    const id = String(response?.id ?? entry.data.response_id ?? "");
    if (type === "response.created" && id && !found.has(id)) {
      found.set(id, { start: stopped ?? asked ?? entry, created: entry });
      stopped = asked = null;
    }
    const turn = found.get(id);
    if (turn && /\.delta$|^output_audio_buffer\.started$/.test(String(type))) turn.first ??= entry;
    if (turn && type === "response.done") turn.done ??= entry;
  }
  const turns = [...found];
  return turns.map(([response, { start, created, first, done }], i) => {
    const since = (/** @type {number | null | undefined} */ t) => (t == null ? null : t - start.t_ns);
    const next = turns[i + 1]?.[1].created.t_ns ?? Infinity;
    const spoken = sounds.filter((s) => s.of === response).map(audibleAt).filter((t) => t !== null);
    const heard = frames(entries).find(
      ({ t_ns, level }) => t_ns >= created.t_ns && t_ns < next && level > AUDIBLE_DBFS,
    );
    const audible = [...spoken, ...(heard ? [heard.t_ns] : [])].sort((a, b) => a - b)[0];
    return {
      response,
      since: String(start.data.type),
      seq: start.seq,
      first_ns: since(first?.t_ns),
      first: String(first?.data.type ?? ""),
      audible_ns: since(audible),
      done_ns: since(done?.t_ns),
    };
  });
}

/** Lists the level of what came over RTP, frame by frame where that was kept.
 * @param {Entry[]} entries
 * @returns {{seq: number, key: string, t_ns: number, level: number}[]}
 */
export function frames(entries) {
  return entries.flatMap(({ seq, t_ns, lane, connection, kind, data }) => {
    if (kind !== "media") return [];
    const kept = Array.isArray(data.levels_dbfs) && typeof data.from_ns === "number";
    const said = kept ? data.levels_dbfs : [data.level_dbfs];
    const from = kept ? data.from_ns : t_ns;
    const step = Math.min(FRAME_NS, (t_ns - from) / Math.max(said.length - 1, 1));
    return said.map((/** @type {unknown} */ level, /** @type {number} */ i) => ({
      seq,
      key: `${lane} ${connection}`,
      t_ns: from + step * i,
      level: typeof level === "number" ? level : -Infinity,
    }));
  });
}
