import { Filters } from "./filters.js";
import { readHash, writeHash } from "./hash.js";

const filters = new Filters(
  /** @type {HTMLFormElement} */ (document.getElementById("filters")),
  () => {
    const state = { ...readHash(""), ...filters.read() };
    history.replaceState(null, "", writeHash(state));
    filters.apply(state);
  },
);

/** Makes the page what the hash says. */
function restore() {
  const state = readHash(location.hash);
  filters.apply(state);
  for (const marked of document.querySelectorAll(".target")) marked.classList.remove("target");
  const place = state.at ? document.getElementById(state.at) : null;
  if (!place?.matches("section")) place?.classList.add("target");
  place?.scrollIntoView({ block: "center" });
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[href^="#"]') : null;
  if (!link) return;
  // A link inside of the page goes somewhere and leaves the filters as they are.
  const { at } = readHash(link.getAttribute("href") ?? "");
  event.preventDefault();
  location.hash = writeHash({ ...readHash(location.hash), at });
});

window.addEventListener("hashchange", restore);
restore();
