import { button, byId, complain, field } from "./text.js";

/** @typedef {import("./control.js").Control} Control */

/** By how much the clock is moved on, in seconds. */
const STEPS = { "1 s": 1, "1 min": 60, "10 min": 600, "1 h": 3600 };

/** Shows the clock of the service, and moves a virtual one on. */
export class Clock {
  /** @param {Control} control */
  constructor(control) {
    this.control = control;
    this.form = byId("clock-form", HTMLFormElement);
    this.problem = byId("clock-problem", HTMLElement);
    const steps = byId("clock-steps", HTMLElement);
    for (const [name, seconds] of Object.entries(STEPS)) {
      steps.append(button(`+ ${name}`, () => this.advance(seconds)));
    }
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.advance(Number(field(this.form, "seconds", HTMLInputElement).value));
    });
  }

  /** @param {number} seconds */
  async advance(seconds) {
    try {
      const { clock } = await this.control.ask("POST", "/clock", { advance: seconds });
      complain(this.problem, "");
      this.show(clock);
    } catch (error) {
      complain(this.problem, error);
    }
  }

  /** @param {{kind: string, now?: number}} clock */
  show({ kind, now }) {
    const isVirtual = kind === "virtual";
    byId("clock-kind", HTMLElement).textContent = isVirtual
      ? "The clock stands still until it is moved on. It shows"
      : "The clock is the machine's. Start the fake with --clock virtual to move it.";
    byId("clock-now", HTMLElement).textContent = isVirtual ? written(now) : "";
    byId("time", HTMLElement).textContent = isVirtual ? `clock ${written(now)}` : "";
    this.form.hidden = !isVirtual;
  }
}

/** @param {number | undefined} now Unix time, seconds */
function written(now) {
  return now === undefined ? "" : new Date(now * 1000).toISOString().replace("T", " ").slice(0, 19) + " UTC";
}
