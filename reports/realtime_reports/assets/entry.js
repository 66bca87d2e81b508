import { element, oneLine, visible, wrappable } from "./text.js";

/** @typedef {import("./evidence.js").Entry} Entry */

const ARROWS = { sent: "→", received: "←", note: "·" };

/** Strings longer than this are shortened until asked for. */
const LONG = 2000;

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

/** Makes the button of a line of evidence: what it is in two lines, and its JSON on demand.
 * @param {Entry} entry
 * @param {HTMLElement} row gets the JSON when the button is pressed
 * @param {string[]} offending paths into its data that decided a verdict
 * @returns {HTMLElement}
 */
export function card(entry, row, offending = []) {
  const title = TITLES[entry.kind]?.(entry.data) ?? entry.kind;
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
    wrappable(String(title)),
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
  const text = element("pre", { tabindex: "0" });
  const box = element("div", { class: "json" }, text);
  const shortened = print(text, entry, paths, LONG);
  if (shortened) {
    const all = element("button", { type: "button" }, "Show everything");
    all.addEventListener("click", () => {
      text.replaceChildren();
      print(text, entry, paths, Infinity);
      all.remove();
    });
    box.append(all);
  }
  return box;
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
