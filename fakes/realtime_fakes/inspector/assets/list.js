import { element } from "./text.js";

/** Rows beyond either edge that are made as well. */
const SPARE = 6;

let lists = 0;

/**
 * A list of which only the rows in sight are made. All rows are as high as `--row` of the box.
 *
 * One row is chosen with the arrow keys, Home, End, Page Up and Page Down, or by a click.
 * @template T
 */
export class VirtualList {
  /**
   * @param {HTMLElement} box scrolls
   * @param {string} label
   * @param {(item: T) => string} keyOf stays the same for an item
   * @param {(item: T) => string} version changes when the item's row does
   * @param {(item: T) => HTMLElement} make
   */
  constructor(box, label, keyOf, version, make) {
    this.box = box;
    this.keyOf = keyOf;
    this.version = version;
    this.make = make;
    this.id = `list-${++lists}`;
    /** @type {readonly T[]} */
    this.items = [];
    /** @type {string | null} */
    this.chosen = null;
    /** @type {(item: T) => void} */
    this.onChoose = () => {};
    /** Whether the end stays in sight. Who scrolls up wants to read, so that ends it. */
    this.follows = false;
    this.onLeave = () => {};
    this.top = 0;
    /** @type {Map<string, {row: HTMLElement, version: string}>} */
    this.rows = new Map();
    this.pending = 0;
    this.sizer = element("div", { class: "sizer", role: "presentation" });
    box.append(this.sizer);
    box.tabIndex = 0;
    box.setAttribute("role", "listbox");
    box.setAttribute("aria-label", label);
    box.addEventListener("scroll", () => this.scrolled(), { passive: true });
    box.addEventListener("keydown", (event) => this.pressed(event));
    box.addEventListener("click", ({ target }) => {
      const row = target instanceof Element ? target.closest("[data-index]") : null;
      if (row instanceof HTMLElement) this.choose(Number(row.dataset.index));
    });
    new ResizeObserver(() => this.refresh()).observe(box);
  }

  /** Shows these items.
   * @param {readonly T[]} items
   */
  show(items) {
    this.items = items;
    this.refresh();
  }

  /** Draws the rows anew, as their making has changed. */
  redraw() {
    this.rows.clear();
    this.sizer.replaceChildren();
    this.refresh();
  }

  refresh() {
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      this.draw();
    });
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    const isAtEnd = scrollHeight - clientHeight - scrollTop < this.height;
    if (this.follows && scrollTop < this.top && !isAtEnd) this.onLeave();
    this.top = scrollTop;
    this.refresh();
  }

  get height() {
    return parseFloat(getComputedStyle(this.box).getPropertyValue("--row")) || 28;
  }

  draw() {
    const height = this.height;
    this.sizer.style.height = `${this.items.length * height}px`;
    if (this.follows) this.box.scrollTop = this.box.scrollHeight;
    const first = Math.max(0, Math.floor(this.box.scrollTop / height) - SPARE);
    const last = Math.min(
      this.items.length,
      Math.ceil((this.box.scrollTop + this.box.clientHeight) / height) + SPARE,
    );
    const before = this.rows;
    this.rows = new Map();
    const stay = new Set(this.items.slice(first, last).map(this.keyOf));
    for (const [key, { row }] of before) if (!stay.has(key)) row.remove();
    /** @type {Element | null} */
    let previous = null;
    for (let i = first; i < last; i++) {
      const item = this.items[i];
      const key = this.keyOf(item);
      const version = this.version(item);
      const known = before.get(key);
      const row = known?.version === version ? known.row : this.make(item);
      if (known && known.row !== row) known.row.replaceWith(row);
      this.place(row, i, key, height);
      // In the order in which they are read.
      if (!row.isConnected || row.previousElementSibling !== previous) {
        if (previous) previous.after(row);
        else this.sizer.prepend(row);
      }
      previous = row;
      this.rows.set(key, { row, version });
    }
    const shown = this.chosen === null ? undefined : this.rows.get(this.chosen);
    if (shown) this.box.setAttribute("aria-activedescendant", shown.row.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  /**
   * @param {HTMLElement} row
   * @param {number} index
   * @param {string} key
   * @param {number} height
   */
  place(row, index, key, height) {
    row.id = `${this.id}-${key}`;
    row.dataset.index = String(index);
    row.style.transform = `translateY(${index * height}px)`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-posinset", String(index + 1));
    row.setAttribute("aria-setsize", String(this.items.length));
    row.setAttribute("aria-selected", String(key === this.chosen));
  }

  /** Chooses the row at `index` and brings it into sight.
   * @param {number} index
   */
  choose(index) {
    const item = this.items[index];
    if (item === undefined) return;
    this.chosen = this.keyOf(item);
    this.onChoose(item);
    // Behind it, as the box may be smaller by now.
    const top = index * this.height;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    const under = top + this.height - this.box.clientHeight;
    if (under > this.box.scrollTop) this.box.scrollTop = under;
    this.draw();
  }

  /** Brings the chosen row into the middle, if it is shown. */
  reveal() {
    const index = this.items.findIndex((item) => this.keyOf(item) === this.chosen);
    if (index < 0) return;
    this.draw();
    this.box.scrollTop = (index + 0.5) * this.height - this.box.clientHeight / 2;
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = this.items.findIndex((item) => this.keyOf(item) === this.chosen);
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.height) - 1);
    const last = this.items.length - 1;
    /** @type {Record<string, number>} */
    const goals = {
      ArrowDown: at + 1, ArrowUp: at < 0 ? last : at - 1, Home: 0, End: last,
      PageDown: at + page, PageUp: at - page,
    };
    const goal = goals[event.key];
    if (goal === undefined) return;
    event.preventDefault();
    this.choose(Math.max(0, Math.min(last, goal)));
  }
}
