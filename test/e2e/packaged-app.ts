/** The package that `npm run package -- --linux dir` makes, started and driven from outside. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromium, type Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { endTree } from "./processes.ts";

const PROGRAM = resolve(import.meta.dirname, "../../output/package/linux-unpacked/umbel");
const PAGE = { type: "page", url: "umbel://app/", title: "Umbel" };
const START_MS = 45_000;

export const isPackaged = existsSync(PROGRAM);

export interface PackagedApp {
  readonly page: Page;
  /** Exit code, once it has ended. */
  readonly ended: Promise<number | null>;
}

/** Starts the package with a home of its own; what it printed is shown when the test fails. */
export async function startPackage(
  home: string,
  file: string,
  extra: NodeJS.ProcessEnv = {},
): Promise<PackagedApp> {
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--remote-debugging-port=0",
    `--user-data-dir=${join(home, "data")}`,
    file,
  ];
  const child = spawn(PROGRAM, args, { env: { ...process.env, HOME: home, ...extra } });
  const ended = new Promise<number | null>((done) => child.once("exit", done));
  const printed: string[] = [];
  // Both are read: a full pipe would hold the app up.
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (data: Buffer) => void printed.push(data.toString()));
  onTestFinished(async ({ task }) => {
    await endTree(child);
    if (task.result?.state === "fail") console.error(`The package printed:\n${printed.join("")}`);
  });
  const address = await debugAddress(child, printed);
  await pageIsThere(new URL(address).host);
  const browser = await chromium.connectOverCDP(address);
  const page = browser.contexts()[0]?.pages()[0];
  if (page === undefined) throw new Error("Expected the package's window, got none.");
  return { page, ended };
}

/** Of Chromium's debugger, which it prints when it listens. */
function debugAddress(child: ChildProcess, printed: readonly string[]): Promise<string> {
  return new Promise((found, failed) => {
    child.once("exit", (code) => failed(new Error(`Expected a start, got exit code ${code}.`)));
    child.stderr!.on("data", () => {
      const match = /DevTools listening on (ws:\S+)/.exec(printed.join(""));
      if (match !== null) found(match[1]!);
    });
  });
}

/**
 * Resolves when the window shows the app's page. A debugger that attaches while the first, blank page gives way to it can
 * wait for ever for the answers of the blank one: of 20 starts under load four ended so, and none once the page was there.
 */
async function pageIsThere(host: string): Promise<void> {
  const last = Date.now() + START_MS;
  let seen = "nothing";
  while (Date.now() < last) {
    const answer = await fetch(`http://${host}/json/list`);
    const pages = (await answer.json()) as Partial<typeof PAGE>[];
    seen = JSON.stringify(pages);
    const isThere = ({ type, url, title }: Partial<typeof PAGE>) =>
      type === PAGE.type && url === PAGE.url && title === PAGE.title;
    if (pages.some(isThere)) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`Expected a page ${PAGE.url} titled ${PAGE.title}, got ${seen}.`);
}
