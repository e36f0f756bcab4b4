// Builds what is needed and opens the desktop app. Arguments go on to it: files to open, Electron's switches.
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { electronProgram } from "./electron-program.js";

const root = fileURLToPath(new URL("..", import.meta.url));

for (const [script, ...flags] of [["build.js"], ["build-window.js", "--if-stale"]]) {
  const { status } = spawnSync(process.execPath, [join(root, "scripts", script), ...flags], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}

const found = electronProgram();
if (found.program === null) {
  console.error(found.reason);
  process.exit(1);
}
// Chromium refuses to start its sandbox for root.
const flags = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
const app = spawn(found.program, [...flags, root, ...process.argv.slice(2)], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => app.kill(signal));
app.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
