import { SILENT_DBFS, levels } from "./sound.js";
import { frames, spans } from "./spans.js";
import { element, milliseconds, oneLine } from "./text.js";

/** @typedef {import("./evidence.js").Entry} Entry */
/** @typedef {import("./evidence.js").Judged} Judged */
/** @typedef {import("./sound.js").Sound} Sound */
/** @typedef {import("./spans.js").Span} Span */

/** Width that drawings have inside; they are stretched to that of the page. */
const WIDTH = 1000;

const SVG = "http://www.w3.org/2000/svg";

/** Draws a whole conversation on one clock, from the left to the right: a row a connection, what
 * lasts, how loud it was, and where checks failed.
 */
export class Timeline {
  /**
   * @param {Entry[]} entries in the order of time
   * @param {Sound[]} sounds
   * @param {Judged[]} checks
   * @param {(seq: number) => string} link the address of a line of evidence
   * @param {(verdict: string) => Node} badge
   */
  constructor(entries, sounds, checks, link, badge) {
    this.entries = entries;
    this.scale = new Scale(entries);
    this.link = link;
    this.element = element("div", { class: "timeline", role: "group", "aria-label": "Timeline" });
    this.element.append(this.axis());
    const failed = checks.filter((c) => c.evidence_seq !== null && c.verdict !== "pass");
    if (failed.length) this.pins(failed, badge);
    const found = spans(entries);
    for (const row of new Set(found.map((span) => span.row))) {
      this.spans(row, found.filter((span) => span.row === row));
    }
    const events = entries.filter(({ lane, kind }) => lane !== "transport" && kind !== "media");
    for (const key of new Set(events.map(keyOf))) {
      if (key !== "harness harness") this.ticks(key, events.filter((entry) => keyOf(entry) === key));
    }
    this.volume(sounds);
  }

  /** Says where a time lies, as a part of the whole.
   * @param {number} t_ns
   * @returns {number}
   */
  at(t_ns) {
    return this.scale.at(t_ns);
  }

  /** Adds a row.
   * @param {string} name
   * @param {...Node} drawn
   * @returns {HTMLElement} what is drawn on
   */
  row(name, ...drawn) {
    const track = element("div", { class: "track" }, ...drawn);
    for (const { from, to, ns } of this.scale.squeezed) {
      const gap = element("div", { class: "gap", title: `${milliseconds(ns)} ms, squeezed` });
      gap.style.left = `${100 * from}%`;
      gap.style.width = `${100 * (to - from)}%`;
      track.append(gap);
    }
    const label = element("span", { class: "row-name", title: name }, oneLine(name, 40));
    this.element.append(element("div", { class: "row" }, label, track));
    return track;
  }

  /** @returns {HTMLElement} */
  axis() {
    const track = element("div", { class: "track axis" });
    for (const part of [0, 0.25, 0.5, 0.75, 1]) {
      const mark = element("span", {}, `${milliseconds(this.scale.time(part))} ms`);
      mark.style.left = `${100 * part}%`;
      track.append(mark);
    }
    return element("div", { class: "row", "aria-hidden": "true" }, element("span", { class: "row-name" }), track);
  }

  /** Pins verdicts to the events that decided them.
   * @param {Judged[]} failed
   * @param {(verdict: string) => Node} badge
   */
  pins(failed, badge) {
    const track = this.row("verdicts");
    const times = new Map(this.entries.map((entry) => [entry.seq, entry.t_ns]));
    /** @type {Map<number, Judged[]>} */
    const by = new Map();
    for (const judged of failed) {
      const seq = /** @type {number} */ (judged.evidence_seq);
      if (times.has(seq)) by.set(seq, [...(by.get(seq) ?? []), judged]);
    }
    for (const [seq, [first, ...more]] of by) {
      const said = [first, ...more].map((judged) => `${judged.verdict} ${judged.check}`).join(", ");
      const pin = element("a", { href: this.link(seq), class: `pinned-at ${first.verdict}`, title: oneLine(said, 300) });
      const glyph = /** @type {Element} */ (badge(first.verdict)).querySelector?.(".glyph");
      pin.append(glyph?.textContent ?? "!", element("span", { class: "spoken" }, ` ${oneLine(said, 300)}`));
      pin.style.left = `${100 * this.at(times.get(seq) ?? 0)}%`;
      track.append(pin);
    }
  }

