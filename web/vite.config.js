/** Builds GraphiQL into two files with fixed names, beside the licences of all that is in them. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** GraphiQL's stylesheet carries 350 kB of fonts as data; the system's own fonts do. */
const withoutFonts = {
  name: "without-fonts",
  enforce: "pre",
  transform(code, id) {
    return id.endsWith(".css") ? code.replace(/@font-face\s*\{[^}]*\}/g, "") : null;
  },
};

export default defineConfig({
  plugins: [withoutFonts],
  publicDir: false,
  build: {
    outDir: fileURLToPath(new URL("../server/static/graphiql", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    modulePreload: false,
    cssCodeSplit: false,
    chunkSizeWarningLimit: 2000,
    license: { fileName: "LICENSES.txt" },
    rolldownOptions: {
      // Server-side rendering reads "use client" marks; a page has no use for them.
      checks: { moduleLevelDirective: false },
      input: fileURLToPath(new URL("src/main.jsx", import.meta.url)),
      output: {
        codeSplitting: false,
        entryFileNames: "graphiql.js",
        assetFileNames: "graphiql[extname]",
      },
    },
  },
});
