/** What the archive for a GPU machine runs (gpu/test.sh, gpu/bench.sh), and what those load by looking into folders. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

export const PROGRAMS = [
  "op-check/main",
  "conformance/main",
  "gpu-bench/main",
  "gpu-bench/table",
  "gpu-bench/scaling-plot",
  "gpu-model/main",
  "gpu-model/make-weights",
  "gpu-demo/main",
] as const;

const FOLDERS = ["nodes", "runtime/models", "runtime/samplers", "runtime/attention"] as const;

export function programFiles(dist: string): string[] {
  return PROGRAMS.map((name) => join(dist, "scripts", `${name}.js`));
}

/** The files that the registries of nodes, models, samplers and attention patterns import. */
export function registeredFiles(dist: string): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(dist, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".js"))
      .map((name) => join(dist, folder, name)),
  );
}
