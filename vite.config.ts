/** Bundles the window to dist/renderer; `--mode fake` bundles it with a client that only pretends to run. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const root = fileURLToPath(new URL("./renderer", import.meta.url));
const NODES = "virtual:node-descriptions";

/** Pages of the modes that are not the product. */
const PAGES: Readonly<Record<string, readonly string[]>> = {
  fake: ["fake"],
  bench: ["bench", "bare"],
};

/** Descriptions of the repository's nodes, for the client that pretends. */
function nodeDescriptions(): Plugin {
  return {
    name: "node-descriptions",
    resolveId: (id) => (id === NODES ? `\0${NODES}` : null),
    load(id) {
      if (id !== `\0${NODES}`) return null;
      const umbel = fileURLToPath(new URL("./bin/umbel.js", import.meta.url));
      const json = execFileSync(process.execPath, [umbel, "nodes", "--json"], { encoding: "utf8" });
      return `export const descriptions = ${json};`;
    },
  };
}

export default defineConfig(({ mode }) => ({
  root,
  base: "./",
  plugins: [react(), nodeDescriptions()],
  build: {
    outDir: mode in PAGES ? `../dist/renderer-${mode}` : "../dist/renderer",
    emptyOutDir: true,
    target: "chrome130",
    chunkSizeWarningLimit: 4000,
    // The page may not load fonts from data: addresses.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: (PAGES[mode] ?? ["index"]).map((page) => join(root, `${page}.html`)),
    },
  },
}));
