/** Makes a list of tabs work: one panel shows, arrow keys go from tab to tab.
 * @param {HTMLElement} list
 * @returns {(id: string) => void} shows the panel of that id
 */
export function tabs(list) {
  const all = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=tab]")]);
  const show = (/** @type {HTMLElement} */ chosen) => {
    for (const tab of all) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (panel) panel.hidden = !isChosen;
    }
  };
  for (const [i, tab] of all.entries()) {
    tab.addEventListener("click", () => show(tab));
    tab.addEventListener("keydown", (event) => {
      /** @type {Record<string, number>} */
      const goals = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: all.length - 1 };
      const goal = goals[event.key];
      if (goal === undefined) return;
      event.preventDefault();
      const next = all[(goal + all.length) % all.length];
      show(next);
      next.focus();
    });
  }
  return (id) => {
    const found = all.find((tab) => tab.getAttribute("aria-controls") === id);
    if (found) show(found);
  };
}
