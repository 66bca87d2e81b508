import { element, oneLine, timeOfDay } from "./text.js";

/** @typedef {import("./store.js").Entry} Entry */

const ARROWS = { sent: "→", received: "←", note: "·" };

/** What names a line, by kind.
 * @type {Record<string, (data: Record<string, any>) => unknown>}
 */
const TITLES = {
  event: (data) => data.type,
  raw: (data) => (typeof data.text === "string" ? "no JSON object" : `${data.bytes} bytes`),
  request: (data) => `${data.method} ${data.path || data.url}`,
  response: (data) => `HTTP ${data.status}`,
  state: (data) => `${data.what} ${data.state}`,
};

/** What else is worth saying, by kind: the first that is there.
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
  raw: [(data) => data.text, (data) => data.why],
  request: [(data) => data.query && Object.keys(data.query).length && data.query],
  response: [(data) => data.body?.error?.message],
  state: [(data) => data.by && `by the ${data.by}${data.code ? `, ${data.code}` : ""}`],
};

/** @param {Entry} entry */
export function title(entry) {
  if (entry.gap) return `${entry.gap.toLocaleString("en")} lines left out`;
  return oneLine(TITLES[entry.kind]?.(entry.data) ?? entry.kind);
}

/** @param {Entry} entry */
export function digest(entry) {
  const found = (DIGESTS[entry.kind] ?? []).map((of) => of(entry.data)).find((text) => text);
  if (!found) return "";
  return oneLine(typeof found === "string" ? found : (JSON.stringify(found) ?? ""));
}

/** Whether a line says that something went wrong.
 * @param {Entry} entry
 */
export function isTrouble({ kind, data }) {
  return (
    (kind === "event" && (data.type === "error" || data.response?.status === "failed")) ||
    (kind === "response" && data.status >= 400) ||
    (kind === "state" && data.by === "network") ||
    kind === "raw"
  );
}

/** Makes the row of a line.
 * @param {Entry} entry
 * @param {number} column of its connection, from 1
 * @returns {HTMLElement}
 */
export function row(entry, column) {
  const made = element("div", { class: `row ${entry.direction} ${entry.lane}` });
  const card = element(
    "span",
    { class: "card" },
    element("span", { class: "arrow", "aria-hidden": "true" }, ARROWS[entry.direction] ?? "·"),
    element("span", { class: "spoken" }, ` ${entry.direction} `),
  );
  if (isTrouble(entry)) {
    made.classList.add("trouble");
    card.append(element("span", { class: "glyph", role: "img", "aria-label": "trouble" }, "⚠"), " ");
  }
  card.append(
    element("span", { class: "name" }, title(entry)),
    " ",
    element("span", { class: "digest", dir: "auto" }, digest(entry)),
    element("span", { class: "where" }, ` ${oneLine(entry.connection, 40)}`),
  );
  card.style.setProperty("--column", String(column));
  made.append(element("span", { class: "time" }, timeOfDay(entry.at)), card);
  return made;
}
