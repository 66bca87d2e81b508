/** Finds which of some places, in order, is nearest to a point.
 * @param {number[]} places
 * @param {number} at
 * @returns {number} its index; -1 if there are none
 */
export function nearest(places, at) {
  let found = -1;
  for (let i = 0; i < places.length; i++) {
    if (found < 0 || Math.abs(places[i] - at) < Math.abs(places[found] - at)) found = i;
  }
  return found;
}

/** Says one row of a table, with the heads of its columns.
 * @param {string[]} heads
 * @param {string[]} cells
 * @returns {string}
 */
export function told(heads, cells) {
  return cells.map((cell, i) => (i ? `${heads[i]} ${cell}` : cell)).join(" · ");
}

/** Moves through rows by the keyboard.
 * @param {string} key as of a KeyboardEvent
 * @param {number} index of the row that is told; -1 if none is
 * @param {number} count of rows
 * @returns {number | null} of the row to tell; nothing if the key has no meaning here
 */
export function moved(key, index, count) {
  const steps = new Map([
    ["ArrowLeft", Math.max(index - 1, 0)],
    ["ArrowRight", Math.min(index + 1, count - 1)],
    ["Home", 0],
    ["End", count - 1],
  ]);
  return steps.get(key) ?? null;
}
