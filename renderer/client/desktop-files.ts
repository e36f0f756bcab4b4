/** The window's files by way of the desktop shell. */
import type { Files } from "../stores/files.ts";
import type { Shell } from "./shell.ts";

export function createDesktopFiles(shell: Shell): Files {
  return {
    async pick() {
      return (await shell.open("graph"))[0] ?? null;
    },
    async save(name, path, text) {
      const data = new TextEncoder().encode(text);
      if (path === null) return (await shell.saveAs("graph", name, data))?.path ?? null;
      await shell.save(path, data, null);
      return path;
    },
    pickFolder: () => shell.pickFolder("Choose a folder"),
    reveal: (path) => shell.reveal({ path }),
    pathOf: () => null,
  };
}
