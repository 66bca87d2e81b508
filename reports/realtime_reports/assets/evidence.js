/**
 * @typedef {object} Entry one line of evidence, see `realtime_harness.evidence.entry`
 * @property {number} seq
 * @property {number} t_ns
 * @property {string} lane
 * @property {string} connection
 * @property {"sent" | "received" | "note"} direction
 * @property {string} kind
 * @property {Record<string, any>} data
 */

/**
 * @typedef {object} Judged one verdict, see `realtime_harness.results`
 * @property {string} check
 * @property {string} level
 * @property {string} verdict
 * @property {string} reason
 * @property {number | null} evidence_seq
 * @property {string} [evidence_path] which field of its data
 * @property {boolean} [absent] whether it is about something that did not come; then `evidence_seq`
 *   is the line that says so
 */

/**
 * @typedef {object} Conversation
 * @property {Judged[]} checks
 * @property {Entry[]} entries in the order of time
 * @property {string[]} problems
 */

const FAILURES = ["fail", "error", "warn"];

/** Inflates what was embedded for a scenario.
 * @param {string} base64 gzipped JSON
 * @returns {Promise<Conversation>}
 */
export async function inflate(base64) {
  const binary = atob(base64.trim());
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  /** @type {Conversation} */
  const conversation = JSON.parse(await new Response(stream).text());
  conversation.entries.sort((a, b) => a.t_ns - b.t_ns || a.seq - b.seq);
  pinAbsences(conversation);
  return conversation;
}

/** Pins what failed because something did not come to the line that says so.
 * @param {Conversation} conversation
 */
function pinAbsences({ checks, entries }) {
  const verdicts = new Map();
  for (const { seq, kind, data } of entries) {
    if (kind === "verdict") verdicts.set(`${data.check} ${data.verdict}`, seq);
  }
  for (const judged of checks) {
    if (!FAILURES.includes(judged.verdict) || judged.evidence_seq !== null) continue;
    judged.evidence_seq = verdicts.get(`${judged.check} ${judged.verdict}`) ?? null;
    judged.absent = true;
  }
}
