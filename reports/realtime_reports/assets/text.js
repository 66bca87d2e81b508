/** Characters that do not show, or that reorder what shows. */
const HIDDEN = new RegExp(
  [
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u061c\\u200b-\\u200f\\u2028-\\u202e",
    "\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\ufdd0-\\ufdef\\ufffe\\uffff]",
    "|[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]",
  ].join(""),
  "g",
);

/** Replaces characters that mislead by their escape, as the Python side does.
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
export function oneLine(value, most = 90) {
  const text = String(value);
  const line = visible(text.slice(0, 4 * most)).replace(/\s+/g, " ");
  return line.length > most || text.length > 4 * most ? line.slice(0, most - 1) + "…" : line;
}

/** Writes nanoseconds as milliseconds.
 * @param {number} ns
 * @returns {string}
 */
export function milliseconds(ns) {
  return (ns / 1e6).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
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

/** Makes a name such as `response.output_text.delta` that may wrap behind its dots and before its capitals.
 * @param {string} name
 * @returns {HTMLElement}
 */
export function wrappable(name) {
  const made = element("span", { class: "name" });
  oneLine(name, 200).split(/(?<=[._])|(?<=[a-z])(?=[A-Z])/).forEach((part, i) => {
    if (i) made.append(document.createElement("wbr"));
    made.append(part);
  });
  return made;
}
