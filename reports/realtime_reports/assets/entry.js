import { element, oneLine, visible, wrappable } from "./text.js";

/** @typedef {import("./evidence.js").Entry} Entry */

const ARROWS = { sent: "→", received: "←", note: "·" };

/** Strings longer than this are shortened until asked for. */
const LONG = 2000;

/** Bodies that are nested deeper than this are shown as the text that they are. */
const DEEP = 50;

/** What names a line of evidence, by kind.
 * @type {Record<string, (data: Record<string, any>) => unknown>}
 */
const TITLES = {
  event: (data) => data.type,
  raw: (data) => (typeof data.text === "string" ? "no JSON object" : `${data.bytes} bytes`),
  request: (data) => `${data.method} ${String(data.url).replace(/^\w+:\/\/[^/]*/, "")}`,
  response: (data) => `HTTP ${data.status}`,
  state: (data) => `${data.what} ${data.state}`,
  media: (data) => `${data.packets} packets`,
  verdict: (data) => `${data.verdict} ${data.check}`,
  note: () => "note",
};

/** What else is worth a line, by kind: the first that is there.
 * @type {Record<string, ((data: Record<string, any>) => unknown)[]>}
 */
const DIGESTS = {
  event: [
    (data) => data.error?.message,
    (data) => (data.audio ?? (data.type?.includes?.("audio.delta") && data.delta)) && "sound",
    (data) => data.delta ?? data.text ?? data.transcript ?? data.part?.text,
    (data) => data.item?.content?.[0]?.text ?? data.item?.content?.[0]?.transcript,
    (data) => data.response?.status ?? data.item?.role,
    (data) => data.session?.id,
  ],
  raw: [(data) => data.why, (data) => data.text],
  request: [(data) => data.body],
  response: [(data) => data.body],
  state: [(data) => data.reason ?? data.detail ?? data.code],
  media: [(data) => data.level_dbfs != null && `${data.level_dbfs} dBFS`],
  verdict: [(data) => data.reason],
  note: [(data) => data.text],
};

/** Says what a line of evidence is, in a few words.
 * @param {Entry} entry
 * @returns {string}
 */
export function title(entry) {
  return String(TITLES[entry.kind]?.(entry.data) ?? entry.kind);
}

/** Makes the button of a line of evidence: what it is in two lines, and its JSON on demand.
 * @param {Entry} entry
 * @param {HTMLElement} row gets the JSON when the button is pressed
 * @param {string[]} offending paths into its data that decided a verdict
 * @returns {HTMLElement}
 */
export function card(entry, row, offending = []) {
  const digest = (DIGESTS[entry.kind] ?? []).map((of) => of(entry.data)).find((text) => text);
  const button = element(
    "button",
    { type: "button", class: `card ${entry.direction}`, "aria-expanded": "false" },
    element("span", { class: "lane" }, place(entry)),
    element(
      "span",
      { class: "arrow", title: entry.direction, "aria-hidden": "true" },
      ARROWS[entry.direction] ?? "·",
    ),
    element("span", { class: "spoken" }, ` ${entry.direction} `),
    wrappable(title(entry)),
  );
  if (digest) {
    const text = typeof digest === "string" ? digest : (JSON.stringify(digest) ?? "");
    button.append(element("span", { class: "digest" }, oneLine(text)));
  }
  button.addEventListener("click", () => toggle(button, row, entry, offending));
  return button;
}

/** Says where a line of evidence was seen, for pages too narrow for columns.
 * @param {Entry} entry
 * @returns {string}
 */
function place({ lane, connection }) {
  return lane === connection ? lane : `${lane} ${oneLine(connection)}`;
}

/** Shows or hides the JSON of a line of evidence.
 * @param {HTMLElement} button
 * @param {HTMLElement} row
 * @param {Entry} entry
 * @param {string[]} offending
 */
function toggle(button, row, entry, offending) {
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  row.querySelector(":scope > .json")?.remove();
  if (open) row.append(json(entry, offending));
}

/** Shows a line of evidence as JSON, its offending fields marked.
 * @param {Entry} entry
 * @param {string[]} offending paths into its data
 * @returns {HTMLElement}
 */
function json(entry, offending) {
  const paths = new Set(offending.map((path) => `.data${path.startsWith("[") ? "" : "."}${path}`));
  const text = element("pre", { tabindex: "0", "aria-label": `JSON of ${oneLine(title(entry))}` });
  const box = element("div", { class: "json" }, text);
  const shown = { ...entry, data: unfolded(entry.data) };
  if (shown.data !== entry.data) box.prepend(element("p", {}, "The body is shown as the JSON that it is."));
  const shortened = print(text, shown, paths, LONG);
  if (shortened) {
    const all = element("button", { type: "button" }, "Show everything");
    all.addEventListener("click", () => {
      text.replaceChildren();
      print(text, shown, paths, Infinity);
      all.remove();
    });
    box.append(all);
  }
  return box;
}

/** Returns what a line of evidence holds, with a body that is JSON as the object that it is.
 * @param {Record<string, any>} data
 * @returns {Record<string, any>}
 */
function unfolded(data) {
  if (typeof data.body !== "string" || !/^\s*\{/.test(data.body)) return data;
  try {
    const body = JSON.parse(data.body);
    return isFlat(body, DEEP) ? { ...data, body } : data;
  } catch {
    return data;
  }
}

/** Whether a value is nested at most so deep.
 * @param {unknown} value
 * @param {number} most
 * @returns {boolean}
 */
function isFlat(value, most) {
  if (!value || typeof value !== "object") return true;
  return most > 0 && Object.values(value).every((each) => isFlat(each, most - 1));
}

/** Writes JSON into an element, with `<mark>` around the values at some paths.
 * @param {HTMLElement} into
 * @param {unknown} whole
 * @param {Set<string>} paths such as `.data.response.output[0].id`
 * @param {number} most characters of a string
 * @returns {number} how many strings were shortened
 */
export function print(into, whole, paths, most) {
  let shortened = 0;
  let written = "";
  let place = into;
  const flush = () => {
    // JSON escapes control characters itself, `visible` the marks of writing direction.
    place.append(visible(written));
    written = "";
  };
  const shorten = (/** @type {unknown} */ value) => {
    if (typeof value !== "string" || value.length <= most) return value;
    shortened++;
    const left = (value.length - most / 2).toLocaleString("en");
    return `${value.slice(0, most / 2)}… [${left} more characters]`;
  };
  const write = (/** @type {unknown} */ value, /** @type {string} */ path, /** @type {string} */ indent) => {
    const outer = place;
    const offends = paths.has(path);
    if (offends) {
      flush();
      place = element("mark", { class: "offending" }, element("span", { class: "spoken" }, "offending: "));
      outer.append(place);
    }
    const list = Array.isArray(value);
    if (value && typeof value === "object" && Object.keys(value).length) {
      const inner = indent + "  ";
      written += list ? "[" : "{";
      Object.entries(value).forEach(([name, each], i) => {
        written += `${i ? "," : ""}\n${inner}${list ? "" : `${JSON.stringify(name)}: `}`;
        write(each, list ? `${path}[${name}]` : `${path}.${name}`, inner);
      });
      written += `\n${indent}${list ? "]" : "}"}`;
    } else {
      written += JSON.stringify(shorten(value));
    }
    if (offends) {
      flush();
      place = outer;
    }
  };
  write(whole, "", "");
  flush();
  return shortened;
}
