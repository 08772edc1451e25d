/** Builds the audits of GraphQL over HTTP into one file that any Node.js runs, beside the licences of what is in it. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  publicDir: false,
  build: {
    outDir: fileURLToPath(new URL("../tests/server/graphql_over_http", import.meta.url)),
    emptyOutDir: true,
    ssr: fileURLToPath(new URL("audits/main.js", import.meta.url)),
    target: "node20",
    sourcemap: false,
    license: { fileName: "LICENSES.txt" },
    rolldownOptions: { output: { codeSplitting: false, entryFileNames: "audits.mjs" } },
  },
  ssr: { noExternal: true },
});
