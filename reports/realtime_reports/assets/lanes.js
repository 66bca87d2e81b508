import { card } from "./entry.js";
import { element, milliseconds, oneLine, visible } from "./text.js";

/** @typedef {import("./evidence.js").Conversation} Conversation */
/** @typedef {import("./evidence.js").Entry} Entry */
/** @typedef {import("./evidence.js").Judged} Judged */

/** Lanes from the left to the right; others follow. */
const ORDER = ["http", "ws", "data-channel", "sideband", "transport", "rtp-in", "rtp-out", "harness"];

/** Lines rendered at a time: enough to read, few enough to open at once. */
const CHUNK = 300;

/** A pause from which on it is said. */
const PAUSE_NS = 50e6;

/** The swim lanes of one scenario: one column a connection, one row a line of evidence. */
export class Lanes {
  /**
   * @param {Conversation} conversation
   * @param {string} label
   * @param {(verdict: string) => Node} badge
   */
  constructor(conversation, label, badge) {
    this.entries = [...conversation.entries].sort((a, b) => a.t_ns - b.t_ns || a.seq - b.seq);
    this.badge = badge;
    this.columns = columns(this.entries);
    /** @type {Map<number, Judged[]>} */
    this.pins = new Map();
    for (const judged of conversation.checks) {
      if (judged.evidence_seq === null || judged.verdict === "pass") continue;
      this.pins.set(judged.evidence_seq, [...(this.pins.get(judged.evidence_seq) ?? []), judged]);
    }
    this.shown = 0;
    this.list = element("ol", { class: "events", "aria-label": `Evidence of ${label}` });
    this.more = element("button", { type: "button", class: "show-more" });
    this.more.addEventListener("click", () => this.show(this.shown + CHUNK));
    this.element = element("div", { class: "lanes" }, this.heading(), this.list, this.more);
    this.element.style.setProperty("--columns", String(this.columns.size));
    this.show(CHUNK);
  }

  /** @returns {HTMLElement} */
  heading() {
    const heads = [...this.columns.values()].map(({ lane, connection }) => {
      const kind = element("span", {}, lane === connection ? "" : lane);
      return element("div", {}, element("b", {}, oneLine(connection)), " ", kind);
    });
    return element("div", { class: "heads", "aria-hidden": "true" }, ...heads);
  }

  /** Renders up to the given number of lines.
   * @param {number} count
   */
  show(count) {
    const end = Math.min(count, this.entries.length);
    for (; this.shown < end; this.shown++) this.list.append(this.row(this.shown));
    const left = this.entries.length - end;
    this.more.hidden = left <= 0;
    this.more.textContent = `Show ${Math.min(CHUNK, left)} more of ${left.toLocaleString("en")}`;
  }

  /**
   * @param {number} index
   * @returns {HTMLElement}
   */
  row(index) {
    const entry = this.entries[index];
    const pause = index ? entry.t_ns - this.entries[index - 1].t_ns : 0;
    const row = element("li", { "data-seq": String(entry.seq), class: entry.lane });
    if (pause >= PAUSE_NS) {
      row.append(element("span", { class: "pause" }, `${milliseconds(pause)} ms later`));
    }
    const unit = element("small", {}, " ms");
    row.append(element("span", { class: "time" }, milliseconds(entry.t_ns), unit));
    const cell = element("div", { class: "cell" }, card(entry, row));
    cell.style.setProperty("--column", String(this.columns.get(key(entry))?.position));
    for (const judged of this.pins.get(entry.seq) ?? []) {
      row.classList.add("pinned", judged.verdict);
      cell.append(element("p", { class: "pin" }, this.badge(judged.verdict), ...said(judged)));
    }
    row.append(cell);
    return row;
  }

  /** Brings a line of evidence into view, with its JSON.
   * @param {number} seq
   * @returns {boolean} whether there is such a line
   */
  reveal(seq) {
    const index = this.entries.findIndex((entry) => entry.seq === seq);
    if (index < 0) return false;
    if (index >= this.shown) this.show(index + CHUNK);
    for (const marked of this.list.querySelectorAll(".marked")) marked.classList.remove("marked");
    const row = /** @type {HTMLElement} */ (this.list.children[index]);
    row.classList.add("marked");
    const button = /** @type {HTMLElement} */ (row.querySelector(".card"));
    if (button.getAttribute("aria-expanded") !== "true") button.click();
    button.focus({ preventScroll: true });
    row.scrollIntoView({ block: "center" });
    return true;
  }
}

/** Says of a verdict which check it is of, as a link, and why it is so.
 * @param {Judged} judged
 * @returns {(Node | string)[]}
 */
export function said(judged) {
  const check = visible(judged.check);
  const link = element("a", { href: "#" + encodeURIComponent(check) }, check);
  const reason = oneLine(judged.reason, 600);
  return [" ", link, " ", element("span", { class: "reason", dir: "auto" }, reason)];
}

/**
 * @param {Entry} entry
 * @returns {string}
 */
function key(entry) {
  return `${entry.lane} ${entry.connection}`;
}

/** Gives each connection a column, in the order of the lanes.
 * @param {Entry[]} entries
 * @returns {Map<string, {lane: string, connection: string, position: number}>}
 */
function columns(entries) {
  const seen = new Map(entries.map((entry) => [key(entry), entry]));
  const rank = (/** @type {Entry} */ { lane }) =>
    ORDER.includes(lane) ? ORDER.indexOf(lane) : ORDER.length;
  const sorted = [...seen.values()].sort((a, b) => rank(a) - rank(b));
  return new Map(
    sorted.map((entry, i) => {
      const { lane, connection } = entry;
      return [key(entry), { lane, connection, position: i + 1 }];
    }),
  );
}
