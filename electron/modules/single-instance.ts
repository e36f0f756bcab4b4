/** One app for one user: a second start hands its files to the first. */
import { app } from "electron";
import { filesOf } from "./start-files.ts";

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
