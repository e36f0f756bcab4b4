/** Files that nodes can take, and pictures and clips that are added to them. */
import { engineFiles } from "#runtime/engine/engine-files";
import { addInputFile } from "./add-input-file.ts";
import type { LibraryContext } from "./context.ts";
import type { LibraryHandlers } from "./methods.ts";

export function fileHandlers(
  context: LibraryContext,
): Pick<LibraryHandlers, "files.list" | "files.add"> {
  return {
    "files.list": ({ folder }) => [...engineFiles(context.engineSettings()).list(folder)],
    "files.add": async ({ name, data }) => ({
      name: await addInputFile(context.engineSettings().inputFolder, name, data),
    }),
  };
}
