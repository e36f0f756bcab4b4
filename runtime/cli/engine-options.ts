/** Options that every command with an engine shares, and what follows from them. */
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { BUNDLED_MODELS, NODE_FOLDER } from "#runtime/engine/locations";
import type { EngineSettings } from "#runtime/protocol/engine-messages";

export interface EngineFlags {
  readonly device: "auto" | "cpu" | "cuda" | "null";
  readonly models: readonly string[];
  readonly threads?: number;
  readonly precision?: "f32" | "bf16";
  readonly vram?: number;
  readonly pinned?: number;
}

export function addEngineOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--device <name>", "where to compute")
        .choices(["auto", "cpu", "cuda", "null"])
        .default("auto", "a GPU where there is one"),
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
      new Option(
        "--precision <type>",
        "arithmetic of matrix products; by default f32 on the CPU and bf16 on a GPU",
      ).choices(["f32", "bf16"]),
    )
    .option(
      "--vram <size>",
      "GPU memory to use at most, such as 12GiB; by default what is free",
      readSize,
    )
    .option(
      "--pinned <size>",
      "host memory that may be pinned for weights that do not fit on the GPU; by default half of the machine's",
      readSize,
    );
}

const UNITS: Readonly<Record<string, number>> = {
  MB: 1e6,
  MiB: 2 ** 20,
  GB: 1e9,
  GiB: 2 ** 30,
};

/** "12GiB" in bytes. */
export function readSize(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?) ?([MG]i?B)$/.exec(text) ?? [];
  const bytes = Math.floor(Number(number) * (UNITS[unit] ?? NaN));
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw new InvalidArgumentError("Expected a size such as 12GiB or 800MiB.");
  }
  return bytes;
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
    ...(flags.vram === undefined ? {} : { gpuMemory: flags.vram }),
    ...(flags.pinned === undefined ? {} : { pinnedMemory: flags.pinned }),
    models: [...flags.models.map((folder) => resolve(folder)), BUNDLED_MODELS],
    nodes: [NODE_FOLDER],
    inputFolder: resolve(folders.input ?? "input"),
    outputFolder: resolve(folders.out ?? "output"),
    temporaryFolder: join(tmpdir(), `umbel-${process.pid}`),
  };
}
