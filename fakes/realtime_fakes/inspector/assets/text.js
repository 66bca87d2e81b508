/** Characters that do not show, or that reorder what shows. */
const HIDDEN = new RegExp(
  [
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u061c\\u200b-\\u200f\\u2028-\\u202e",
    "\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\ufdd0-\\ufdef\\ufffe\\uffff]",
    "|[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]",
  ].join(""),
  "g",
);

/** Replaces characters that mislead by their escape.
 * @param {string} text
 * @returns {string}
 */
export function visible(text) {
  return text.replace(HIDDEN, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

/** Shortens a text to one line of at most `most` characters.
 * @param {unknown} value
 * @param {number} most
 * @returns {string}
 */
export function oneLine(value, most = 120) {
  const text = String(value);
  const line = visible(text.slice(0, 4 * most)).replace(/\s+/g, " ");
  return line.length > most || text.length > 4 * most ? line.slice(0, most - 1) + "…" : line;
}

/** Makes an element; text becomes a text node and never markup.
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Makes a button.
 * @param {string} text
 * @param {() => void} pressed
 * @param {Record<string, string>} attributes
 * @returns {HTMLButtonElement}
 */
export function button(text, pressed, attributes = {}) {
  const made = /** @type {HTMLButtonElement} */ (
    element("button", { type: "button", ...attributes }, text)
  );
  made.addEventListener("click", pressed);
  return made;
}

/** Finds an element of the page that is there.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`no ${kind.name} #${id}`);
  return found;
}

/** Finds a field of a form.
 * @template {HTMLElement} T
 * @param {HTMLFormElement} form
 * @param {string} name
 * @param {new () => T} kind
 * @returns {T}
 */
export function field(form, name, kind) {
  const found = form.elements.namedItem(name);
  if (!(found instanceof kind)) throw new Error(`no ${kind.name} ${name}`);
  return found;
}

/** Writes a time of day.
 * @param {number} at Unix time, milliseconds
 * @returns {string}
 */
export function timeOfDay(at) {
  const date = new Date(at);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const ms = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

/** Copies a text, and says on the button that it is done.
 * @param {string} text
 * @param {HTMLButtonElement} from
 */
export async function copy(text, from) {
  const before = from.dataset.label ?? from.textContent ?? "";
  from.dataset.label = before;
  try {
    await navigator.clipboard.writeText(text);
    from.textContent = "Copied";
  } catch {
    from.textContent = "Not allowed";
  }
  setTimeout(() => (from.textContent = before), 1500);
}

/** Says what is wrong, or nothing any more.
 * @param {HTMLElement} place
 * @param {unknown} problem
 */
export function complain(place, problem) {
  const text = problem instanceof Error ? problem.message : String(problem ?? "");
  place.textContent = visible(text);
  place.hidden = !text;
}