  /** Draws what lasts; what overlaps lies below each other.
   * @param {string} name
   * @param {Span[]} found
   */
  spans(name, found) {
    const track = this.row(name);
    /** @type {number[]} */
    const ends = [];
    for (const span of found) {
      let level = ends.findIndex((end) => end <= span.from_ns);
      if (level < 0) level = ends.push(0) - 1;
      ends[level] = span.to_ns;
      const lasted = span.open ? "to the end" : `${milliseconds(span.to_ns - span.from_ns)} ms`;
      const said = oneLine(`${span.name || name}, ${lasted}`);
      const bar = element("a", { href: this.link(span.seq), class: "span", title: said }, said);
      if (span.open) bar.classList.add("open");
      bar.style.left = `${100 * this.at(span.from_ns)}%`;
      bar.style.width = `${100 * (this.at(span.to_ns) - this.at(span.from_ns))}%`;
      bar.style.top = `${1.25 * level}rem`;
      track.append(bar);
    }
    track.style.height = `${1.25 * ends.length}rem`;
  }

  /** Draws a mark for each line of evidence of a connection: sent above, received below.
   * @param {string} name
   * @param {Entry[]} of
   */
  ticks(name, of) {
    const marks = { sent: new Set(), received: new Set(), note: new Set() };
    for (const entry of of) marks[entry.direction]?.add((WIDTH * this.at(entry.t_ns)).toFixed(1));
    const drawn = drawing();
    drawn.append(line("axis", "M0 10H1000"));
    drawn.append(line("sent", [...marks.sent].map((x) => `M${x} 1V9`).join("")));
    drawn.append(line("received", [...marks.received].map((x) => `M${x} 11V19`).join("")));
    drawn.append(line("note", [...marks.note].map((x) => `M${x} 7V13`).join("")));
    const n = (/** @type {"sent" | "received"} */ d) => of.filter((entry) => entry.direction === d).length;
    const said = `→ ${n("sent")} sent above, ← ${n("received")} received below`;
    const track = this.row(short(name), drawn, element("span", { class: "spoken" }, said));
    track.title = said;
    track.addEventListener("click", (event) => {
      const box = track.getBoundingClientRect();
      const wanted = (event.clientX - box.left) / box.width;
      const far = (/** @type {Entry} */ entry) => Math.abs(this.at(entry.t_ns) - wanted);
      location.hash = this.link(of.reduce((a, b) => (far(b) < far(a) ? b : a)).seq);
    });
    track.classList.add("clickable");
  }

  /** Draws how loud it was: what lies in events where they were sent or came, RTP frame by frame.
   * @param {Sound[]} sounds
   */
  volume(sounds) {
    /** @type {Map<string, {t_ns: number, level: number}[]>} */
    const rows = new Map();
    const add = (/** @type {string} */ name, /** @type {{t_ns: number, level: number}[]} */ found) =>
      rows.set(name, [...(rows.get(name) ?? []), ...found]);
    for (const { key, direction, chunks } of sounds) {
      const name = `sound ${direction === "sent" ? "out" : "in"}, ${short(key)}`;
      add(name, chunks.map(({ t_ns, samples }) => ({ t_ns, level: levels(samples, samples.length)[0] ?? -Infinity })));
    }
    for (const frame of frames(this.entries)) add(short(frame.key), [frame]);
    for (const [name, found] of rows) {
      const points = found.map(({ t_ns, level }) => {
        const height = Math.max(0, 1 - level / SILENT_DBFS);
        return `M${(WIDTH * this.at(t_ns)).toFixed(1)} 20v${(-20 * Math.min(height, 1)).toFixed(1)}`;
      });
      const drawn = drawing();
      drawn.append(line("axis", "M0 20H1000"), line("level", points.join("")));
      const loudest = found.reduce((most, { level }) => Math.max(most, level), -Infinity);
      const said = loudest > SILENT_DBFS ? `loudest ${loudest.toFixed(1)} dBFS` : "silence";
      this.row(name, drawn, element("span", { class: "spoken" }, said)).title = said;
    }
  }
}

