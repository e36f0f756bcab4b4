/** The library as a service has it, with folders of its own. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { loadNodes } from "#runtime/engine/node-registry";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import { DEFAULT_SETTINGS, type Settings } from "#runtime/protocol/service-values";
import { containedPath } from "#runtime/service/library/contained-path";
import type { LibraryContext } from "#runtime/service/library/context";
import { ROOT, scratchFolder } from "./umbel-process.ts";

export interface TestLibrary {
  readonly context: LibraryContext;
  readonly folder: string;
  readonly events: readonly ServiceEvent[];
}

export async function testContext(
  parts: Partial<LibraryContext> = {},
  folder = scratchFolder(),
): Promise<TestLibrary> {
  for (const name of ["input", "output", "temporary", "models", "data"])
    mkdirSync(join(folder, name), { recursive: true });
  let settings: Settings = DEFAULT_SETTINGS;
  const events: ServiceEvent[] = [];
  const context: LibraryContext = {
    settings: () => settings,
    changeSettings: (change) => {
      settings = { ...settings, ...change };
      return Promise.resolve(settings);
    },
    engineSettings: (): EngineSettings => ({
      device: "cpu",
      threads: 2,
      models: [...settings.modelFolders, join(folder, "models"), join(ROOT, "models")],
      nodes: [join(ROOT, "dist/nodes")],
      inputFolder: join(folder, "input"),
      outputFolder: join(folder, "output"),
      temporaryFolder: join(folder, "temporary"),
    }),
    findResult: ({ place, path }) => containedPath([join(folder, place)], path),
    registry: await loadNodes([join(ROOT, "nodes")]),
    modelFolder: join(folder, "models"),
    dataFolder: join(folder, "data"),
    emit: (event) => events.push(event),
    downloads: "anywhere",
    threadEntry: pathToFileURL(join(ROOT, "dist/runtime/service/library/thread-entry.js")),
    ...parts,
  };
  return { context, folder, events };
}
