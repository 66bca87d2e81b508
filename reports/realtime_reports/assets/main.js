import { inflate } from "./evidence.js";
import { Filters } from "./filters.js";
import { readHash, writeHash } from "./hash.js";
import { Lanes, said } from "./lanes.js";
import { overview } from "./overview.js";
import { element, oneLine, visible } from "./text.js";

/** @typedef {import("./evidence.js").Conversation} Conversation */

/** @type {Map<HTMLDetailsElement, Promise<Lanes | null>>} */
const opened = new Map();

const filters = new Filters(
  /** @type {HTMLFormElement} */ (document.getElementById("filters")),
  () => {
    const state = { ...readHash(""), ...filters.read() };
    history.replaceState(null, "", writeHash(state));
    filters.apply(state);
  },
);

/** Makes the badge of a verdict, as it is in the legend.
 * @param {string} verdict
 * @returns {Node}
 */
function badge(verdict) {
  const known = document.querySelector(`.legend .badge.${CSS.escape(verdict)}`);
  return known?.cloneNode(true) ?? element("span", { class: "badge" }, visible(verdict));
}

/** Renders a scenario once.
 * @param {HTMLDetailsElement} scenario
 * @returns {Promise<Lanes | null>}
 */
function open(scenario) {
  let lanes = opened.get(scenario);
  if (!lanes) {
    lanes = render(scenario);
    opened.set(scenario, lanes);
  }
  return lanes;
}

/**
 * @param {HTMLDetailsElement} scenario
 * @returns {Promise<Lanes | null>}
 */
async function render(scenario) {
  const place = /** @type {HTMLElement} */ (scenario.querySelector(".conversation"));
  const store = scenario.querySelector(".evidence");
  try {
    const conversation = await inflate(store?.textContent ?? "");
    store?.remove();
    for (const problem of conversation.problems) place.append(note(visible(problem)));
    place.append(...setByItself(conversation, scenario.id));
    place.append(judged(conversation, scenario.id));
    if (!conversation.entries.length) {
      place.append(note("There is no evidence of this scenario."));
      return null;
    }
    const { timeline, parts } = overview(conversation, scenario.id, badge);
    const name = scenario.id.replace(/^scenario:/, "");
    const lanes = new Lanes(conversation, name, badge, () => timeline.focus());
    place.append(timeline.element, ...parts, lanes.element);
    return lanes;
  } catch (error) {
    place.append(note(`The evidence cannot be shown: ${error}`));
    return null;
  }
}

/**
 * @param {string} text
 * @returns {HTMLElement}
 */
function note(text) {
  const glyph = element("span", { class: "glyph", "aria-hidden": "true" }, "!");
  return element("p", { class: "problem" }, glyph, " ", text);
}

/** Tells what a conversation set in the fake by itself, besides what was on for the whole run.
 * @param {Conversation} conversation
 * @param {string} id of the scenario's element
 * @returns {HTMLElement[]}
 */
function setByItself({ entries }, id) {
  const told = "control API: ";
  const set = entries.filter(({ kind, data }) => kind === "note" && String(data.text).startsWith(told));
  if (!set.length) return [];
  const line = element("p", { class: "reproduce" }, "Set by the conversation itself: ");
  set.slice(0, 20).forEach(({ seq, data }, i) => {
    const href = writeHash({ ...readHash(""), at: id, seq });
    const body = Object.entries(Object(data.body)).filter(([name, value]) => name !== "name" && String(value ?? ""));
    const values = body.map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`);
    line.append(i ? "; " : "", element("a", { href }, oneLine(data.text.slice(told.length), 60)));
    if (values.length) line.append(" ", oneLine(values.join(", "), 160));
  });
  return [line];
}

/** Lists what was judged: what did not pass with its reason, the rest by name.
 * @param {Conversation} conversation
 * @param {string} id of the scenario's element
 * @returns {HTMLElement}
 */
function judged(conversation, id) {
  const list = element("ul", { class: "judged" });
  const line = (/** @type {import("./evidence.js").Judged[]} */ ...alike) => {
    const [{ verdict, evidence_seq, absent }] = alike;
    const item = element("li", {}, badge(verdict), ...said(...alike));
    if (evidence_seq !== null) {
      const href = writeHash({ ...readHash(""), at: id, seq: evidence_seq });
      item.append(" ", element("a", { href, class: "event" }, absent ? "show when" : "show the event"));
    }
    return item;
  };
  /** @type {Map<string, import("./evidence.js").Judged[]>} */
  const groups = new Map();
  for (const result of conversation.checks.filter(({ verdict }) => verdict !== "pass")) {
    const key = JSON.stringify([result.verdict, result.reason, !result.absent && result.evidence_seq]);
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  const passed = conversation.checks.filter((result) => result.verdict === "pass");
  list.append(...[...groups.values()].map((alike) => line(...alike)));
  if (passed.length) {
    const inner = element("ul", { class: "judged" });
    inner.append(...passed.map((result) => line(result)));
    const noun = passed.length === 1 ? "check passed" : "checks passed";
    const summary = element("summary", {}, `${passed.length} ${noun}`);
    list.append(element("li", {}, element("details", {}, summary, inner)));
  }
  return list;
}

/** Makes the page what the hash says. */
async function restore() {
  const state = readHash(location.hash);
  filters.apply(state);
  for (const marked of document.querySelectorAll(".target")) marked.classList.remove("target");
  const place = state.at ? document.getElementById(state.at) : null;
  if (!place) return;
  if (!place.matches("section")) place.classList.add("target");
  if (place instanceof HTMLDetailsElement) {
    place.open = true;
    const lanes = await open(place);
    if (state.seq !== null && lanes?.reveal(state.seq)) return;
    place.querySelector("summary")?.focus({ preventScroll: true });
  }
  place.scrollIntoView({ block: place instanceof HTMLTableRowElement ? "center" : "start" });
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[href^="#"]') : null;
  if (!link) return;
  // A link inside of the page goes somewhere and leaves the filters as they are.
  const { at, seq } = readHash(link.getAttribute("href") ?? "");
  const hash = writeHash({ ...readHash(location.hash), at, seq });
  event.preventDefault();
  if (hash === location.hash) restore();
  else location.hash = hash;
});

for (const scenario of document.querySelectorAll("details.scenario")) {
  scenario.addEventListener("toggle", () => {
    const details = /** @type {HTMLDetailsElement} */ (scenario);
    if (details.open) open(details);
  });
}

for (const button of document.querySelectorAll("button.copy")) {
  const source = document.getElementById(button.getAttribute("data-copy") ?? "");
  button.toggleAttribute("hidden", !navigator.clipboard);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source?.textContent ?? "");
    button.textContent = "Copied";
  });
}

window.addEventListener("hashchange", restore);
restore();
