import { element, oneLine, visible } from "./text.js";

/** @typedef {import("./evidence.js").Entry} Entry */
/** @typedef {import("./evidence.js").Judged} Judged */

/** What the lines of an SDP decide that matter between two peers, by their beginning. */
const MATTERS = [
  [/^m=/, "what is carried; port 0 refuses it"],
  [/^a=group:BUNDLE/, "sections that share one transport"],
  [/^a=(sendrecv|sendonly|recvonly|inactive)$/, "direction"],
  [/^a=mid:/, "name of the section"],
  [/^a=setup:/, "who begins the DTLS handshake"],
  [/^a=fingerprint:/, "certificate of the DTLS handshake"],
  [/^a=ice-(ufrag|pwd):/, "credentials of the connectivity checks"],
  [/^a=ice-lite$/, "only answers connectivity checks"],
  [/^a=candidate:/, "address to reach"],
  [/^a=rtcp-mux$/, "RTCP on the port of RTP"],
  [/^a=rtpmap:/, "codec"],
  [/^a=sctp-port:/, "port of the data channels"],
  [/^a=max-message-size:/, "longest message of a data channel"],
];

/** Lines shown of one description, which may be hostile. */
const MOST = 400;

/**
 * @typedef {object} Exchange
 * @property {string} offer
 * @property {string} answer
 * @property {Judged[]} failed
 */

/** Finds offers, each with the answer that came, if that is one.
 * @param {Entry[]} entries in the order of time
 * @param {Judged[]} checks
 * @returns {Exchange[]}
 */
export function exchanges(entries, checks) {
  const found = [];
  /** @type {Map<string, Exchange & {seqs: number[]}>} */
  const asked = new Map();
  for (const { seq, lane, connection, kind, data } of entries) {
    const key = `${lane} ${connection}`;
    const text = typeof data.body === "string" ? description(data.body) : "";
    if (kind === "request") {
      asked.delete(key);
      if (!text) continue;
      const exchange = { offer: text, answer: "", failed: [], seqs: [seq] };
      asked.set(key, exchange);
      found.push(exchange);
    } else if (kind === "response") {
      const exchange = asked.get(key);
      if (exchange) Object.assign(exchange, { answer: text, seqs: [...exchange.seqs, seq] });
      asked.delete(key);
    }
  }
  return found.map(({ offer, answer, seqs }) => {
    const failed = checks.filter((c) => c.verdict !== "pass" && seqs.includes(c.evidence_seq ?? -1));
    return { offer, answer, failed };
  });
}

/** Cuts an SDP out of a body, which may be a form.
 * @param {string} body
 * @returns {string}
 */
function description(body) {
  const start = body.search(/(^|\n)v=0\r?\n/);
  if (start < 0) return "";
  const text = body.slice(start).trimStart();
  const end = text.search(/\n(--|\r?\n)/);
  return end < 0 ? text : text.slice(0, end);
}

/** Shows an offer and its answer side by side, section by section, lines of one kind next to each
 * other. What matters is marked and explained, and so is what a failed check quotes.
 * @param {Exchange} exchange
 * @returns {HTMLElement}
 */
export function sideBySide({ offer, answer, failed }) {
  const heads = ["Offer", "Answer", "Decides"].map((head) => element("th", { scope: "col", role: "columnheader" }, head));
  const body = element("tbody", { role: "rowgroup" });
  const left = sections(offer);
  const right = sections(answer);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    for (const [offered, answered] of aligned(left[i] ?? [], right[i] ?? [])) {
      const line = offered || answered;
      const why = MATTERS.find(([form]) => /** @type {RegExp} */ (form).test(line))?.[1] ?? "";
      const blamed = failed.find((judged) => isBlamed(judged, offered, answered));
      const cell = (/** @type {string} */ text) =>
        element("td", { role: "cell" }, element("code", {}, text ? visible(text.slice(0, 2000)) : answer ? "—" : ""));
      const told = element("td", { role: "cell" }, String(why));
      const row = element("tr", { role: "row" }, cell(offered), cell(answered), told);
      if (why) row.classList.add("matters");
      if (blamed) {
        row.classList.add("blamed", blamed.verdict);
        told.append(" ", element("b", {}, `${blamed.verdict} ${oneLine(blamed.check)}`));
      }
      body.append(row);
    }
  }
  const head = element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads));
  return element("table", { class: "sdp", role: "table", "aria-label": "Offer and answer" }, head, body);
}

/** Whether a failed check is about these lines: it says so, or it quotes one.
 * @param {Judged} judged
 * @param {string} offered
 * @param {string} answered
 * @returns {boolean}
 */
function isBlamed({ reason, evidence_path: path }, offered, answered) {
  if (path?.startsWith("body:")) return (answered || offered).startsWith(path.slice("body:".length));
  return [offered, answered].some((line) => line.length > 5 && reason.includes(line));
}

/**
 * @param {string} text
 * @returns {string[][]} the lines of the session, then of each media section
 */
function sections(text) {
  /** @type {string[][]} */
  const found = [[]];
  for (const line of text.split(/\r?\n/).filter(Boolean).slice(0, MOST)) {
    if (line.startsWith("m=")) found.push([]);
    found[found.length - 1].push(line);
  }
  return found;
}

/** Puts lines of one kind next to each other, in the order of the offer.
 * @param {string[]} left
 * @param {string[]} right
 * @returns {[string, string][]}
 */
function aligned(left, right) {
  const free = right.map((line) => ({ line, kind: kindOf(line), used: false }));
  /** @type {[string, string][]} */
  const pairs = left.map((line) => {
    const partner = free.find(({ kind, used }) => !used && kind === kindOf(line));
    if (partner) partner.used = true;
    return [line, partner?.line ?? ""];
  });
  for (const { line, used } of free) if (!used) pairs.push(["", line]);
  return pairs;
}

/** Says what a line is about: its attribute, and of codecs and extensions which one.
 * @param {string} line
 * @returns {string}
 */
function kindOf(line) {
  if (/^a=(sendrecv|sendonly|recvonly|inactive)$/.test(line)) return "direction";
  const codec = line.match(/^a=(rtpmap|extmap):\d+(?:\/\w+)? (\S+)/);
  if (codec) return `${codec[1]} ${codec[2].toLowerCase()}`;
  return line.match(/^a=(fmtp|rtcp-fb):\d+/)?.[0] ?? line.match(/^\w=[\w-]*(?=[:]|$)/)?.[0] ?? line.slice(0, 2);
}
