/** @typedef {import("./store.js").Store} Store */

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/** Fills the store with what the service tells, and connects again when it is lost. */
export class Watch {
  /**
   * @param {string} root path of the control API
   * @param {Store} store
   * @param {(state: "connecting" | "live" | "lost") => void} changed
   */
  constructor(root, store, changed) {
    this.url = `${location.protocol.replace("http", "ws")}//${location.host}${root}/watch`;
    this.store = store;
    this.changed = changed;
    this.pause = FIRST_PAUSE_MS;
    this.connect();
  }

  connect() {
    this.changed("connecting");
    const socket = new WebSocket(this.url);
    socket.addEventListener("open", () => {
      this.pause = FIRST_PAUSE_MS;
      this.store.clear();
      this.changed("live");
    });
    socket.addEventListener("message", ({ data }) => this.store.take(JSON.parse(data)));
    socket.addEventListener("close", () => {
      this.changed("lost");
      setTimeout(() => this.connect(), this.pause);
      this.pause = Math.min(2 * this.pause, LONGEST_PAUSE_MS);
    });
  }
}
