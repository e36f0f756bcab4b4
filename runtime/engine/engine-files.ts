import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { UmbelError } from "#runtime/errors";
import { nearest } from "#runtime/graph/nearest";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import { isFile, relativeName } from "./contained-name.ts";
import type { EngineFiles } from "./files.ts";
import { ModelFolders } from "./model-folders.ts";

/** The folders of an engine: model roots, input, output and temporary files. */
export function engineFiles(settings: EngineSettings): EngineFiles {
  const { inputFolder, outputFolder, temporaryFolder } = settings;
  const named = new Map(Object.entries(settings.inputFiles ?? {}));
  const models = new ModelFolders(settings.models);
  return {
    modelPath: (folder, name) => models.path(folder, name),
    inputPath: (name) => named.get(name) ?? inputPath(inputFolder, name),
    list: (folder) => (folder === "input" ? listInput(inputFolder) : models.list(folder)),
    outputFolder,
    temporaryFolder,
  };
}

function inputPath(folder: string, name: string): string {
  const path = join(folder, relativeName(name));
  if (isFile(path)) return path;
  const near = nearest(name, listInput(folder));
  const hint = near === null ? "Put the file there." : `Did you mean "${near}"?`;
  throw new UmbelError("ERR_FILE", `Expected "${name}" in ${folder}, got no such file. ${hint}`);
}

/** Names below the input folder with "/", sorted; none when it does not exist. */
function listInput(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
      .toSorted();
  } catch {
    return [];
  }
}
