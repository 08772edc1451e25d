/** How the page asks the server: by HTTP, and by WebSocket for subscriptions, with the reader's headers. */
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";
import { endpoint, isPlaceholder } from "./settings.js";

/**
 * Makes GraphiQL's fetcher.
 *
 * `currentHeaders()` gives the headers editor's text: GraphiQL asks for the schema before that editor exists,
 * and the server tells strangers nothing. `onRefused(message | null)` hears the server's words after each
 * answer with status 401, and null after every other; `onHidden(message | null)` likewise where the schema was
 * asked for and is kept from this key.
 */
export function createFetcher(currentHeaders, onRefused, onHidden) {
  return (parameters, options = {}) => {
    const isIntrospection = parameters.operationName === "IntrospectionQuery";
    if (isIntrospection && isPlaceholder(currentHeaders())) {
      return { errors: [{ message: "The schema is shown to holders of an API key only." }] };
    }
    const headers = options.headers ?? (isIntrospection ? headersOf(currentHeaders()) : {});
    const fetch = async (url, request) => {
      const response = await askServer(url, request, onRefused);
      if (isIntrospection) onHidden(await forbiddance(response.clone()));
      return response;
    };
    const ask = createGraphiQLFetcher({ url: endpoint, fetch, wsClient: createSocket(headers) });
    return ask(parameters, { ...options, headers });
  };
}

/** The headers written in an editor's text, or null while the text is no JSON object. */
export function headersOf(text) {
  if (text.trim() === "") return {};
  try {
    const headers = JSON.parse(text);
    return typeof headers === "object" && !Array.isArray(headers) ? headers : null;
  } catch {
    return null;
  }
}

async function askServer(url, request, onRefused) {
  const response = await fetch(url, request);
  onRefused(response.status === 401 ? await messageOf(response.clone()) : null);
  return isReadable(response) ? response : explain(response);
}

async function forbiddance(response) {
  const { errors } = await response.json().catch(() => ({}));
  return errors?.[0]?.extensions?.code === "FORBIDDEN" ? errors[0].message : null;
}

async function messageOf(response) {
  const text = await response.text();
  try {
    const answer = JSON.parse(text);
    return answer.errors?.[0]?.message ?? answer.detail ?? text;
  } catch {
    return text;
  }
}

const isReadable = (response) => /json|multipart/.test(response.headers.get("content-type") ?? "");

// A proxy in between may answer in HTML; its words beat a complaint about JSON syntax.
async function explain(response) {
  const message = `HTTP ${response.status}: ${await response.text()}`;
  return new Response(JSON.stringify({ errors: [{ message }] }));
}

// The client connects when something subscribes, so making one for every request costs nothing.
function createSocket(headers) {
  const address = new URL(endpoint, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const names = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  const connectionParams = Object.fromEntries(names);
  const client = createClient({ url: address.href, connectionParams, retryAttempts: 0 });
  const subscribe = (request, sink) =>
    client.subscribe(request, { ...sink, error: (cause) => sink.error(inWords(cause)) });
  return { ...client, subscribe };
}

// A browser tells why a socket closed, but not why it never opened.
function inWords(cause) {
  if (!(cause instanceof Event) || cause instanceof CloseEvent) return cause;
  return { message: "The server did not open a WebSocket for this subscription." };
}
