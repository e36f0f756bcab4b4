// Builds the desktop app and drives it in a real Electron: `npm run test:e2e [vitest arguments]`. Without a display it
// makes a virtual one with xvfb-run. Exits with 3 and says why when there is no Electron on this machine.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { electronProgram } from "./electron-program.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const NO_ELECTRON = 3;

const { program, reason } = electronProgram();
if (program === null) {
  console.error(reason);
  process.exit(NO_ELECTRON);
}

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (error) console.error(`Expected ${command} to start, got: ${error.message}.`);
  if (status !== 0) process.exit(status ?? 1);
}

run(process.execPath, join(root, "scripts/build.js"));
run(process.execPath, join(root, "scripts/build-window.js"), "--if-stale");

const vitest = [process.execPath, join(root, "node_modules/vitest/vitest.mjs"), "run"];
const command = [...vitest, "--config", "vitest.e2e.config.ts", ...process.argv.slice(2)];
const virtual = process.platform === "linux" && !process.env.DISPLAY;
const display = ["xvfb-run", "--auto-servernum", "--server-args=-screen 0 1600x1000x24"];
run(...(virtual ? display : []), ...command);
