import { SILENT_DBFS } from "./sound.js";
import { frames } from "./spans.js";

/** @typedef {import("./evidence.js").Entry} Entry */

/** A clock on which pauses in which nothing happens take little room. */
export class Scale {
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
