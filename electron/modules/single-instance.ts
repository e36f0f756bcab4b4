/** One app for one user: a second start hands its files to the first. */
import { app } from "electron";
import { statSync } from "node:fs";
import { resolve } from "node:path";

export interface StartFiles {
  /** Files of another start (none: the user wants to see the app), or of the operating system. */
  readonly onOpen: (paths: readonly string[]) => void;
}

/** False when another one runs: this one has told it and should end. */
export function becomeOnlyInstance({ onOpen }: StartFiles): boolean {
  const files = filesOf(process.argv, process.cwd());
  if (!app.requestSingleInstanceLock({ files })) return false;
  app.on("second-instance", (_event, _argv, _folder, data) => {
    const given = (data as { files?: unknown } | null)?.files;
    onOpen(Array.isArray(given) ? given.filter((path) => typeof path === "string") : []);
  });
  app.on("open-file", (event, path) => {
    event.preventDefault();
    onOpen([path]);
  });
  if (files.length > 0) onOpen(files);
  return true;
}

/** The arguments that name files; the program itself and, in a checkout, the app's folder come before them. */
export function filesOf(argv: readonly string[], folder: string): string[] {
  return argv
    .slice(1)
    .filter((argument) => argument !== "" && !argument.startsWith("-"))
    .map((argument) => resolve(folder, argument))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}
