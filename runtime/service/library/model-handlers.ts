/** Calls about model files. */
import { engineFiles } from "#runtime/engine/engine-files";
import { addModelFile } from "./add-model-file.ts";
import { inspectModelFolder } from "./add-model-folder.ts";
import type { LibraryContext } from "./context.ts";
import type { LibraryHandlers, LibraryMethod } from "./methods.ts";
import { missingModels } from "./missing-models.ts";
import type { ModelDownloads } from "./model-downloads.ts";
import type { ModelLibrary } from "./model-library.ts";
import { targetFolder } from "./model-target.ts";
import { probeDownload } from "./probe-download.ts";
import type { WebAccess } from "./web-access.ts";

type ModelMethod = Extract<LibraryMethod, `models.${string}`>;

export function modelHandlers(
  context: LibraryContext,
  library: ModelLibrary,
  downloads: ModelDownloads,
  access: WebAccess,
): Pick<LibraryHandlers, ModelMethod> {
  return {
    "models.list": () => library.list(),
    "models.missing": ({ document }) =>
      missingModels(
        document,
        context.registry.descriptions,
        engineFiles(context.engineSettings()),
        (folder) => targetFolder(context, folder),
      ),
    "models.addFolder": async ({ path }) => {
      const { path: real, files } = await inspectModelFolder(path);
      const { modelFolders } = context.settings();
      const folders = modelFolders.includes(real) ? modelFolders : [...modelFolders, real];
      if (folders !== modelFolders) await context.changeSettings({ modelFolders: [...folders] });
      context.emit({ type: "models" });
      return { folders: [...folders], files };
    },
    "models.addFile": async (request) => {
      const path = await addModelFile(context, request);
      context.emit({ type: "models" });
      return { path };
    },
    "models.probe": ({ url }, signal) => probeDownload(url, access, signal),
    "models.download": (request) => downloads.start(request),
    "models.downloads": () => downloads.list(),
    "models.control": async ({ id, action }) => {
      await downloads.control(id, action);
      return null;
    },
  };
}
