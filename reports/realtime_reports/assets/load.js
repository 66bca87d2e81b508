import { readHash, writeHash } from "./hash.js";
import { moved, nearest, told } from "./plot.js";
import { element } from "./text.js";

/** Lets a reader go along a picture: what its table says there is told beside it.
 * @param {HTMLElement} figure
 */
function follow(figure) {
  const area = /** @type {HTMLElement | null} */ (figure.querySelector(".plot-area[data-places]"));
  const rows = [...figure.querySelectorAll("tbody tr")];
  if (!area || !rows.length) return;
  const places = (area.dataset.places ?? "").trim().split(" ").map(Number);
  const heads = [...figure.querySelectorAll("thead th")].map((head) => head.textContent ?? "");
  const hair = element("div", { class: "hair", hidden: "" });
  const readout = element("output", { class: "readout", "aria-live": "polite" });
  let index = -1;
  area.append(hair);
  area.after(readout);
  area.tabIndex = 0;
  area.setAttribute("role", "group");
  area.setAttribute("aria-label", `${figure.querySelector("figcaption")?.textContent}: go along with the arrow keys`);

  const show = (/** @type {number} */ next) => {
    index = next;
    const row = rows[index];
    hair.hidden = !row;
    hair.style.left = `${100 * places[index]}%`;
    const cells = row ? [...row.children].map((cell) => cell.textContent ?? "") : [];
    readout.textContent = told(heads, cells);
  };
  area.addEventListener("pointermove", (event) => {
    const box = area.getBoundingClientRect();
    const next = nearest(places, (event.clientX - box.left) / box.width);
    if (next !== index) show(next);
  });
  const leave = () => show(-1);
  area.addEventListener("pointerleave", leave);
  area.addEventListener("blur", leave);
  area.addEventListener("keydown", (event) => {
    const next = moved(event.key, index, rows.length);
    if (next === null) return;
    event.preventDefault();
    show(next);
  });
}

const radios = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll('input[name="clock"]')]);

/** Shows what one clock says; metrics that only one clock knows of stay.
 * @param {string} clock
 */
function choose(clock) {
  for (const radio of radios) radio.checked = radio.value === clock;
  for (const part of document.querySelectorAll(".of-clock:not([data-only])")) {
    const of = /** @type {HTMLElement} */ (part);
    of.hidden = of.dataset.clock !== clock;
  }
}

/** Makes the page what the hash says: what it names is open, and seen. */
function restore() {
  const { at } = readHash(location.hash);
  for (const marked of document.querySelectorAll(".target")) marked.classList.remove("target");
  const place = at ? document.getElementById(at) : null;
  if (!place) return;
  place.classList.add("target");
  const of = /** @type {HTMLElement | null} */ (place.closest(".of-clock:not([data-only])"));
  if (of?.dataset.clock) choose(of.dataset.clock);
  for (let up = /** @type {Element | null} */ (place); up; up = up.parentElement) {
    if (up instanceof HTMLDetailsElement) up.open = true;
  }
  if (place instanceof HTMLDetailsElement) {
    place.querySelector("summary")?.focus({ preventScroll: true });
  }
  place.scrollIntoView({ block: "start" });
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[href^="#"]') : null;
  if (!link) return;
  const hash = writeHash(readHash(link.getAttribute("href") ?? ""));
  event.preventDefault();
  if (hash === location.hash) restore();
  else location.hash = hash;
});

for (const button of document.querySelectorAll("button.copy")) {
  const source = document.getElementById(button.getAttribute("data-copy") ?? "");
  button.toggleAttribute("hidden", !navigator.clipboard);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source?.textContent ?? "");
    button.textContent = "Copied";
  });
}

for (const figure of document.querySelectorAll("figure.chart")) follow(/** @type {HTMLElement} */ (figure));
if (radios.length) {
  document.querySelector("fieldset.clocks")?.removeAttribute("hidden");
  for (const radio of radios) radio.addEventListener("change", () => choose(radio.value));
  choose("response");
}
window.addEventListener("hashchange", restore);
restore();
