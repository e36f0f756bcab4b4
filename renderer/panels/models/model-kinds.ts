/** Model files as people look for them: by what they are for. */
import type { GraphDocument } from "#runtime/graph/document";
import type { ModelFile } from "#runtime/protocol/service-values";

export interface KindGroup {
  readonly title: string;
  readonly files: readonly ModelFile[];
}

const TITLES: readonly (readonly [title: string, folders: readonly string[]])[] = [
  ["Diffusion models", ["diffusion_models", "unet", "checkpoints"]],
  ["LoRAs", ["loras"]],
  ["Text encoders and VAE", ["text_encoders", "clip", "vae"]],
];

export function kindGroups(files: readonly ModelFile[]): KindGroup[] {
  const named = new Set(TITLES.flatMap(([, folders]) => folders));
  const byName = (a: ModelFile, b: ModelFile): number => a.name.localeCompare(b.name, "en");
  const groups = TITLES.map(([title, folders]) => ({
    title,
    files: files.filter(({ folder }) => folders.includes(folder)).toSorted(byName),
  }));
  const others = files.filter(({ folder }) => !named.has(folder)).toSorted(byName);
  return [...groups, { title: "Others", files: others }].filter((group) => group.files.length > 0);
}

/** Every file name that a node of an open graph holds. */
export function namesInUse(documents: readonly GraphDocument[]): Set<string> {
  const names = new Set<string>();
  for (const document of documents) {
    for (const { nodes } of [document, ...Object.values(document.subgraphs ?? {})]) {
      for (const { values } of Object.values(nodes)) {
        for (const value of Object.values(values)) {
          if (typeof value === "string" && /\.(safetensors|gguf|sft|pt|pth|bin)$/i.test(value)) {
            names.add(value);
          }
        }
      }
    }
  }
  return names;
}

/** "64a7…c0e1". */
export function shortHash(hash: string): string {
  return `${hash.slice(0, 4)}…${hash.slice(-4)}`;
}
