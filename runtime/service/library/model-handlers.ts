/** Calls about model files. */
import { join } from "node:path";
import { engineFiles } from "#runtime/engine/engine-files";
import { ModelFolders } from "#runtime/engine/model-folders";
import { inspectModelFolder } from "./add-model-folder.ts";
import type { LibraryContext } from "./context.ts";
import type { LibraryHandlers } from "./handlers.ts";
import { missingModels } from "./missing-models.ts";
import type { ModelLibrary } from "./model-library.ts";

type ModelMethod = "models.list" | "models.missing" | "models.addFolder";

export function modelHandlers(
  context: LibraryContext,
  library: ModelLibrary,
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
  };
}

/** Where models of a kind go: the first such folder that people have set up, else our own. */
export function targetFolder(context: LibraryContext, folder: string): string {
  for (const root of [...context.settings().modelFolders, context.modelFolder]) {
    const [place] = new ModelFolders([root]).existing(folder);
    if (place !== undefined) return place;
  }
  return join(context.modelFolder, folder);
}
