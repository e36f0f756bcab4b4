/** Options that every command with an engine shares, and what follows from them. */
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { BUNDLED_MODELS, NODE_FOLDER } from "#runtime/engine/locations";
import type { EngineSettings } from "#runtime/protocol/engine-messages";

export interface EngineFlags {
  readonly device: "cpu" | "cuda" | "null";
  readonly models: readonly string[];
  readonly threads?: number;
  readonly precision?: "f32" | "bf16";
}

export function addEngineOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--device <name>", "where to compute")
        .choices(["cpu", "cuda", "null"])
        .default("cpu"),
    )
    .option(
      "--models <folder>",
      "folder with ComfyUI's model folders; repeatable, searched before the bundled models",
      (value: string, before: readonly string[]) => [...before, value],
      [] as readonly string[],
    )
    .option("--threads <n>", "CPU threads", (value) => {
      const n = Number(value);
      if (!Number.isInteger(n) || n < 1 || n > 1024)
        throw new InvalidArgumentError("Expected 1 to 1024.");
      return n;
    })
    .addOption(
      new Option("--precision <type>", "CPU arithmetic of linear layers").choices(["f32", "bf16"]),
    );
}

export interface FolderFlags {
  readonly input?: string;
  readonly out?: string;
}

export function engineSettings(flags: EngineFlags, folders: FolderFlags = {}): EngineSettings {
  return {
    device: flags.device,
    threads: flags.threads ?? availableParallelism(),
    ...(flags.precision === undefined ? {} : { precision: flags.precision }),
    models: [...flags.models.map((folder) => resolve(folder)), BUNDLED_MODELS],
    nodes: [NODE_FOLDER],
    inputFolder: resolve(folders.input ?? "input"),
    outputFolder: resolve(folders.out ?? "output"),
    temporaryFolder: join(tmpdir(), `umbel-${process.pid}`),
  };
}
