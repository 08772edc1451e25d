/** Runs the server audits of graphql-http against an address, and writes what each of them found as JSON. */
import { serverAudits } from "graphql-http";

const [url, key] = process.argv.slice(2);

const asCaller = (address, request) =>
  fetch(address, { ...request, headers: { ...request?.headers, authorization: `Bearer ${key}` } });

const found = [];
for (const audit of serverAudits({ url, fetchFn: asCaller })) {
  const { id, name, status, reason } = await audit.fn();
  found.push({ id, name, status, reason: reason ?? null });
}
process.stdout.write(JSON.stringify(found));
