import { button, byId, copy, element } from "./text.js";

/** @typedef {import("./control.js").Addresses} Addresses */

/** Programs that connect, by language.
 * @type {[string, (to: Addresses) => string][]}
 */
const SNIPPETS = [
  [
    "curl",
    ({ base_url, api_key }) => `curl -sS ${base_url}/realtime/client_secrets \\
  -H 'Authorization: Bearer ${api_key}' -H 'Content-Type: application/json' \\
  -d '{"session": {"type": "realtime", "model": "gpt-realtime"}}'`,
  ],
  [
    "Python",
    ({ base_url, api_key }) => `import asyncio

from openai import AsyncOpenAI


async def main() -> None:
    client = AsyncOpenAI(base_url="${base_url}", api_key="${api_key}")
    async with client.realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(
            session={"type": "realtime", "output_modalities": ["text"]}
        )
        await connection.conversation.item.create(
            item={
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "hello"}],
            }
        )
        await connection.response.create()
        async for event in connection:
            if event.type == "response.output_text.done":
                print(event.text)
            elif event.type == "response.done":
                break


asyncio.run(main())`,
  ],
  [
    "JavaScript",
    ({ ws_url, api_key }) => `const socket = new WebSocket("${ws_url}?model=gpt-realtime", [
  "realtime",
  "openai-insecure-api-key.${api_key}",
]);
const content = [{ type: "input_text", text: "hello" }];
socket.onopen = () => {
  for (const event of [
    { type: "conversation.item.create", item: { type: "message", role: "user", content } },
    { type: "response.create", response: { output_modalities: ["text"] } },
  ]) socket.send(JSON.stringify(event));
};
socket.onmessage = ({ data }) => {
  const event = JSON.parse(data);
  if (event.type === "response.output_text.done") console.log(event.text);
  if (event.type === "response.done") socket.close();
};`,
  ],
];

/** Shows how to connect, with the key hidden until asked for.
 * @param {Addresses} addresses
 */
export function connect(addresses) {
  const show = /** @type {HTMLInputElement} */ (byId("connect-show", HTMLInputElement));
  const draw = () => {
    const shown = show.checked ? addresses : { ...addresses, api_key: "•".repeat(8) };
    const fact = (/** @type {string} */ id, /** @type {string} */ text, /** @type {string} */ value) => {
      const copies = button("Copy", () => copy(value, copies), { "aria-label": `Copy ${id}` });
      byId(`connect-${id}`, HTMLElement).replaceChildren(element("code", {}, text), " ", copies);
    };
    fact("base", shown.base_url, addresses.base_url);
    fact("ws", shown.ws_url, addresses.ws_url);
    fact("control", shown.control_url, addresses.control_url);
    fact("key", shown.api_key, addresses.api_key);
    byId("connect-profile", HTMLElement).textContent = addresses.profile;
    byId("connect-snippets", HTMLElement).replaceChildren(
      ...SNIPPETS.map(([name, write]) => {
        const copies = button("Copy", () => copy(write(addresses), copies), {
          "aria-label": `Copy the ${name} program`,
        });
        const title = element("div", { class: "title" }, element("h3", {}, name), copies);
        return element("section", {}, title, element("pre", { tabindex: "0" }, write(shown)));
      }),
    );
  };
  show.addEventListener("change", draw);
  draw();
}
