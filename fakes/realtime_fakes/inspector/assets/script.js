import { byId, complain, field, oneLine } from "./text.js";

/** @typedef {import("./control.js").Control} Control */
/** @typedef {{source: string, rules: number, error: string | null}} Described */

/** Shows the script in force, and puts another in its place. */
export class ScriptForm {
  /** @param {Control} control */
  constructor(control) {
    this.control = control;
    this.form = byId("script-form", HTMLFormElement);
    this.text = field(this.form, "text", HTMLTextAreaElement);
    this.problem = byId("script-problem", HTMLElement);
    this.last = "";
    this.text.placeholder = 'rules:\n  - when: {text: hello}\n    say: Hello to you.';
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.put(this.text.value);
    });
    byId("script-echo", HTMLElement).addEventListener("click", () => this.put(""));
  }

  /** @param {string} text */
  async put(text) {
    try {
      const script = await this.control.ask("PUT", "/script", text);
      complain(this.problem, "");
      await this.show(script);
    } catch (error) {
      complain(this.problem, error);
    }
  }

  /** @param {Described | null} script */
  async show(script) {
    const described = JSON.stringify(script);
    const rules = script?.rules === 1 ? "1 rule" : `${script?.rules} rules`;
    byId("script-state", HTMLElement).textContent = script
      ? `${rules} from ${oneLine(script.source)}; the echo where none holds.`
      : "No script: it echoes what it is told.";
    complain(byId("script-wrong", HTMLElement), script?.error ? `⚠ ${script.error}` : "");
    const isTouched = document.activeElement === this.text;
    if (described === this.last || isTouched) return;
    this.last = described;
    const full = script ? await this.control.ask("GET", "/script") : null;
    this.text.value = full?.text ?? "";
    if (full && full.text === null) this.text.placeholder = "The script was given as objects or functions.";
  }
}
