/**
 * A line of the journal; a `gap` stands for lines that were left out.
 * @typedef {{
 *   key: string, seq: number, at: number, lane: string, connection: string, worker: number,
 *   session_id: string | null, direction: "sent" | "received" | "note", kind: string,
 *   data: Record<string, any>, gap?: number,
 * }} Entry
 */

/**
 * @typedef {{
 *   id: string, type?: string, model?: string | null, attachments: {role: string, name: string}[],
 *   switches?: string[], faults?: string[], items?: number, over: boolean, call?: Call,
 *   connections?: number,
 * }} Session
 */

/** @typedef {{id: string, session_id: string | null, state: string, sip?: object}} Call */

/**
 * @typedef {{
 *   clock: {kind: string, now?: number}, defects: string[], behaviours: string[], faults: string[],
 *   latency: string, script: {source: string, rules: number, error: string | null} | null,
 *   keys: number,
 * }} Service
 */

/** Entries that are kept; the oldest go in steps of a tenth. */
const MOST_ENTRIES = 20_000;

/** Sessions that are over and still listed. */
const MOST_OVER = 500;

/** What is known of a service. Dispatches `entries`, `sessions`, `service` and `cleared`. */
export class Store extends EventTarget {
  constructor() {
    super();
    /** @type {Entry[]} */
    this.entries = [];
    /** @type {Map<string, Session>} newest last */
    this.sessions = new Map();
    /** @type {Map<string, Call>} */
    this.calls = new Map();
    /** @type {Service | null} */
    this.service = null;
  }

  /** Forgets everything: the connection is a new one and tells all again. */
  clear() {
    this.entries = [];
    this.sessions.clear();
    this.calls.clear();
    this.dispatchEvent(new Event("cleared"));
  }

  /** Takes a message of the watch.
   * @param {any} message
   */
  take(message) {
    if (message.type === "entries") this.takeEntries(message);
    else if (message.type === "state") this.takeState(message);
  }

  /** @param {any} message */
  takeEntries({ entries, skipped, worker = 1 }) {
    /** @type {Entry[]} */
    const added = entries;
    for (const entry of added) {
      entry.worker = worker;
      entry.key = `${worker}:${entry.seq}`;
      if (worker > 1 && entry.lane !== "http") entry.connection += `@${worker}`;
      if (entry.session_id && !this.sessions.has(entry.session_id)) this.meet(entry.session_id);
      const session = this.sessions.get(entry.session_id ?? "");
      if (session && entry.kind === "event" && entry.data.type === "session.created") {
        session.model ??= entry.data.session?.model;
        session.type ??= entry.data.session?.type;
      }
    }
    if (skipped) added.unshift(gap(added[0], skipped));
    this.entries.push(...added);
    const isFull = this.entries.length > MOST_ENTRIES;
    if (isFull) this.entries.splice(0, this.entries.length - MOST_ENTRIES * 0.9);
    this.dispatchEvent(new CustomEvent("entries", { detail: { added, isFull } }));
    this.dispatchEvent(new Event("sessions"));
  }

  /** @param {any} message */
  takeState({ service, sessions, ended, calls, gone, worker = 1 }) {
    for (const session of sessions) {
      const known = this.sessions.get(session.id);
      this.sessions.set(session.id, { ...session, over: false, call: known?.call });
    }
    for (const call of calls) {
      this.calls.set(call.id, call);
      const session = this.sessions.get(call.session_id);
      if (session) session.call = call;
    }
    for (const id of gone) this.calls.delete(id);
    for (const id of ended) {
      const session = this.sessions.get(id);
      if (session) session.over = true;
    }
    this.forget();
    this.dispatchEvent(new Event("sessions"));
    // All workers have the same switches and time; those of single sessions are at the session.
    if (service && worker === 1) {
      this.service = service;
      this.dispatchEvent(new Event("service"));
    }
  }

  /** Lists a session that is known from the journal alone, so it is over.
   * @param {string} id
   */
  meet(id) {
    this.sessions.set(id, { id, attachments: [], over: true });
    this.forget();
  }

  forget() {
    let over = 0;
    for (const session of this.sessions.values()) over += Number(session.over);
    for (const session of this.sessions.values()) {
      if (over <= MOST_OVER) break;
      if (session.over) {
        this.sessions.delete(session.id);
        over--;
      }
    }
  }

  /** Finds the newest of something in what a session said.
   * @param {string} sessionId
   * @param {(data: Record<string, any>) => unknown} of
   * @returns {string | undefined}
   */
  newest(sessionId, of) {
    for (let i = this.entries.length - 1; i >= 0; i--) {
      const entry = this.entries[i];
      if (entry.session_id !== sessionId || entry.kind !== "event") continue;
      const found = of(entry.data);
      if (typeof found === "string") return found;
    }
    return undefined;
  }
}

/**
 * @param {Entry} next
 * @param {number} number
 * @returns {Entry}
 */
function gap(next, number) {
  return {
    key: `${next.key}-gap`, seq: next.seq, at: next.at, lane: "", connection: "", session_id: null,
    worker: next.worker, direction: "note", kind: "gap", data: {}, gap: number,
  };
}
