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
   * @param {() => void} leave called when a reader wants to go back up
   */
  constructor(conversation, label, badge, leave) {
    this.entries = conversation.entries;
    this.badge = badge;
    this.leave = leave;
    this.columns = columns(this.entries);
    /** @type {Map<number, Judged[]>} */
    this.pins = new Map();
    for (const judged of conversation.checks) {
      if (judged.evidence_seq === null || judged.verdict === "pass") continue;
      this.pins.set(judged.evidence_seq, [...(this.pins.get(judged.evidence_seq) ?? []), judged]);
    }
    // The lines from `first` up to `last` are rendered.
    this.first = 0;
    this.last = 0;
    this.list = element("ol", { class: "events", "aria-label": `Evidence of ${label}` });
    this.list.addEventListener("keydown", (event) => this.pressed(event));
    this.list.addEventListener("focusin", ({ target }) => {
      const card = target instanceof Element ? target.closest(".card") : null;
      if (card) this.enter(/** @type {HTMLElement} */ (card));
    });
    this.earlier = this.button(() => this.show(this.first - CHUNK, this.last));
    this.more = this.button(() => this.show(this.first, this.last + CHUNK));
    this.element = element("div", { class: "lanes" });
    this.element.append(this.heading(), this.earlier, this.list, this.more);
    this.element.style.setProperty("--columns", String(this.columns.size));
    this.show(0, CHUNK);
  }

  /** Makes a button for lines that are not rendered yet.
   * @param {() => void} pressed
   * @returns {HTMLElement}
   */
  button(pressed) {
    const made = element("button", { type: "button", class: "show-more" });
    made.addEventListener("click", pressed);
    return made;
  }

  /** @returns {HTMLElement} */
  heading() {
    const heads = [...this.columns.values()].map(({ lane, connection }) => {
      const kind = element("span", {}, lane === connection ? "" : lane);
      return element("div", {}, element("b", {}, oneLine(connection)), " ", kind);
    });
    return element("div", { class: "heads", "aria-hidden": "true" }, ...heads);
  }

  /** Renders the lines from `first` up to `last`, next to those that are there already.
   * @param {number} first
   * @param {number} last
   */
  show(first, last) {
    while (this.first > Math.max(first, 0)) this.list.prepend(this.row(--this.first));
    while (this.last < Math.min(last, this.entries.length)) this.list.append(this.row(this.last++));
    const label = (
      /** @type {HTMLElement} */ button,
      /** @type {number} */ left,
      /** @type {string} */ word,
    ) => {
      button.hidden = left <= 0;
      button.textContent = `Show ${Math.min(CHUNK, left)} ${word} of ${left.toLocaleString("en")}`;
    };
    label(this.earlier, this.first, "earlier");
    label(this.more, this.entries.length - this.last, "more");
    if (!this.list.querySelector('.card[tabindex="0"]')) this.enter(this.list.querySelector(".card"));
  }

  /** Makes a line the one that Tab leads to; the arrow keys lead to the others.
   * @param {HTMLElement | null} card
   */
  enter(card) {
    for (const before of this.list.querySelectorAll('.card[tabindex="0"]')) before.setAttribute("tabindex", "-1");
    card?.setAttribute("tabindex", "0");
  }

  /** Moves from line to line, and closes what is open.
   * @param {KeyboardEvent} event
   */
  pressed(event) {
    const row = event.target instanceof Element ? event.target.closest("li") : null;
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const card = (/** @type {Element | null | undefined} */ of) =>
      /** @type {HTMLElement | null | undefined} */ (of?.querySelector(".card"));
    if (event.key === "Escape") {
      if (row.querySelector(".json")) {
        card(row)?.click();
        card(row)?.focus();
      } else this.leave();
      event.preventDefault();
      return;
    }
    // In the JSON of a line, the arrow keys scroll.
    if (!(event.target instanceof Element && event.target.closest(".card"))) return;
    const at = [...this.list.children].indexOf(row);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }[event.key];
    if (!step) return;
    event.preventDefault();
    if (at + step >= this.list.children.length && !this.more.hidden) this.more.click();
    const last = this.list.children.length - 1;
    const next = card(this.list.children[Math.min(Math.max(at + step, 0), last)]);
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
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
    const pins = this.pins.get(entry.seq) ?? [];
    const offending = pins.map((judged) => judged.evidence_path ?? "").filter(Boolean);
    const button = card(entry, row, offending);
    button.setAttribute("tabindex", "-1");
    const cell = element("div", { class: "cell" }, button);
    cell.style.setProperty("--column", String(this.columns.get(key(entry))?.position));
    for (const judged of pins) {
      row.classList.add("pinned", judged.verdict);
      if (judged.absent) continue; // The line itself says it.
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
    if (index < this.first || index >= this.last) {
      this.list.replaceChildren();
      this.first = this.last = index;
      this.show(index - CHUNK / 2, index + CHUNK / 2);
    }
    for (const marked of this.list.querySelectorAll(".marked")) marked.classList.remove("marked");
    const row = /** @type {HTMLElement} */ (this.list.children[index - this.first]);
    row.classList.add("marked");
    const button = /** @type {HTMLElement} */ (row.querySelector(".card"));
    if (button.getAttribute("aria-expanded") !== "true") button.click();
    button.focus({ preventScroll: true });
    row.scrollIntoView({ block: "center" });
    return true;
  }
}

/** Says of verdicts for one reason which checks they are of, as links, and why they are so.
 * @param {Judged[]} alike
 * @returns {(Node | string)[]}
 */
export function said(...alike) {
  const links = alike.flatMap((judged, i) => {
    const check = visible(judged.check);
    const link = element("a", { href: "#" + encodeURIComponent(check) }, check);
    return [i ? ", " : " ", link];
  });
  const reason = oneLine(alike[0].reason, 400);
  return [...links, " ", element("span", { class: "reason", dir: "auto" }, reason)];
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
