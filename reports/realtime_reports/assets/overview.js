import { readHash, writeHash } from "./hash.js";
import { exchanges, sideBySide } from "./sdp.js";
import { SILENT_DBFS, levels, samples, sounds, wav } from "./sound.js";
import { latencies } from "./spans.js";
import { element, milliseconds, oneLine } from "./text.js";
import { Timeline } from "./timeline.js";

/** @typedef {import("./evidence.js").Conversation} Conversation */
/** @typedef {import("./sound.js").Sound} Sound */
/** @typedef {import("./spans.js").Latency} Latency */

/** Columns of latencies, and the parts of their bars. */
const HEADS = [
  ["Response", ""],
  ["From", ""],
  ["To first content", "first"],
  ["To first sound", "audible"],
  ["To its end", "done"],
];

/** Makes what is shown of a conversation above its lanes.
 * @param {Conversation} conversation with at least one entry
 * @param {string} id of the scenario's element
 * @param {(verdict: string) => Node} badge
 * @returns {{timeline: Timeline, parts: HTMLElement[]}} a timeline, and what comes below it
 */
export function overview({ entries, checks }, id, badge) {
  const link = (/** @type {number} */ seq) => writeHash({ ...readHash(""), at: id, seq });
  const heard = sounds(entries);
  const timeline = new Timeline(entries, heard, checks, link, badge);
  /** @type {HTMLElement[]} */
  const parts = [];
  const waited = latencies(entries, heard);
  if (waited.length) parts.push(bars(waited, link));
  if (heard.length) parts.push(folded("Sound", heard.length, ...heard.map(player)));
  const offered = exchanges(entries, checks);
  if (offered.length) {
    const shown = folded("Offer and answer", offered.length, ...offered.map(sideBySide));
    shown.toggleAttribute("open", offered.some(({ failed }) => failed.length));
    parts.push(shown);
  }
  return { timeline, parts };
}

/**
 * @param {string} title
 * @param {number} count
 * @param {...Node} inner
 * @returns {HTMLElement}
 */
function folded(title, count, ...inner) {
  const summary = element("summary", {}, count > 1 ? `${title} (${count})` : title);
  return element("details", { class: "part" }, summary, ...inner);
}

/** Draws how long each response took to its first content, to its first sound and to its end.
 * @param {Latency[]} waited
 * @param {(seq: number) => string} link
 * @returns {HTMLElement}
 */
function bars(waited, link) {
  const longest = Math.max(...waited.flatMap((w) => [w.first_ns, w.audible_ns, w.done_ns].map((t) => t ?? 0)), 1);
  const heads = HEADS.map(([name, part]) => {
    const swatch = part ? [element("i", { class: `swatch ${part}`, "aria-hidden": "true" }), " "] : [];
    return element("th", { scope: "col", role: "columnheader", class: part ? "number" : "" }, ...swatch, name);
  });
  heads.push(element("td", { "aria-hidden": "true" }));
  const body = element("tbody", { role: "rowgroup" });
  for (const each of waited) {
    const time = (/** @type {number} */ column, /** @type {number | null} */ ns, title = "") =>
      element("td", { class: "number", role: "cell", title, "data-head": HEADS[column][0] }, ns === null ? "—" : `${milliseconds(ns)} ms`);
    const drawn = element("td", { class: "wait", "aria-hidden": "true" });
    const parts = { done: each.done_ns, audible: each.audible_ns, first: each.first_ns };
    for (const [name, ns] of Object.entries(parts)) {
      const bar = element("i", { class: name });
      bar.style.width = `${(100 * Math.max(ns ?? 0, 0)) / longest}%`;
      drawn.append(bar);
    }
    const since = element("a", { href: link(each.seq) }, oneLine(each.since, 60));
    body.append(
      element(
        "tr",
        { role: "row" },
        element("th", { scope: "row", role: "rowheader" }, element("code", {}, oneLine(each.response, 40))),
        element("td", { role: "cell" }, since),
        time(2, each.first_ns, oneLine(each.first)),
        time(3, each.audible_ns),
        time(4, each.done_ns),
        drawn,
      ),
    );
  }
  const head = element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads));
  return element("table", { class: "latency", role: "table", "aria-label": "Latency of responses" }, head, body);
}

/** Makes a player of a sound, with its level; the sound is put together when it is asked for.
 * @param {Sound} sound
 * @returns {HTMLElement}
 */
function player(sound) {
  const pcm = samples(sound);
  const seconds = (pcm.length / sound.rate).toFixed(1);
  const whose = sound.direction === "sent" ? "sent on" : "received on";
  const name = oneLine(`${whose} ${sound.inMedia ? `the call, ${sound.key}` : sound.key} ${sound.of}`.trim());
  const button = element("button", { type: "button", "aria-label": `Play ${seconds} s ${name}` }, "▶ Play");
  const about = `${seconds} s, ${sound.format}, ${sound.rate} Hz`;
  const box = element("div", { class: "sound" }, button, curve(pcm), element("span", {}, `${name}: ${about}`));
  button.addEventListener("click", () => {
    const audio = /** @type {HTMLAudioElement} */ (element("audio", { controls: "", "aria-label": name }));
    audio.src = URL.createObjectURL(wav(sound));
    button.replaceWith(audio);
    audio.focus();
    audio.play().catch(() => {}); // A browser may want to be asked again.
  });
  return box;
}

/** Draws the level of a sound over its time.
 * @param {Int16Array} pcm
 * @returns {SVGElement}
 */
function curve(pcm) {
  const svg = /** @type {SVGElement} */ (document.createElementNS("http://www.w3.org/2000/svg", "svg"));
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const found = levels(pcm, Math.max(Math.ceil(pcm.length / 300), 1));
  const points = found.map((level, i) => {
    const height = Math.min(Math.max(0, 1 - level / SILENT_DBFS), 1);
    return `M${((300 * (i + 0.5)) / found.length).toFixed(1)} 24v${(-24 * height).toFixed(1)}`;
  });
  svg.setAttribute("viewBox", "0 0 300 24");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", points.join(""));
  svg.append(path);
  return svg;
}
