import { byId, element, field, oneLine, visible } from "./text.js";

/** @typedef {import("./control.js").Control} Control */
/** @typedef {import("./store.js").Session} Session */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {{name: string, event: Record<string, any>}} Template */

/** 100 ms at 24 kHz, two bytes each. */
const SILENCE = btoa("\0".repeat(4800));

/** The form that sends any event to the chosen session. */
export class Send {
  /**
   * @param {Store} store
   * @param {Control} control
   */
  constructor(store, control) {
    this.store = store;
    this.control = control;
    /** @type {Session | null} */
    this.session = null;
    this.form = byId("send-form", HTMLFormElement);
    this.event = field(this.form, "event", HTMLTextAreaElement);
    this.template = field(this.form, "template", HTMLSelectElement);
    this.answer = byId("send-answer", HTMLElement);
    this.submit = /** @type {HTMLButtonElement} */ (this.form.querySelector("[type=submit]"));
    /** @type {Template[]} */
    this.templates = [];
    this.event.addEventListener("input", () => this.check());
    this.template.addEventListener("change", () => this.fill());
    byId("send-format", HTMLElement).addEventListener("click", () => {
      const event = this.check();
      if (event) this.event.value = JSON.stringify(event, null, 2);
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.event.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
    });
    store.addEventListener("sessions", () => this.check());
    this.load();
  }

  async load() {
    this.templates = await (await fetch("/_fake/inspector/templates.json")).json();
    this.templates.forEach(({ name }, i) => {
      this.template.append(element("option", { value: String(i) }, name));
    });
    this.template.value = "0";
    this.fill();
  }

  /** @param {Session | null} session */
  to(session) {
    this.session = session;
    byId("send-to", HTMLElement).textContent = session
      ? `To ${oneLine(session.id)}, which it joins as a sideband named inspector.`
      : "Choose a session to send to.";
    this.check();
  }

  /** Puts an event into the form.
   * @param {Record<string, any>} event
   */
  edit(event) {
    this.template.value = "";
    this.event.value = JSON.stringify(event, null, 2);
    this.check();
    this.event.focus();
  }

  fill() {
    const template = this.templates[Number(this.template.value)];
    if (!template || this.template.value === "") return;
    const id = this.session?.id ?? "";
    const values = {
      $item: this.store.newest(id, (data) => data.item?.id ?? data.item_id) ?? "item_…",
      $call: this.store.newest(id, (data) => data.item?.call_id ?? data.call_id) ?? "call_…",
      $silence: SILENCE,
    };
    const put = (/** @type {string} */ _key, /** @type {any} */ value) =>
      typeof value === "string" && value in values ? values[/** @type {"$item"} */ (value)] : value;
    this.event.value = JSON.stringify(template.event, put, 2);
    this.check();
  }

  /** Says what is wrong with the event.
   * @returns {Record<string, any> | null} it, if it may be sent
   */
  check() {
    let problem = "";
    let event = null;
    try {
      event = JSON.parse(this.event.value);
    } catch (error) {
      problem = `Not JSON: ${error instanceof Error ? error.message : error}`;
    }
    if (!problem && (typeof event !== "object" || event === null || Array.isArray(event))) {
      problem = "An event is a JSON object.";
    } else if (!problem && typeof event.type !== "string") {
      problem = 'An event has a "type".';
    }
    const known = this.templates.some((each) => each.event.type === event?.type);
    const hint = !problem && !known && this.templates.length ? "No client event that is known." : "";
    const place = byId("send-problem", HTMLElement);
    const said = problem ? `⚠ ${problem}` : hint;
    if (place.textContent !== said) place.textContent = said;
    place.className = problem ? "wrong" : "soft";
    this.event.setAttribute("aria-invalid", String(Boolean(problem)));
    this.submit.disabled = Boolean(problem) || !this.session || this.session.over;
    return problem ? null : event;
  }

  async send() {
    const event = this.check();
    if (!event || !this.session) return;
    const path = `/sessions/${encodeURIComponent(this.session.id)}/events`;
    try {
      const { events } = await this.control.ask("POST", path, this.event.value);
      this.answer.replaceChildren(...said(events));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.answer.replaceChildren(element("p", { class: "problem" }, `⚠ ${visible(text)}`));
    }
  }
}

/** Says what came back.
 * @param {any[]} events
 * @returns {HTMLElement[]}
 */
function said(events) {
  if (!events.length) return [element("p", { class: "soft" }, "Sent; nothing came back at once.")];
  const rows = events.map((event) => {
    const error = event.type === "error" ? event.error : null;
    const about = error ? ` ${error.message}${error.param ? ` (${error.param})` : ""}` : "";
    const name = element("code", {}, oneLine(event.type));
    return element("li", error ? { class: "wrong" } : {}, error ? "⚠ " : "", name, visible(about));
  });
  return [element("p", {}, "Sent. What came back at once:"), element("ol", {}, ...rows)];
}
