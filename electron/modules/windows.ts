/** The app's windows: how they are made, what they remember, and how they close. */
import { app, BrowserWindow, nativeTheme, screen, type WebContents } from "electron";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import type { DesktopEvent, DesktopEventData } from "#runtime/protocol/desktop-contract";
import { handleCalls, sendEvent } from "../ipc/main.ts";
import { APP_ORIGIN, ICON, PRELOAD_SCRIPT } from "./locations.ts";
import { StoredValue } from "./stored-value.ts";

const LEAST = { width: 1120, height: 720 };
const GROUND = { dark: "#14181a", light: "#f7f8f4" };

const remembered = z.object({
  theme: z.enum(["system", "dark", "light"]).default("system"),
  bounds: z
    .object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() })
    .nullable()
    .default(null),
  maximized: z.boolean().default(false),
});

interface Open {
  readonly window: BrowserWindow;
  /** Names the window's share of the journal; a page that is loaded anew keeps it. */
  readonly session: string;
  /** The page is asked before the window closes. */
  guarded: boolean;
  /** The page takes no messages any more. */
  hung: boolean;
}

export class Windows {
  readonly #stored: StoredValue<z.infer<typeof remembered>>;
  readonly #open = new Map<number, Open>();
  readonly #pageGone: ((id: number) => void)[] = [];
  /** Takes over what earlier runs left in the journal: the first window alone. */
  #restoring: string | null = null;
  #quitting = false;

  constructor(dataFolder: string) {
    const fallback = remembered.parse({});
    this.#stored = new StoredValue(join(dataFolder, "window.json"), remembered, fallback);
  }

  enable(): void {
    nativeTheme.themeSource = this.#stored.value.theme;
    app.on("before-quit", () => (this.#quitting = true));
    handleCalls({
      "app.info": (_params, sender) => {
        const open = this.#open.get(sender.id);
        const session = open?.session ?? "";
        return {
          version: app.getVersion(),
          platform: process.platform,
          session,
          sessions: [...this.#open.values()].map((other) => other.session),
          restore: session === this.#restoring,
        };
      },
      "window.new": () => {
        this.create();
        return null;
      },
      "window.state": ({ title, dirty, path }, sender) => {
        const window = this.#open.get(sender.id)?.window;
        window?.setTitle(title);
        if (process.platform === "darwin") {
          window?.setDocumentEdited(dirty);
          window?.setRepresentedFilename(path ?? "");
        }
        return null;
      },
      "window.theme": async ({ theme }) => {
        nativeTheme.themeSource = theme;
        await this.#stored.set({ ...this.#stored.value, theme });
        return null;
      },
      "window.guard": ({ on }, sender) => {
        const open = this.#open.get(sender.id);
        if (open !== undefined) open.guarded = on;
        return null;
      },
      "window.close": (_params, sender) => {
        this.#open.get(sender.id)?.window.destroy();
        if (this.#quitting) app.quit();
        return null;
      },
    });
  }

  create(): BrowserWindow {
    const { bounds, maximized } = this.#stored.value;
    const window = new BrowserWindow({
      ...(bounds !== null && this.#open.size === 0 && isVisible(bounds)
        ? bounds
        : { width: 1440, height: 900 }),
      minWidth: LEAST.width,
      minHeight: LEAST.height,
      show: false,
      title: "Umbel",
      icon: ICON,
      backgroundColor: nativeTheme.shouldUseDarkColors ? GROUND.dark : GROUND.light,
      webPreferences: {
        preload: PRELOAD_SCRIPT,
        contextIsolation: true,
        sandbox: true,
        nodeIntegration: false,
        webviewTag: false,
        navigateOnDragDrop: false,
        spellcheck: false,
        devTools: !app.isPackaged,
      },
    });
    const { id } = window.webContents;
    const open: Open = { window, session: randomUUID(), guarded: false, hung: false };
    this.#restoring ??= open.session;
    this.#open.set(id, open);
    if (maximized) window.maximize();
    window.once("ready-to-show", () => window.show());
    window.on("close", (event) => this.#closing(event, open));
    window.on("closed", () => this.#gone(id));
    this.#watchPage(window.webContents, open);
    void window.loadURL(`${APP_ORIGIN}/`);
    return window;
  }

  /** The window in front, or the one used last; null when there is none. */
  current(): BrowserWindow | null {
    const windows = [...this.#open.values()].map(({ window }) => window);
    return BrowserWindow.getFocusedWindow() ?? windows.at(-1) ?? null;
  }

  show(id: number): boolean {
    const window = this.#open.get(id)?.window;
    if (window?.isMinimized()) window.restore();
    window?.show();
    window?.focus();
    return window !== undefined;
  }

  send<E extends DesktopEvent>(id: number, name: E, data: DesktopEventData<E>): void {
    const contents = this.#open.get(id)?.window.webContents;
    if (contents !== undefined) sendEvent(contents, name, data);
  }

  /** Called with a window's id when it is closed and when its page is loaded anew. */
  onPageGone(listener: (id: number) => void): void {
    this.#pageGone.push(listener);
  }

  #closing(event: Electron.Event, open: Open): void {
    const { window, guarded, hung } = open;
    if (guarded && !hung && !window.webContents.isCrashed()) {
      event.preventDefault();
      sendEvent(window.webContents, "window.closing", {});
      return;
    }
    this.#remember(window);
  }

  #gone(id: number): void {
    this.#open.delete(id);
    for (const listener of this.#pageGone) listener(id);
  }

  #remember(window: BrowserWindow): void {
    const bounds = window.getNormalBounds();
    void this.#stored.set({ ...this.#stored.value, bounds, maximized: window.isMaximized() });
  }

  #watchPage(contents: WebContents, open: Open): void {
    contents.on("unresponsive", () => (open.hung = true));
    contents.on("responsive", () => (open.hung = false));
    contents.on("did-start-navigation", ({ isMainFrame, isSameDocument }) => {
      if (!isMainFrame || isSameDocument) return;
      open.guarded = false;
      for (const listener of this.#pageGone) listener(contents.id);
    });
    let reloaded = 0;
    contents.on("render-process-gone", (_event, { reason }) => {
      console.error(`umbel: the page ended: ${reason}`);
      // The journal has its graphs. A page that ends again at once would do so for ever.
      if (reason === "clean-exit" || Date.now() - reloaded < 5000) return;
      reloaded = Date.now();
      contents.reload();
    });
  }
}

function isVisible({ x, y, width, height }: Electron.Rectangle): boolean {
  return screen.getAllDisplays().some(({ workArea }) => {
    const across = Math.min(x + width, workArea.x + workArea.width) - Math.max(x, workArea.x);
    const down = Math.min(y + height, workArea.y + workArea.height) - Math.max(y, workArea.y);
    return across > 100 && down > 100;
  });
}
