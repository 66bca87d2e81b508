/** @typedef {import("./hash.js").State} State */

/** The filter bar: shows what of the page matches a state, and tells when a reader changes it. */
export class Filters {
  /**
   * @param {HTMLFormElement} form
   * @param {() => void} changed
   */
  constructor(form, changed) {
    this.form = form;
    this.chips = /** @type {HTMLElement[]} */ ([...form.querySelectorAll("[data-verdict]")]);
    this.rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("tr.check")]);
    this.groups = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("tbody[data-suite]")]);
    this.scenarios = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("details.scenario")]);
    /** @type {Map<HTMLElement, string>} */
    this.texts = new Map();
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", changed);
    form.addEventListener("reset", () => {
      this.chips.forEach((chip) => chip.setAttribute("aria-pressed", "false"));
      setTimeout(changed); // The fields have their old values until this event is over.
    });
    // What sticks below the bar has to know its height, which depends on the width of the page.
    new ResizeObserver(() => {
      const height = getComputedStyle(form).position === "sticky" ? form.offsetHeight : 0;
      document.documentElement.style.setProperty("--bar", `${height}px`);
    }).observe(form);
    for (const chip of this.chips) {
      chip.addEventListener("click", () => {
        chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
        changed();
      });
    }
  }

  /** @returns {Pick<State, "verdict" | "level" | "suite" | "q">} */
  read() {
    const value = (/** @type {string} */ name) => String(new FormData(this.form).get(name) ?? "");
    const pressed = this.chips.filter((chip) => chip.getAttribute("aria-pressed") === "true");
    return {
      verdict: pressed.map((chip) => chip.dataset.verdict ?? ""),
      level: value("level"),
      suite: value("suite"),
      q: value("q"),
    };
  }

  /** Sets the controls to a state and shows what matches it; what `state.at` names always shows.
   * @param {State} state
   */
  apply(state) {
    for (const chip of this.chips) {
      chip.setAttribute("aria-pressed", String(state.verdict.includes(chip.dataset.verdict ?? "")));
    }
    for (const name of /** @type {const} */ (["level", "suite", "q"])) {
      const field = /** @type {HTMLInputElement} */ (this.form.elements.namedItem(name));
      if (field.value !== state[name]) field.value = state[name];
    }
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const any = (/** @type {string[]} */ verdicts) =>
      !state.verdict.length || verdicts.some((verdict) => state.verdict.includes(verdict));
    const says = (/** @type {HTMLElement} */ shown, /** @type {HTMLElement} */ searched) =>
      words.every((word) => this.text(shown, searched).includes(word));

    let count = 0;
    for (const row of this.rows) {
      const suite = row.closest("tbody")?.dataset.suite;
      const matches =
        any((row.dataset.verdict ?? "").split(" ")) &&
        (!state.level || row.dataset.level === state.level) &&
        (!state.suite || suite === state.suite) &&
        says(row, row);
      row.hidden = !matches && row.id !== state.at;
      count += Number(matches);
    }
    for (const group of this.groups) {
      const rows = /** @type {HTMLElement[]} */ ([...group.querySelectorAll("tr.check")]);
      const suite = !state.suite || group.dataset.suite === state.suite;
      group.hidden = rows.length ? rows.every((row) => row.hidden) : !suite;
    }
    let open = 0;
    for (const scenario of this.scenarios) {
      const matches =
        any((scenario.dataset.verdicts ?? "").split(" ")) &&
        (!state.suite || (scenario.dataset.suites ?? "").split(" ").includes(state.suite)) &&
        says(scenario, scenario.querySelector("summary") ?? scenario);
      scenario.hidden = !matches && scenario.id !== state.at;
      open += Number(!scenario.hidden);
    }
    const filtered = count < this.rows.length;
    const shown = /** @type {HTMLElement} */ (this.form.querySelector("#shown"));
    shown.textContent = filtered ? `${count} of ${this.rows.length} checks` : `${count} checks`;
    document.getElementById("no-checks")?.toggleAttribute("hidden", count > 0);
    document.getElementById("no-scenarios")?.toggleAttribute("hidden", open > 0);
  }

  /** Returns the text that a filter looks into, read from the page once.
   * @param {HTMLElement} shown
   * @param {HTMLElement} searched
   * @returns {string}
   */
  text(shown, searched) {
    let text = this.texts.get(shown);
    if (text === undefined) {
      text = (searched.textContent ?? "").toLowerCase();
      this.texts.set(shown, text);
    }
    return text;
  }
}
