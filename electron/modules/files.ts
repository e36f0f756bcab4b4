/** The desktop contract's calls about files. */
import { shell, type WebContents } from "electron";
import { copyFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UmbelError } from "#runtime/errors";
import type { OpenedFile } from "#runtime/protocol/desktop-contract";
import type { MediaFolders } from "#runtime/protocol/host-messages";
import { handleCalls, handleDrops, sendEvent } from "../ipc/main.ts";
import { containedFile } from "./contained-file.ts";
import { FileAccess } from "./file-access.ts";
import { askForFiles, askForFolder, askWhereToSave } from "./file-dialogs.ts";
import { Recents } from "./recents.ts";
import { ShownFiles } from "./shown-files.ts";
import type { Windows } from "./windows.ts";

export interface FilesOptions {
  readonly dataFolder: string;
  readonly windows: Windows;
  readonly mediaFolders: () => MediaFolders | null;
}

export class Files {
  readonly #options: FilesOptions;
  readonly #access = new FileAccess();
  readonly #recents: Recents;
  readonly #shown: ShownFiles;
  /** Paths that the operating system wants opened, until a window takes them. */
  #waiting: string[] = [];

  constructor(options: FilesOptions) {
    this.#options = options;
    this.#recents = new Recents(options.dataFolder);
    const { windows } = options;
    this.#shown = new ShownFiles({
      changed: (id, path, version) => windows.send(id, "files.changed", { path, version }),
      shared: (id, path, shared) => windows.send(id, "files.shared", { path, shared }),
    });
    windows.onPageGone((id) => this.#shown.releaseAll(id));
  }

  /** From the command line, the operating system or another start of the app. */
  openLater(paths: readonly string[]): void {
    if (paths.length === 0) return;
    this.#waiting.push(...paths);
    const window = this.#options.windows.current();
    if (window !== null) sendEvent(window.webContents, "files.waiting", {});
  }

  async enable(): Promise<void> {
    for (const { path } of this.#recents.files) await this.#access.allow(path).catch(() => null);
    this.#handleOpening();
    this.#handleSaving();
    this.#handleShowing();
    handleDrops(async ({ path }) => this.#openChosen(path));
  }

  #handleOpening(): void {
    handleCalls({
      "files.open": async ({ kind, many }, sender) => {
        const paths = await askForFiles(sender, kind, many);
        return Promise.all(paths.map((path) => this.#openChosen(path)));
      },
      "files.pick": async ({ kind }, sender) => (await askForFiles(sender, kind, false))[0] ?? null,
      "files.pickFolder": ({ title }, sender) => askForFolder(sender, title),
      "files.read": ({ path }) => this.#access.read(path),
      "files.take": async () => {
        const paths = this.#waiting;
        this.#waiting = [];
        const opened = await Promise.allSettled(paths.map((path) => this.#openChosen(path)));
        for (const result of opened) {
          if (result.status === "rejected") console.error("umbel:", result.reason);
        }
        return opened.filter((result) => result.status === "fulfilled").map(({ value }) => value);
      },
      "recents.list": () => [...this.#recents.files],
      "recents.remove": async ({ path }) => {
        await this.#recents.remove(path);
        return null;
      },
      "recents.clear": async () => {
        await this.#recents.clear();
        return null;
      },
    });
  }

  #handleSaving(): void {
    handleCalls({
      "files.save": async ({ path, data, version }, sender) => {
        const real = await this.#access.check(path);
        const outcome = await this.#shown.saving(sender.id, real, () =>
          this.#access.save(real, data, version),
        );
        if (outcome.state === "saved") await this.#recents.add(real);
        return outcome;
      },
      "files.saveAs": async ({ kind, name, data }, sender) => {
        const chosen = await askWhereToSave(sender, kind, safeName(name));
        if (chosen === null) return null;
        const real = await this.#access.allow(chosen);
        const { version } = await this.#shown.saving(sender.id, real, () =>
          this.#access.save(real, data, null),
        );
        if (kind === "graph") await this.#recents.add(real);
        return { name: basename(real), path: real, version };
      },
      "files.exportResult": async ({ file, name }, sender) => {
        const source = await this.#mediaPath(file);
        const target = await askWhereToSave(sender, "media", safeName(name));
        if (target === null) return null;
        await copyWhole(source, target);
        return target;
      },
    });
  }

  #handleShowing(): void {
    const { windows } = this.#options;
    handleCalls({
      "files.reveal": async (target) => {
        const path =
          "place" in target ? await this.#mediaPath(target) : await this.#access.check(target.path);
        shell.showItemInFolder(path);
        return null;
      },
      "files.claim": async ({ path, version }, sender) => ({
        shared: this.#shown.claim(sender.id, await this.#access.check(path), version),
      }),
      "files.release": async ({ path }, sender) => {
        this.#shown.release(sender.id, await this.#access.check(path));
        return null;
      },
      "files.showOther": async ({ path }, sender: WebContents) => {
        const other = this.#shown.other(sender.id, await this.#access.check(path));
        return other !== null && windows.show(other);
      },
    });
  }

  async #openChosen(path: string): Promise<OpenedFile> {
    const real = await this.#access.allow(path);
    const file = await this.#access.read(real);
    await this.#recents.add(real);
    return file;
  }

  async #mediaPath({ place, path }: { place: keyof MediaFolders; path: string }): Promise<string> {
    const folder = this.#options.mediaFolders()?.[place];
    const real = folder === undefined ? null : await containedFile(folder, path);
    if (real !== null) return real;
    throw new UmbelError(
      "ERR_FILE",
      `Expected a file in the ${place} folder, got ${path}. It may have been removed.`,
    );
  }
}

/** A suggestion for a dialog, never a place. */
function safeName(name: string): string {
  return basename(name.replaceAll("\\", "/").replaceAll("\0", "")) || "untitled";
}

async function copyWhole(source: string, target: string): Promise<void> {
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  try {
    await copyFile(source, temporary);
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new UmbelError(
      "ERR_FILE",
      `Expected to write ${target}, got: ${(cause as Error).message}.`,
      { cause },
    );
  }
}
