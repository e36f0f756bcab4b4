#!/usr/bin/env node
import { existsSync } from "node:fs";

const main = new URL("../dist/runtime/cli/main.js", import.meta.url);

if (existsSync(main)) {
  await import(main.href);
} else {
  console.error(
    "Expected a compiled dist/, got none. Run `npm ci` once, or `npm run build` after a change.",
  );
  process.exitCode = 1;
}
