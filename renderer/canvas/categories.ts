/** Tint and glyph of a node's header, by its category and what it makes. */
import type { NodeDescription } from "#runtime/protocol/node-description";
import type { IconName } from "../ui/icon-paths.ts";

export type Tint = "model" | "text" | "attn" | "sample" | "latent" | "image" | "video" | "util";

export interface CategoryLook {
  readonly tint: Tint;
  readonly icon: IconName;
}

const BY_CATEGORY: Readonly<Record<string, CategoryLook>> = {
  conditioning: { tint: "text", icon: "text" },
  image: { tint: "image", icon: "image" },
  latent: { tint: "latent", icon: "latent" },
  sampling: { tint: "sample", icon: "sampling" },
  video: { tint: "video", icon: "film" },
  model: { tint: "sample", icon: "sampling" },
  loaders: { tint: "model", icon: "model" },
  analysis: { tint: "util", icon: "graph" },
  values: { tint: "util", icon: "settings" },
};

const UTIL: CategoryLook = { tint: "util", icon: "settings" };
const ATTENTION: CategoryLook = { tint: "attn", icon: "attention" };

/** What a loader or decoder makes says more than where it is listed. */
const BY_OUTPUT: Readonly<Record<string, CategoryLook>> = {
  CLIP: { tint: "text", icon: "text" },
  VAE: { tint: "image", icon: "image" },
};

export function categoryLook(description: NodeDescription | undefined): CategoryLook {
  if (description === undefined) return UTIL;
  if (/attention|mask/i.test(description.title) && /radial|sparse/i.test(description.title))
    return ATTENTION;
  const [category = ""] = description.category.split("/");
  const first = description.outputs[0]?.type ?? "";
  if (category === "loaders" && description.outputs.length === 1)
    return BY_OUTPUT[first] ?? BY_CATEGORY[category]!;
  if (category === "latent" && first === "IMAGE") return { tint: "image", icon: "image" };
  return BY_CATEGORY[category] ?? UTIL;
}

/** Colours that people give nodes and groups: a tint's name, or a CSS colour. */
export const TINTS: readonly { readonly name: Tint; readonly label: string }[] = [
  { name: "model", label: "Violet" },
  { name: "text", label: "Ochre" },
  { name: "attn", label: "Fennel" },
  { name: "sample", label: "Rose" },
  { name: "latent", label: "Orchid" },
  { name: "image", label: "Blue" },
  { name: "video", label: "Indigo" },
  { name: "util", label: "Grey" },
];

export function tintColor(color: string | undefined, otherwise: Tint): string {
  if (color === undefined) return `var(--c-${otherwise})`;
  if (TINTS.some(({ name }) => name === color)) return `var(--c-${color})`;
  return /^#[0-9a-f]{3,8}$/i.test(color) ? color : `var(--c-${otherwise})`;
}
