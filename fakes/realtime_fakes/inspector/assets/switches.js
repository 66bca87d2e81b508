import { button, byId, complain, element, field, oneLine } from "./text.js";

/** @typedef {import("./control.js").Control} Control */
/** @typedef {import("./store.js").Service} Service */
/** @typedef {import("./store.js").Session} Session */
/** @typedef {{name: string, summary: string, violates?: string, usage?: string}} Known */

/** Switches for behaviours, defects and faults. */
export class Switches {
  /** @param {Control} control */
  constructor(control) {
    this.control = control;
    /** @type {string[]} */
    this.on = [];
    /** @type {Session | null} */
    this.session = null;
    /** @type {Map<string, HTMLInputElement>} */
    this.boxes = new Map();
    this.problem = byId("switches-problem", HTMLElement);
    this.filter = byId("switches-filter", HTMLFormElement);
    this.scope = field(this.filter, "scope", HTMLSelectElement);
    this.words = field(this.filter, "words", HTMLInputElement);
    this.filter.addEventListener("submit", (event) => event.preventDefault());
    this.words.addEventListener("input", () => this.find());
    this.scope.addEventListener("change", () => this.mark());
    const faults = byId("switches-fault", HTMLFormElement);
    const fault = field(faults, "fault", HTMLInputElement);
    faults.addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = fault.value.trim();
      if (text && (await this.adjust({ on: [this.scoped(text)] }))) fault.value = "";
    });
    this.load();
  }

  async load() {
    const known = await this.control.ask("GET", "/switches");
    const groups = byId("switches-known", HTMLElement);
    for (const [name, about] of [
      ["behaviours", "legal and rude: a correct client survives them"],
      ["defects", "wrong: a check finds each of them"],
    ]) {
      const list = element("ul", { class: "switches" });
      for (const each of known[name]) list.append(this.row(each));
      const legend = element("h3", {}, name, " ", element("span", { class: "soft" }, about));
      groups.append(element("section", {}, legend, list));
    }
    const kinds = /** @type {HTMLElement} */ (document.querySelector("#fault-kinds dl"));
    for (const { usage, summary, name } of known.faults) {
      kinds.append(element("dt", {}, element("code", {}, usage)), element("dd", {}, summary));
      byId("fault-usages", HTMLElement).append(element("option", { value: `${name}:` }, summary));
    }
    this.mark();
  }

  /** @param {Known} known */
  row({ name, summary, violates }) {
    const box = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox" }));
    this.boxes.set(name, box);
    box.addEventListener("change", () => {
      const text = this.scoped(name);
      this.adjust(box.checked ? { on: [text] } : { off: [text] });
    });
    const about = element("span", { class: "about" }, summary);
    if (violates) about.append(" ", element("code", {}, violates));
    return element("li", {}, element("label", {}, box, element("b", {}, name), about));
  }

  /** Limits a switch to the chosen session, if that is asked for.
   * @param {string} text
   */
  scoped(text) {
    if (this.scope.value !== "session" || !this.session) return text;
    return `${text}${text.includes(":") ? "," : ":"}session=${this.session.id}`;
  }

  /**
   * @param {{on?: string[], off?: string[]}} change
   * @returns {Promise<boolean>} whether it was made
   */
  async adjust(change) {
    try {
      const now = await this.control.ask("PATCH", "/switches", change);
      this.on = [...now.behaviours, ...now.defects, ...now.faults];
      complain(this.problem, "");
      return true;
    } catch (error) {
      complain(this.problem, error);
      return false;
    } finally {
      this.mark();
    }
  }

  /** @param {Service} service */
  show({ behaviours, defects, faults }) {
    this.on = [...behaviours, ...defects, ...faults];
    this.mark();
  }

  /** @param {Session | null} session */
  of(session) {
    this.session = session;
    const option = /** @type {HTMLOptionElement} */ (this.scope.options[1]);
    option.disabled = !session || session.over;
    if (option.disabled) this.scope.value = "";
    this.mark();
  }

  mark() {
    for (const [name, box] of this.boxes) box.checked = this.on.includes(this.scoped(name));
    const rows = this.on.map((text) => {
      const off = button("Switch off", () => this.adjust({ off: [text] }));
      off.setAttribute("aria-label", `Switch off ${text}`);
      return element("li", {}, element("code", {}, oneLine(text, 200)), off);
    });
    byId("switches-on", HTMLElement).replaceChildren(
      rows.length
        ? element("ul", { class: "on", "aria-label": "What is on" }, ...rows)
        : element("p", { class: "soft" }, "Nothing is on: it does what a right service does."),
    );
  }

  find() {
    const words = this.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const box of this.boxes.values()) {
      const row = /** @type {HTMLElement} */ (box.closest("li"));
      const text = (row.textContent ?? "").toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  }
}
