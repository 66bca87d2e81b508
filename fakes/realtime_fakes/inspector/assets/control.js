/**
 * A service, as `GET /services` lists it.
 * @typedef {{
 *   name: string, base_url: string, ws_url: string, control_url: string, api_key: string,
 *   profile: string, models_are_deployments: boolean,
 * }} Addresses
 */

/** Asks the control API of one service, from the same origin as the page. */
export class Control {
  /** @param {Addresses} addresses */
  constructor(addresses) {
    this.addresses = addresses;
    this.root = new URL(addresses.control_url).pathname;
    this.api = new URL(addresses.base_url).pathname;
  }

  /** Lists the services, the default one first.
   * @returns {Promise<Addresses[]>}
   */
  static async services() {
    return await answered(await fetch("/_fake/services"));
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} body a string as it is, anything else as JSON
   * @returns {Promise<any>}
   * @throws {Error} with what the service says
   */
  async ask(method, path, body = undefined) {
    const sent = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    return await answered(await fetch(this.root + path, { method, body: sent }));
  }

  /** Makes a key of few minutes for one session, so that the standard key is in no connection.
   * @param {Record<string, unknown>} session
   * @returns {Promise<string>}
   */
  async ephemeralKey(session) {
    const answer = await answered(
      await fetch(`${this.api}/realtime/client_secrets`, {
        method: "POST",
        headers: { Authorization: `Bearer ${this.addresses.api_key}` },
        body: JSON.stringify({ session }),
      }),
    );
    return answer.value;
  }
}

/** Returns the JSON of an answer.
 * @param {Response} answer
 * @returns {Promise<any>}
 * @throws {Error} with the message of a refusal
 */
export async function answered(answer) {
  const text = await answer.text();
  /** @type {any} */
  let body;
  try {
    body = JSON.parse(text || "null");
  } catch {
    body = null;
  }
  if (!answer.ok) throw new Error(body?.error?.message ?? `HTTP ${answer.status} ${text}`.trim());
  return body;
}
