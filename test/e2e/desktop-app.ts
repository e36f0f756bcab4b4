/** The desktop app in a real Electron, driven from outside. `npm run test:e2e` builds it first. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { _electron, type ElectronApplication, type Page } from "playwright-core";
import { afterAll, afterEach } from "vitest";
import type { Editor } from "../../renderer/stores/editor.ts";
import { electronProgram } from "../../scripts/electron-program.js";
import { endTree } from "./processes.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const HOLD_UNTIL_ATTACHED = join(import.meta.dirname, "hold-until-attached.cjs");
const SCREENS = join(ROOT, "output/screens");

export interface DesktopApp {
  readonly electron: ElectronApplication;
  readonly page: Page;
  /** Home folder: results are in Umbel/output. */
  readonly home: string;
  /** What it printed, and what its page reported. */
  readonly printed: readonly string[];
  /** As a crash or the system would: no chance to write anything. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** What the page offers to tests. */
interface TestedPage {
  readonly umbel: { readonly editor: Editor };
}

const homes: string[] = [];
const running = new Set<DesktopApp>();

afterEach(async ({ task }) => {
  const failed = task.result?.state === "fail";
  for (const app of running) {
    if (failed) await tellState(app, `failed-${task.id}`);
    await app.kill();
  }
});

/** What a failed test leaves to look at: the window as it is, and what the app printed. */
async function tellState(app: DesktopApp, name: string): Promise<void> {
  const path = join(SCREENS, `${name}.png`);
  // A page that hangs gives no picture.
  const seen = await app.page.screenshot({ path, timeout: 5000 }).catch(() => null);
  const picture = seen === null ? "There is no picture of its window." : `Its window: ${path}`;
  console.error(`${picture}\nThe app printed:\n${app.printed.join("")}`);
}

afterAll(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

export function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), "umbel-e2e-"));
  homes.push(home);
  return home;
}

/** Starts the app and waits until its page has read what the service knows. */
export async function startApp(
  options: {
    readonly home?: string;
    readonly args?: readonly string[];
    /** False for a window that is not expected to get ready. */
    readonly waits?: boolean;
  } = {},
): Promise<DesktopApp> {
  const home = options.home ?? newHome();
  const { program, reason } = electronProgram();
  if (program === null) throw new Error(reason);
  const electron = await _electron.launch({
    executablePath: program,
    args: [
      "-r",
      HOLD_UNTIL_ATTACHED,
      "--no-sandbox",
      "--disable-gpu",
      `--user-data-dir=${join(home, "data")}`,
      ROOT,
      ...(options.args ?? []),
    ],
    env: { ...process.env, HOME: home } as Record<string, string>,
  });
  const printed: string[] = [];
  const child = electron.process();
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (data: Buffer) => printed.push(data.toString()));
  const page = await electron.firstWindow().catch(async (cause: unknown) => {
    await endTree(child);
    throw new Error(`Expected a window. The app printed:\n${printed.join("")}`, { cause });
  });
  watchPage(page, printed);
  const app: DesktopApp = {
    electron,
    page,
    home,
    printed,
    async kill() {
      running.delete(app);
      await endTree(child);
    },
    async close() {
      running.delete(app);
      await electron.close();
    },
  };
  running.add(app);
  if (options.waits !== false) await ready(page);
  return app;
}

/** Resolves when a window's page has its editor and has read what was open. */
export async function ready(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const { umbel } = globalThis as unknown as Partial<TestedPage>;
    return umbel !== undefined && umbel.editor.nodes.store.getState().descriptions.size > 0;
  });
}

/** Runs a function on the page's editor. */
export function onEditor<R, A>(
  page: Page,
  use: (editor: Editor, argument: A) => R | Promise<R>,
  argument?: A,
): Promise<R> {
  const source = `async (given) => (${use.toString()})(globalThis.umbel.editor, given)`;
  return page.evaluate(`(${source})(${JSON.stringify(argument) ?? "undefined"})`) as Promise<R>;
}

export function watchPage(page: Page, printed: string[]): void {
  page.on("pageerror", (error) => printed.push(`page error: ${error.stack ?? error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") printed.push(`page: ${message.text()}`);
  });
}

export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENS, { recursive: true });
  await page.screenshot({ path: join(SCREENS, `${name}.png`) });
}

/** An example's graph, with some of its values changed ("sampler.steps": 2), in a file of its own. */
export function graphFile(
  folder: string,
  name: string,
  values: Readonly<Record<string, unknown>> = {},
  example = "text-to-video",
): string {
  const text = readFileSync(join(ROOT, `examples/${example}.json`), "utf8");
  const document = JSON.parse(text) as {
    nodes: Record<string, { values: Record<string, unknown> }>;
  };
  for (const [key, value] of Object.entries(values)) {
    const [node, parameter] = key.split(".") as [string, string];
    document.nodes[node]!.values[parameter] = value;
  }
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(document));
  return path;
}

/** A clip that takes a moment. */
export const SMALL = {
  "sampler.steps": 2,
  "latent.width": 64,
  "latent.height": 64,
  "latent.length": 5,
};

/** A clip of which one step takes many seconds. */
export const LARGE = { "latent.width": 768, "latent.height": 768, "latent.length": 33 };

/** Process id of the app's service or engine; null while none runs. */
export function processOf(app: DesktopApp, kind: "service" | "engine"): Promise<number | null> {
  return app.electron.evaluate(({ app: electron }, name) => {
    const running = electron.getAppMetrics().find((metric) => metric.name === name);
    return running?.pid ?? null;
  }, `Umbel ${kind}`);
}

/** Names in the output folder. */
export function results(app: DesktopApp): string[] {
  try {
    return readdirSync(join(app.home, "Umbel/output"));
  } catch {
    return [];
  }
}