/** A clock on which pauses in which nothing happens take little room. */
class Scale {
  /** @param {Entry[]} entries in the order of time */
  constructor(entries) {
    const sound = frames(entries).filter(({ level }) => level > SILENT_DBFS);
    const events = entries.filter(({ kind }) => kind !== "media");
    this.times = [...new Set([...events, ...sound].map(({ t_ns }) => t_ns))].sort((a, b) => a - b);
    if (!this.times.length) this.times = [entries[0].t_ns];
    const gaps = this.times.slice(1).map((t, i) => t - this.times[i]);
    const most = longest(gaps);
    const length = gaps.reduce((sum, gap) => sum + Math.min(gap, most), 0) || 1;
    let place = 0;
    /** @type {number[]} */
    this.places = [0];
    /** @type {{from: number, to: number, ns: number}[]} */
    this.squeezed = [];
    for (const gap of gaps) {
      const from = place / length;
      place += Math.min(gap, most);
      this.places.push(place / length);
      if (gap > 1.5 * most) this.squeezed.push({ from, to: place / length, ns: gap });
    }
  }

  /**
   * @param {number} t_ns
   * @returns {number} from 0 to 1
   */
  at(t_ns) {
    return between(t_ns, this.times, this.places);
  }

  /**
   * @param {number} part from 0 to 1
   * @returns {number} nanoseconds
   */
  time(part) {
    return between(part, this.places, this.times);
  }
}

/** Returns the length from which on gaps are squeezed: the longest that is at most a seventh of
 * what is left then.
 * @param {number[]} gaps
 * @returns {number}
 */
function longest(gaps) {
  const sorted = [...gaps].sort((a, b) => b - a);
  let rest = sorted.reduce((sum, gap) => sum + gap, 0);
  for (let cut = 0; cut < Math.min(6, sorted.length); cut++) {
    if (sorted[cut] <= rest / 7) return Infinity;
    rest -= sorted[cut];
    // With `cut + 1` gaps squeezed to `most` each, the whole is `rest` and those.
    const most = rest / (7 - cut - 1);
    if (rest > 0 && (sorted[cut + 1] ?? 0) <= most) return most;
  }
  return Infinity;
}

/** Finds the place of a value in a rising list, and what lies there in another.
 * @param {number} value
 * @param {number[]} from
 * @param {number[]} to
 * @returns {number}
 */
function between(value, from, to) {
  let low = 0;
  let high = from.length - 1;
  if (value <= from[low]) return to[low];
  if (value >= from[high]) return to[high];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (from[middle] <= value) low = middle;
    else high = middle;
  }
  return to[low] + ((value - from[low]) / (from[high] - from[low])) * (to[high] - to[low]);
}

/**
 * @param {Entry} entry
 * @returns {string}
 */
function keyOf({ lane, connection }) {
  return `${lane} ${connection}`;
}

/** Says a connection once where it is named as its lane.
 * @param {string} key
 * @returns {string}
 */
function short(key) {
  const [lane, ...rest] = key.split(" ");
  const connection = rest.join(" ");
  return connection.startsWith(lane) ? connection : `${connection} ${lane}`;
}

/** @returns {SVGElement} */
function drawing() {
  const made = /** @type {SVGElement} */ (document.createElementNS(SVG, "svg"));
  made.setAttribute("viewBox", `0 0 ${WIDTH} 20`);
  made.setAttribute("preserveAspectRatio", "none");
  made.setAttribute("aria-hidden", "true");
  return made;
}

/**
 * @param {string} name
 * @param {string} path
 * @returns {SVGElement}
 */
function line(name, path) {
  const made = /** @type {SVGElement} */ (document.createElementNS(SVG, "path"));
  made.setAttribute("class", name);
  made.setAttribute("d", path);
  made.setAttribute("vector-effect", "non-scaling-stroke");
  return made;
}
