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
 */

/**
 * @typedef {object} Conversation
 * @property {Judged[]} checks
 * @property {Entry[]} entries in the order of time
 * @property {string[]} problems
 */

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
  return conversation;
}
