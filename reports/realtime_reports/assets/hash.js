/**
 * The state of the page, all of it in `location.hash`, so that a link says what its sender saw.
 * @typedef {object} State
 * @property {string[]} verdict verdicts to show; empty for all
 * @property {string} level
 * @property {string} suite
 * @property {string} q text to look for
 * @property {string} at id of the element to show
 * @property {number | null} seq line of evidence to show, in the scenario `at`
 */

/** Reads a hash: `#<id>`, or `#verdict=fail,warn&level=…&suite=…&q=…&at=<id>&seq=<n>`.
 * @param {string} hash
 * @returns {State}
 */
export function readHash(hash) {
  const text = hash.replace(/^#/, "");
  const plain = !/^(verdict|level|suite|q|at|seq)=/.test(text);
  const values = new URLSearchParams(plain ? "" : text);
  const seq = values.get("seq");
  return {
    verdict: (values.get("verdict") ?? "").split(",").filter(Boolean),
    level: values.get("level") ?? "",
    suite: values.get("suite") ?? "",
    q: values.get("q") ?? "",
    at: plain ? decoded(text) : (values.get("at") ?? ""),
    seq: seq !== null && /^\d+$/.test(seq) ? Number(seq) : null,
  };
}

/** Writes a state as a hash, as short as it can be.
 * @param {State} state
 * @returns {string}
 */
export function writeHash(state) {
  const values = [
    ["verdict", state.verdict.join(",")],
    ["level", state.level],
    ["suite", state.suite],
    ["q", state.q],
    ["at", state.at],
    ["seq", state.seq === null ? "" : String(state.seq)],
  ].filter(([, value]) => value);
  if (values.length === 1 && state.at) return "#" + readable(state.at);
  return "#" + values.map(([name, value]) => `${name}=${readable(value)}`).join("&");
}

/** Escapes what a hash cannot hold, and leaves the rest readable.
 * @param {string} text
 * @returns {string}
 */
function readable(text) {
  return encodeURIComponent(text.toWellFormed?.() ?? text).replace(/%(2F|3A|2C)/g, decodeURIComponent);
}

/**
 * @param {string} text
 * @returns {string}
 */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
