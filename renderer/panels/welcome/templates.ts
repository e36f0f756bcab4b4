/** The examples as templates: their graphs travel with the window, each with a picture of what it makes. */
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { latentSize, radialGeometry, samplerOf, type ClipSize } from "../radial/geometry.ts";

export type TemplateKind = "text" | "picture" | "fast" | "research";

export interface Template {
  /** Its file's name. */
  readonly id: string;
  readonly title: string;
  readonly words: string;
  readonly kinds: readonly TemplateKind[];
  /** Address of a frame that the bundled model made with it; null where nobody ran it here. */
  readonly picture: string | null;
  readonly document: GraphDocument;
  readonly size: ClipSize | null;
}

const GRAPHS = import.meta.glob<Json>("../../../examples/*.json", {
  eager: true,
  import: "default",
});
const PICTURES = import.meta.glob<string>("../../assets/templates/*.webp", {
  eager: true,
  import: "default",
  query: "?url",
});

/** In the order of the page; what is not named here comes after, by name. */
const ORDER: readonly string[] = [
  "text-to-video",
  "four-steps",
  "radial-against-dense",
  "style-lora",
  "video-to-video",
];

export function loadTemplates(): Template[] {
  const rank = (id: string): number => {
    const at = ORDER.indexOf(id);
    return at < 0 ? ORDER.length : at;
  };
  return Object.entries(GRAPHS)
    .map(([path, json]) => toTemplate(idOf(path), parseDocument(json)))
    .toSorted((a, b) => rank(a.id) - rank(b.id) || a.id.localeCompare(b.id, "en"));
}

function toTemplate(id: string, document: GraphDocument): Template {
  const picture = Object.entries(PICTURES).find(([path]) => idOf(path) === id)?.[1] ?? null;
  return {
    id,
    title: document.title ?? id,
    words: document.description ?? "",
    kinds: kindsOf(document),
    picture,
    document,
    size: clipSize(document),
  };
}

function idOf(path: string): string {
  return (path.split("/").at(-1) ?? path).replace(/\.\w+$/, "");
}

export function kindsOf(document: GraphDocument): TemplateKind[] {
  const nodes = Object.entries(document.nodes);
  const has = (pattern: RegExp): boolean => nodes.some(([, { type }]) => pattern.test(type));
  const steps = nodes.flatMap(([, { values }]) =>
    typeof values["steps"] === "number" ? [values["steps"]] : [],
  );
  const kinds: TemplateKind[] = [];
  if (has(/^(LoadImage|LoadVideo)$/)) kinds.push("picture");
  else kinds.push("text");
  if (steps.length > 0 && Math.min(...steps) <= 8) kinds.push("fast");
  if (
    has(/^(CompareVideos|RadialMaskPreview)$/) ||
    nodes.filter(([, { type }]) => /^KSampler$/.test(type)).length > 1
  ) {
    kinds.push("research");
  }
  return kinds;
}

/** Size of the clip that the first output shows. */
function clipSize(document: GraphDocument): ClipSize | null {
  for (const [id, { type }] of Object.entries(document.nodes)) {
    if (!type.startsWith("Save")) continue;
    const sampler = samplerOf(document, id);
    const size = sampler === null ? null : latentSize(document, sampler);
    if (size !== null) return size;
  }
  return null;
}

/** The radial node of a template, for the mask that stands in for a picture. */
export function templateRadial(template: Template): string | null {
  const { document } = template;
  return Object.keys(document.nodes).find((id) => radialGeometry(document, id) !== null) ?? null;
}
