import { row, title } from "./entry.js";
import { VirtualList } from "./list.js";
import { byId, copy, element, field, oneLine, timeOfDay, visible } from "./text.js";

/** @typedef {import("./store.js").Entry} Entry */
/** @typedef {import("./store.js").Store} Store */

/** Lanes from the left to the right. */
const ORDER = ["http", "ws", "data-channel", "sideband"];

/** The lines of one session or of all, in a column for each connection. */
export class Events {
  /**
   * @param {Store} store
   * @param {(event: Record<string, any>) => void} edit
   */
  constructor(store, edit) {
    this.store = store;
    /** @type {string | null} */
    this.sessionId = null;
    /** @type {Entry[]} */
    this.shown = [];
    /** @type {Map<string, number>} */
    this.columns = new Map();
    this.form = byId("filters", HTMLFormElement);
    this.words = field(this.form, "words", HTMLInputElement);
    this.deltas = field(this.form, "deltas", HTMLInputElement);
    this.follow = field(this.form, "follow", HTMLInputElement);
    this.lanes = byId("lanes", HTMLElement);
    this.list = new VirtualList(
      byId("events-list", HTMLElement),
      "Events",
      (/** @type {Entry} */ entry) => entry.key,
      () => "",
      (/** @type {Entry} */ entry) => row(entry, this.columns.get(this.column(entry)) ?? 1),
    );
    this.list.onChoose = (entry) => this.open(entry);
    this.list.follows = true;
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", ({ target }) => {
      if (target !== this.follow) this.select();
      else this.setFollow(this.follow.checked);
    });
    this.list.onLeave = () => this.setFollow(false);
    this.list.box.addEventListener("pointerdown", () => this.setFollow(false));
    store.addEventListener("entries", (event) => this.add(/** @type {CustomEvent} */ (event).detail));
    store.addEventListener("cleared", () => this.select());
    /** @type {Entry | null} */
    this.opened = null;
    byId("detail-close", HTMLElement).addEventListener("click", () => this.close());
    byId("detail", HTMLElement).addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this.close();
    });
    const copies = byId("detail-copy", HTMLButtonElement);
    copies.addEventListener("click", () => {
      if (this.opened) copy(JSON.stringify(this.opened.data, null, 2), copies);
    });
    byId("detail-again", HTMLElement).addEventListener("click", () => {
      if (this.opened) edit(this.opened.data);
    });
    this.select();
  }

  /** @param {boolean} follows */
  setFollow(follows) {
    this.follow.checked = this.list.follows = follows;
    this.list.refresh();
  }

  /** Shows the lines of one session, or of all.
   * @param {string | null} sessionId
   */
  show(sessionId) {
    this.sessionId = sessionId;
    this.setFollow(true);
    this.close();
    this.select();
  }

  /** @param {Entry} entry */
  isShown(entry) {
    if (this.sessionId !== null && entry.session_id !== this.sessionId && !entry.gap) return false;
    if (!this.deltas.checked && entry.data.type?.endsWith?.(".delta")) return false;
    const words = this.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return true;
    const text = `${entry.connection} ${entry.direction} ${JSON.stringify(entry.data)}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }

  /** Says in which column a line is: its connection, or just its lane where there are too many.
   * @param {Entry} entry
   */
  column(entry) {
    return this.sessionId === null ? entry.lane : entry.connection;
  }

  select() {
    this.shown = this.store.entries.filter((entry) => this.isShown(entry));
    const session = this.sessionId === null ? "of all sessions" : this.sessionId;
    byId("events-of", HTMLElement).textContent = oneLine(session);
    this.columns.clear();
    this.divide(this.shown);
    this.list.redraw();
    this.drawn();
    if (!this.list.follows) this.list.reveal();
  }

  /** @param {{added: Entry[], isFull: boolean}} change */
  add({ added, isFull }) {
    if (isFull) return this.select();
    const fitting = added.filter((entry) => this.isShown(entry));
    if (!fitting.length) return this.drawn();
    this.shown.push(...fitting);
    if (this.divide(fitting)) this.list.redraw();
    this.drawn();
  }

  drawn() {
    const all = this.store.entries.length;
    byId("events-number", HTMLElement).textContent =
      this.shown.length === all
        ? `${all.toLocaleString("en")}`
        : `${this.shown.length.toLocaleString("en")} of ${all.toLocaleString("en")}`;
    this.list.box.classList.toggle("empty", !this.shown.length);
    this.list.show(this.shown);
  }

  /** Gives each new connection a column.
   * @param {Entry[]} entries
   * @returns {boolean} whether there are new ones
   */
  divide(entries) {
    const before = this.columns.size;
    /** @type {Map<string, string>} */
    const found = new Map();
    for (const entry of entries) if (!entry.gap) found.set(this.column(entry), entry.lane);
    const rank = (/** @type {[string, string]} */ [, lane]) => ORDER.indexOf(lane);
    for (const [name] of [...found].sort((a, b) => rank(a) - rank(b))) {
      if (!this.columns.has(name)) this.columns.set(name, this.columns.size + 1);
    }
    if (this.columns.size === before && before) return false;
    this.lanes.style.setProperty("--columns", String(Math.max(1, this.columns.size)));
    const heads = [...this.columns.keys()].map((name) => element("b", {}, oneLine(name, 40)));
    byId("heads", HTMLElement).replaceChildren(...heads);
    return true;
  }

  /** Shows the JSON of a line.
   * @param {Entry} entry
   */
  open(entry) {
    if (entry.gap) return;
    this.setFollow(false);
    this.opened = entry;
    byId("detail-title", HTMLElement).textContent = title(entry);
    byId("detail-about", HTMLElement).textContent = oneLine(
      `${entry.direction} · ${entry.connection} · ${timeOfDay(entry.at)} · seq ${entry.seq}`,
    );
    const json = byId("detail-json", HTMLElement);
    json.textContent = visible(JSON.stringify(entry.data, null, 2));
    json.scrollTop = 0;
    byId("detail-again", HTMLElement).hidden = !(entry.kind === "event" && entry.direction === "sent");
    byId("detail", HTMLElement).hidden = false;
  }

  close() {
    if (!this.opened) return;
    this.opened = null;
    byId("detail", HTMLElement).hidden = true;
    this.list.box.focus();
  }
}
