/** Pages of a running `umbel serve` in a browser: Chromium where one is installed, else Electron as nothing but that. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { join, resolve } from "node:path";
import { _electron, chromium, type Page } from "playwright-core";
import { afterEach } from "vitest";
import { electronProgram } from "../../scripts/electron-program.js";
import { ready, watchPage } from "./desktop-app.ts";
import { endTree } from "./processes.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const SIZE = { width: 1600, height: 1000 };

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

export interface Serve {
  readonly url: string;
  readonly output: string;
  readonly child: ChildProcess;
}

/** `umbel serve` with its folders in `home`. */
export async function startServe(home: string, port = 0): Promise<Serve> {
  const output = join(home, "output");
  const places = ["out", "input", "data"].flatMap((name) => [
    `--${name}`,
    name === "out" ? output : join(home, name),
  ]);
  const args = [join(ROOT, "bin/umbel.js"), "serve", "--port", String(port), ...places];
  const child = spawn(process.execPath, args, { cwd: home, stdio: ["ignore", "pipe", "inherit"] });
  cleanups.push(() => endTree(child));
  const url = await new Promise<string>((done, fail) => {
    let printed = "";
    child.stdout.on("data", (data: Buffer) => {
      printed += data.toString();
      const found = /listens on (\S+)/.exec(printed)?.[1];
      if (found !== undefined) done(found);
    });
    child.once("exit", (code) => fail(new Error(`umbel serve ended with ${code}: ${printed}`)));
  });
  return { url, output, child };
}

export interface Browser {
  /** The page in a tab of its own, with its editor. */
  open(url: string): Promise<Page>;
  /** What pages reported. */
  readonly printed: readonly string[];
  readonly name: string;
}

export async function startBrowser(home: string): Promise<Browser> {
  const printed: string[] = [];
  const program = chromiumProgram();
  const opener = program === null ? await electronBrowser(home) : await chromiumBrowser(program);
  return {
    name: opener.name,
    printed,
    open: async (url) => {
      const page = await opener.open(url);
      watchPage(page, printed);
      await ready(page);
      return page;
    },
  };
}

interface Opener {
  readonly name: string;
  open(url: string): Promise<Page>;
}

function chromiumProgram(): string | null {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  return names.find((name) => spawnSync(name, ["--version"]).status === 0) ?? null;
}

async function chromiumBrowser(program: string): Promise<Opener> {
  const path = spawnSync("which", [program], { encoding: "utf8" }).stdout.trim();
  const browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox"] });
  cleanups.push(() => browser.close());
  const context = await browser.newContext({ viewport: SIZE });
  return {
    name: `Chromium ${browser.version()}`,
    open: async (url) => {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    },
  };
}

async function electronBrowser(home: string): Promise<Opener> {
  const { program, reason } = electronProgram();
  if (program === null) throw new Error(reason);
  const electron = await _electron.launch({
    executablePath: program,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      `--user-data-dir=${join(home, "browser")}`,
      join(import.meta.dirname, "browser"),
    ],
    env: { ...process.env, HOME: home } as Record<string, string>,
  });
  cleanups.push(() => endTree(electron.process()));
  await electron.firstWindow();
  return {
    name: "Electron as a browser",
    open: async (url) => {
      const next = electron.waitForEvent("window", (page) => page.url().startsWith(url));
      await electron.evaluate(
        ({ BrowserWindow }, [address, size]) =>
          void new BrowserWindow({
            ...size,
            webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false },
          }).loadURL(address),
        [url, SIZE] as const,
      );
      return next;
    },
  };
}
