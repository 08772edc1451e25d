/** Takes funding links out of package-lock.json: the lock holds versions and hashes, and no host at all. */
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL("package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8"));
for (const entry of Object.values(lock.packages)) {
  delete entry.funding;
  delete entry.resolved;
  delete entry.deprecated;
}
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
