/** Calls of the contract that deal with nodes, files, graphs, models and results. */
import { engineFiles } from "#runtime/engine/engine-files";
import type { LibraryContext } from "./context.ts";
import { fileHandlers } from "./file-handlers.ts";
import { FolderLists } from "./folder-lists.ts";
import { graphHandlers } from "./graph-handlers.ts";
import type { LibraryHandlers } from "./methods.ts";
import { modelHandlers } from "./model-handlers.ts";
import { ModelDownloads } from "./model-downloads.ts";
import { ModelLibrary } from "./model-library.ts";
import { resultHandlers } from "./result-handlers.ts";
import { TaskThread } from "./task-thread.ts";
import { WebAccess } from "./web-access.ts";

/** Disposing ends what still runs. */
export function libraryHandlers(around: LibraryContext): LibraryHandlers & AsyncDisposable {
  const lists = new FolderLists(() => engineFiles(around.engineSettings()));
  const context: LibraryContext = {
    ...around,
    emit: (event) => {
      if (event.type === "models") lists.forget();
      around.emit(event);
    },
  };
  const planning = new TaskThread(context.threadEntry);
  const reading = new TaskThread(context.threadEntry);
  const comparing = new TaskThread(context.threadEntry);
  const access = new WebAccess(context.downloads);
  const downloads = new ModelDownloads(context, access);
  const library = new ModelLibrary(context, reading);
  return {
    "nodes.list": () => [...context.registry.descriptions.values()],
    ...fileHandlers(context),
    ...graphHandlers(context, planning, lists),
    ...modelHandlers(context, library, downloads, access),
    ...resultHandlers(context, comparing),
    async [Symbol.asyncDispose]() {
      library.end();
      await Promise.all(
        [planning, reading, comparing, downloads].map((part) => part[Symbol.asyncDispose]()),
      );
      await access.end();
    },
  };
}
