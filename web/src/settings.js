/** What the server wrote into the page: the endpoint, the demo's key (or null) and the example operations. */
const element = document.getElementById("creditgraph-settings");

export const { endpoint, demoKey, operations } = JSON.parse(element.textContent);

const key = demoKey ?? "nexus_YOUR_KEY";

export const initialHeaders = JSON.stringify({ Authorization: `Bearer ${key}` }, null, 2);

/** True while nobody has put a key in place of the placeholder. */
export const isPlaceholder = (headers) => demoKey === null && headers === initialHeaders;
