import { VirtualList } from "./list.js";
import { byId, complain, element, oneLine } from "./text.js";

/** @typedef {import("./control.js").Control} Control */
/** @typedef {import("./store.js").Session} Session */
/** @typedef {import("./store.js").Store} Store */

/** Stands for all sessions at the top of the list. */
const ALL = /** @type {Session} */ ({ id: "", attachments: [], over: false });

/** The list of sessions and calls. One of them, or all, is chosen. */
export class Sessions {
  /**
   * @param {Store} store
   * @param {Control} control
   * @param {(session: Session | null) => void} chosen
   */
  constructor(store, control, chosen) {
    this.store = store;
    this.list = new VirtualList(
      byId("sessions-list", HTMLElement),
      "Sessions and calls",
      (/** @type {Session} */ session) => session.id,
      (/** @type {Session} */ session) => JSON.stringify(words(session)),
      make,
    );
    this.list.chosen = "";
    this.list.onChoose = (session) => {
      chosen(session === ALL ? null : session);
      this.changed();
    };
    this.drop = byId("drop", HTMLButtonElement);
    const problem = byId("sessions-problem", HTMLElement);
    const ask = (/** @type {string} */ path) =>
      control.ask("POST", path).then(
        () => complain(problem, ""),
        (error) => complain(problem, error),
      );
    this.drop.addEventListener("click", () => {
      ask(`/sessions/${encodeURIComponent(this.list.chosen ?? "")}/drop`);
    });
    byId("reset", HTMLElement).addEventListener("click", () => ask("/reset"));
    store.addEventListener("sessions", () => this.changed());
    store.addEventListener("cleared", () => this.changed());
    this.changed();
  }

  /** @returns {Session | null} the chosen one */
  get chosen() {
    return this.store.sessions.get(this.list.chosen ?? "") ?? null;
  }

  /** Chooses a session once it is known.
   * @param {string} id
   */
  choose(id) {
    const goal = () => {
      const index = this.list.items.findIndex((session) => session.id === id);
      if (index < 0) return false;
      this.list.choose(index);
      return true;
    };
    if (goal()) return;
    const later = () => goal() && this.store.removeEventListener("sessions", later);
    this.store.addEventListener("sessions", later);
  }

  changed() {
    // Those that run first, the newest on top.
    const all = [...this.store.sessions.values()].reverse();
    const live = all.filter((session) => !session.over);
    this.list.show([ALL, ...live, ...all.filter((session) => session.over)]);
    const calls = live.filter((session) => session.call).length;
    const waiting = [...this.store.calls.values()].filter((call) => !call.session_id).length;
    byId("sessions-number", HTMLElement).textContent =
      `${live.length} running` +
      (calls ? `, ${calls} on a call` : "") +
      (waiting ? `, ${waiting} calls without one` : "");
    this.drop.disabled = !this.chosen || this.chosen.over;
  }
}

/** What a row says.
 * @param {Session} session
 */
function words(session) {
  if (session === ALL) return { name: "All sessions", about: "and HTTP requests", tail: "" };
  const parties = session.attachments.map(({ role, name }) => (name === role ? role : `${role} ${name}`));
  // What is on for everybody is said once, at the top of the page.
  const all = [...(session.switches ?? []), ...(session.faults ?? [])];
  const on = all.filter((text) => /[:,](session|key)=/.test(text)).length;
  return {
    name: session.model ?? session.type ?? "session",
    about: session.over ? "over" : parties.join(", ") || (session.call?.state ?? "nobody there"),
    tail: `…${oneLine(session.id.slice(-6))}` + (on ? ` ⚠ ${on} on` : ""),
  };
}

/** @param {Session} session */
function make(session) {
  const { name, about, tail } = words(session);
  const state = session === ALL ? "all" : session.over ? "over" : "running";
  const glyph = { all: "≡", over: "○", running: "●" }[state];
  return element(
    "div",
    { class: `row session ${state}`, title: session.id },
    element("span", { class: "glyph", "aria-hidden": "true" }, glyph),
    element("span", { class: "name" }, oneLine(name, 60)),
    element("span", { class: "tail" }, tail),
    element("span", { class: "about" }, oneLine(about)),
  );
}
