/** LoRAs that were made for another family than the models of a graph, as far as their tensors' names tell. */
import type { GraphDocument } from "#runtime/graph/document";
import type { ModelFile } from "#runtime/protocol/service-values";
import { namesInUse } from "./model-kinds.ts";

/** File name -> why it does not fit. Empty while the graph names no model that is known. */
export function unfitLoras(
  document: GraphDocument | null,
  files: readonly ModelFile[],
): ReadonlyMap<string, string> {
  const used = document === null ? new Set<string>() : namesInUse([document]);
  const families = files.flatMap(({ name, kind, family }) =>
    used.has(name) && family !== null && (kind === "diffusion" || kind === "checkpoint")
      ? [family]
      : [],
  );
  const unfit = new Map<string, string>();
  if (families.length === 0) return unfit;
  for (const { name, kind, family } of files) {
    if (kind !== "lora" || family === null) continue;
    const kin = kinOf(family);
    if (kin.length === 0 || families.some((model) => kin.some((word) => model.startsWith(word))))
      continue;
    unfit.set(name, `made for ${family}`);
  }
  return unfit;
}

/** First words of the families that a LoRA may be for: "HunyuanVideo or Flux". None when it is told in general only. */
function kinOf(family: string): string[] {
  if (/^an? /.test(family)) return [];
  return family.split(" or ").map((name) => name.split(" ")[0]!);
}
