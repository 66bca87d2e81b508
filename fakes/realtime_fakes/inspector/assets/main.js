import { Clock } from "./clock.js";
import { connect } from "./connect.js";
import { Control } from "./control.js";
import { Events } from "./events.js";
import { ScriptForm } from "./script.js";
import { Send } from "./send.js";
import { Sessions } from "./sessions.js";
import { Store } from "./store.js";
import { Switches } from "./switches.js";
import { tabs } from "./tabs.js";
import { Talk } from "./talk.js";
import { byId, element } from "./text.js";
import { Watch } from "./watch.js";

const LINK = { connecting: "○ connecting…", live: "● live", lost: "⚠ not connected" };

async function main() {
  const services = await Control.services();
  const wanted = new URLSearchParams(location.search).get("service");
  const addresses = services.find(({ name }) => name === wanted) ?? services[0];
  const control = new Control(addresses);
  const store = new Store();
  const showTool = tabs(/** @type {HTMLElement} */ (document.querySelector("[role=tablist]")));

  const send = new Send(store, control);
  const switches = new Switches(control);
  const clock = new Clock(control);
  const script = new ScriptForm(control);
  const events = new Events(store, (event) => {
    showTool("send");
    send.edit(event);
  });
  const sessions = new Sessions(store, control, (session) => {
    events.show(session?.id ?? null);
    send.to(session);
    switches.of(session);
  });
  new Talk(control, (id) => sessions.choose(id));
  connect(addresses);
  choose(services, addresses.name);
  byId("address", HTMLElement).textContent = addresses.base_url;

  store.addEventListener("service", () => {
    const { service } = store;
    if (!service) return;
    switches.show(service);
    clock.show(service.clock);
    script.show(service.script);
    const on = service.behaviours.length + service.defects.length + service.faults.length;
    byId("on", HTMLElement).textContent = on ? `⚠ ${on} switched on` : "";
  });
  store.addEventListener("sessions", () => {
    const session = sessions.chosen;
    if (session !== send.session) send.to(session);
    if (session !== switches.session) switches.of(session);
  });
  new Watch(control.root, store, (state) => {
    const link = byId("link", HTMLElement);
    link.textContent = LINK[state];
    link.className = state;
  });
}

/** Offers the services, if there is more than one.
 * @param {import("./control.js").Addresses[]} services
 * @param {string} chosen
 */
function choose(services, chosen) {
  const label = byId("services", HTMLElement);
  const select = /** @type {HTMLSelectElement} */ (label.querySelector("select"));
  for (const { name } of services) select.append(element("option", { value: name }, name));
  select.value = chosen;
  label.hidden = services.length < 2;
  select.addEventListener("change", () => {
    location.search = `?service=${encodeURIComponent(select.value)}`;
  });
}

main().catch((error) => {
  const link = byId("link", HTMLElement);
  link.textContent = `⚠ ${error.message}`;
  link.className = "lost";
});
