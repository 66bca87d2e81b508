import { title } from "./entry.js";
import { Scale } from "./scale.js";
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

/**
 * Something of a row that can be gone to.
 * @typedef {object} Mark
 * @property {number} t_ns
 * @property {number} seq the line of evidence
 * @property {() => string} say what it is
 */

/** Draws a whole conversation on one clock, from the left to the right: a row a connection, what
 * lasts, how loud it was, and where checks failed.
 *
 * To the keyboard and to screen readers each row is a slider over what happened in it.
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
    /** @type {Map<Element, {marks: Mark[], now: number}>} rows, by their sliders */
    this.rows = new Map();
    this.readout = element("p", { class: "readout", "aria-hidden": "true" });
    this.cursor = element("div", { class: "cursor", hidden: "" });
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
    this.element.append(this.readout);
    this.rest();
    const [first] = this.rows.keys();
    first?.setAttribute("tabindex", "0");
    this.element.addEventListener("keydown", (event) => this.pressed(event));
    this.element.addEventListener("focusin", ({ target }) => {
      if (target instanceof Element && this.rows.has(target)) this.enter(target);
    });
    this.element.addEventListener("focusout", () => this.rest());
  }

  /** Goes to the row that was gone to last. */
  focus() {
    const slider = this.element.querySelector('[role="slider"][tabindex="0"]');
    if (slider instanceof HTMLElement) slider.focus();
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
   * @param {string} what its marks are
   * @param {Mark[]} marks
   * @param {...Node} drawn
   * @returns {HTMLElement} what is drawn on
   */
  row(name, what, marks, ...drawn) {
    const track = element("div", { class: "track" });
    for (const { from, to, ns } of this.scale.squeezed) {
      const gap = element("div", { class: "gap", title: `${milliseconds(ns)} ms, squeezed` });
      gap.style.left = `${100 * from}%`;
      gap.style.width = `${100 * (to - from)}%`;
      track.append(gap);
    }
    track.append(...drawn);
    const slider = element("div", {
      class: "slider",
      role: "slider",
      tabindex: "-1",
      "aria-label": `${name}, ${what}`,
      "aria-valuemin": "1",
      "aria-valuemax": String(marks.length),
    });
    track.append(slider);
    marks.sort((a, b) => a.t_ns - b.t_ns || a.seq - b.seq);
    this.rows.set(slider, { marks, now: 0 });
    this.say(slider);
    const pointed = (/** @type {MouseEvent} */ event) => {
      const box = track.getBoundingClientRect();
      return this.nearest(marks, this.scale.time((event.clientX - box.left) / box.width));
    };
    track.addEventListener("pointermove", (event) => this.point(track, marks, pointed(event)));
    track.addEventListener("pointerleave", () => this.rest());
    track.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest("a")) return;
      location.hash = this.link(marks[pointed(event)].seq);
    });
    const label = element("span", { class: "row-name", title: name, "aria-hidden": "true" }, oneLine(name, 40));
    this.element.append(element("div", { class: "row" }, label, track));
    return track;
  }

  /** Finds what is nearest to a time.
   * @param {Mark[]} marks in the order of time
   * @param {number} t_ns
   * @returns {number}
   */
  nearest(marks, t_ns) {
    const far = (/** @type {number} */ i) => Math.abs(this.at(marks[i].t_ns) - this.at(t_ns));
    let best = 0;
    for (let i = 1; i < marks.length; i++) if (far(i) < far(best)) best = i;
    return best;
  }

  /** Tells screen readers where a slider is.
   * @param {Element} slider
   */
  say(slider) {
    const { marks, now } = this.of(slider);
    slider.setAttribute("aria-valuenow", String(now + 1));
    slider.setAttribute("aria-valuetext", told(marks, now));
  }

  /**
   * @param {Element} slider
   * @returns {{marks: Mark[], now: number}}
   */
  of(slider) {
    return /** @type {{marks: Mark[], now: number}} */ (this.rows.get(slider));
  }

  /** Shows what is pointed at.
   * @param {Element} track
   * @param {Mark[]} marks
   * @param {number} index
   */
  point(track, marks, index) {
    track.append(this.cursor);
    this.cursor.hidden = false;
    this.cursor.style.left = `${100 * this.at(marks[index].t_ns)}%`;
    this.readout.textContent = told(marks, index);
  }

  /** Points at nothing, and says what one can do. */
  rest() {
    this.cursor.hidden = true;
    this.readout.textContent = KEYS;
  }

  /** Makes a row the one that Tab leads to, and shows where it is.
   * @param {Element} slider
   */
  enter(slider) {
    for (const each of this.rows.keys()) each.setAttribute("tabindex", each === slider ? "0" : "-1");
    const { marks, now } = this.of(slider);
    this.point(/** @type {Element} */ (slider.parentElement), marks, now);
  }

  /** Moves along a row and between rows; Enter shows the line of evidence.
   * @param {KeyboardEvent} event
   */
  pressed(event) {
    const slider = event.target;
    if (!(slider instanceof HTMLElement) || !this.rows.has(slider)) return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const row = this.of(slider);
    const sliders = [...this.rows.keys()];
    const steps = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    const other = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      row.now = Math.min(Math.max(row.now + step, 0), row.marks.length - 1);
      this.say(slider);
      this.enter(slider);
    } else if (other) {
      const next = sliders[sliders.indexOf(slider) + other];
      if (!(next instanceof HTMLElement)) return;
      // As one looks down: at the same time.
      const there = this.of(next);
      there.now = this.nearest(there.marks, row.marks[row.now].t_ns);
      this.say(next);
      next.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      location.hash = this.link(row.marks[row.now].seq);
    } else return;
    event.preventDefault();
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
    const times = new Map(this.entries.map((entry) => [entry.seq, entry.t_ns]));
    /** @type {Map<number, Judged[]>} */
    const by = new Map();
    for (const judged of failed) {
      const seq = /** @type {number} */ (judged.evidence_seq);
      if (times.has(seq)) by.set(seq, [...(by.get(seq) ?? []), judged]);
    }
    if (!by.size) return;
    /** @type {Mark[]} */
    const marks = [];
    const inOrder = [...by].sort(([a], [b]) => (times.get(a) ?? 0) - (times.get(b) ?? 0));
    const drawn = inOrder.map(([seq, [first, ...more]]) => {
      const said = oneLine([first, ...more].map((judged) => `${judged.verdict} ${judged.check}`).join(", "), 300);
      const pin = element("a", { href: this.link(seq), tabindex: "-1", class: `pinned-at ${first.verdict}`, title: said });
      const glyph = /** @type {Element} */ (badge(first.verdict)).querySelector?.(".glyph");
      pin.append(glyph?.textContent ?? "!", element("span", { class: "spoken" }, ` ${said}`));
      pin.style.left = `${100 * this.at(times.get(seq) ?? 0)}%`;
      marks.push({ seq, t_ns: times.get(seq) ?? 0, say: () => said });
      return pin;
    });
    this.row("verdicts", `${marks.length} pinned`, marks, ...drawn);
  }

  /** Draws what lasts; what overlaps lies below each other.
   * @param {string} name
   * @param {Span[]} found
   */
  spans(name, found) {
    /** @type {number[]} */
    const ends = [];
    /** @type {Mark[]} */
    const marks = [];
    const drawn = found.map((span) => {
      let level = ends.findIndex((end) => end <= span.from_ns);
      if (level < 0) level = ends.push(0) - 1;
      ends[level] = span.to_ns;
      const lasted = span.open ? "to the end" : `${milliseconds(span.to_ns - span.from_ns)} ms`;
      const said = oneLine(`${span.name || name}, ${lasted}`);
      const bar = element("a", { href: this.link(span.seq), tabindex: "-1", class: "span", title: said }, said);
      if (span.open) bar.classList.add("open");
      bar.style.left = `${100 * this.at(span.from_ns)}%`;
      bar.style.width = `${100 * (this.at(span.to_ns) - this.at(span.from_ns))}%`;
      bar.style.top = `${1.25 * level}rem`;
      marks.push({ seq: span.seq, t_ns: span.from_ns, say: () => said });
      return bar;
    });
    const track = this.row(name, `${marks.length} of them`, marks, ...drawn);
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
    const lines = of.map((entry) => ({
      seq: entry.seq,
      t_ns: entry.t_ns,
      say: () => `${WAYS[entry.direction] ?? ""} ${oneLine(title(entry))}`,
    }));
    const spoken = `${n("sent")} sent, ${n("received")} received`;
    this.row(short(name), spoken, lines, drawn).title = said;
  }

  /** Draws how loud it was: what lies in events where they were sent or came, RTP frame by frame.
   * @param {Sound[]} sounds
   */
  volume(sounds) {
    /** @type {Map<string, {seq: number, t_ns: number, level: number}[]>} */
    const rows = new Map();
    const add = (/** @type {string} */ name, /** @type {{seq: number, t_ns: number, level: number}[]} */ found) =>
      rows.set(name, [...(rows.get(name) ?? []), ...found]);
    for (const { key, direction, chunks, inMedia } of sounds) {
      if (inMedia) continue; // How loud that was is told frame by frame.
      const name = `sound ${direction === "sent" ? "out" : "in"}, ${short(key)}`;
      add(name, chunks.map(({ seq, t_ns, samples }) => ({ seq, t_ns, level: levels(samples, samples.length)[0] ?? -Infinity })));
    }
    const heard = Map.groupBy(frames(this.entries), (frame) => frame.key);
    for (const [key, found] of heard) add(short(key), found);
    for (const [name, found] of rows) {
      const points = found.map(({ t_ns, level }) => {
        const height = Math.max(0, 1 - level / SILENT_DBFS);
        return `M${(WIDTH * this.at(t_ns)).toFixed(1)} 20v${(-20 * Math.min(height, 1)).toFixed(1)}`;
      });
      const drawn = drawing();
      drawn.append(line("axis", "M0 20H1000"), line("level", points.join("")));
      const loudest = found.reduce((most, { level }) => Math.max(most, level), -Infinity);
      const said = loudest > SILENT_DBFS ? `loudest ${loudest.toFixed(1)} dBFS` : "silence";
      const marks = found.map(({ seq, t_ns, level }) => ({
        seq,
        t_ns,
        say: () => (level > SILENT_DBFS ? `${level.toFixed(1)} dBFS` : "silence"),
      }));
      const track = this.row(name, said, marks, drawn);
      track.title = said;
      if (loudest <= SILENT_DBFS) track.append(element("span", { class: "silent", "aria-hidden": "true" }, said));
    }
  }
}

const WAYS = { sent: "→ sent", received: "← received", note: "·" };

/** What can be done with a timeline. */
const KEYS = "Arrow keys go along a row and from row to row, Enter shows a line of evidence, Escape closes it and comes back.";

/** Says which mark of a row one is at, when it was and what it is.
 * @param {Mark[]} marks
 * @param {number} index
 * @returns {string}
 */
function told(marks, index) {
  const { t_ns, say } = marks[index];
  return `${index + 1} of ${marks.length}, at ${milliseconds(t_ns)} ms: ${say()}`;
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
