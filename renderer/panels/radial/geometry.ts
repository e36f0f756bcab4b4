/**
 * What a document says about the radial attention of a node: its settings, the sampler that it reaches, and the size
 * and number of steps there. Pure: the answer follows an edit within the same frame.
 */
import type { DocumentGraph, DocumentNode } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import type { MaskRequest } from "#runtime/protocol/service-values";
import { radialNames, type RadialNames } from "./radial-nodes.ts";

export interface RadialSettings {
  readonly decay: number;
  readonly block: 64 | 128;
  /** Leading steps that stay dense, and steps at the end. */
  readonly denseSteps: number;
  readonly lastDenseSteps: number;
  /** How many layers stay dense: the leading ones, but for one class that lists them. */
  readonly denseLayers: number;
}

export interface ClipSize {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** Pixels a latent across and down, and frames a latent. */
export interface LatentFactors {
  readonly spatialFactor: number;
  readonly temporalFactor: number;
}

export interface RadialGeometry {
  /** Node that carries the settings. */
  readonly node: string;
  readonly settings: RadialSettings;
  /** Sampler whose steps the settings act on; null while the model reaches none. */
  readonly sampler: string | null;
  readonly steps: number | null;
  /** Null while nothing says how large the clip is. */
  readonly size: ClipSize | null;
  readonly kind: "wan" | "hunyuan";
  readonly latent: LatentFactors;
  /** The diffusion model's file. */
  readonly model: string | null;
}

/** What the name of a diffusion model's file says of its masks; Wan's are those of models that it does not name. */
function familyOf(model: string | null): Pick<RadialGeometry, "kind" | "latent"> {
  const name = model ?? "";
  const latent = { spatialFactor: 8, temporalFactor: 4 };
  if (/mochi/i.test(name)) return { kind: "hunyuan", latent: { ...latent, temporalFactor: MOCHI } };
  if (/hunyuan/i.test(name)) return { kind: "hunyuan", latent };
  const isTi2v = /wan.*(?:ti2v|[._-]5b)/i.test(name);
  return { kind: "wan", latent: isTi2v ? { ...latent, spatialFactor: 16 } : latent };
}

/** Frames a latent in Mochi's autoencoder. */
const MOCHI = 6;

/** ComfyUI passes at most this many nodes between a model and its sampler in practice; it also ends cycles. */
const MAX_HOPS = 64;

export function isRadialNode(node: Pick<DocumentNode, "type">): boolean {
  return radialNames(node) !== null;
}

/** A sampler takes a latent under ComfyUI's name for it. */
export function isSamplerNode(graph: DocumentGraph, id: string): boolean {
  const node = graph.nodes[id];
  if (node === undefined) return false;
  return (
    /Sampler/.test(node.type) &&
    node.type !== "KSamplerSelect" &&
    (linkTo(graph, id, "latent_image") !== null || node.values["steps"] !== undefined)
  );
}

/** Null for a node without radial attention, and where a link sets what is not known. */
export function radialGeometry(graph: DocumentGraph, id: string): RadialGeometry | null {
  const node = graph.nodes[id];
  if (node === undefined || !isRadialNode(node)) return null;
  const sampler = node.type === "RadialAttentionSampler" ? id : samplerBehind(graph, id);
  const steps = sampler === null ? null : stepsOf(graph, sampler);
  const settings = settingsOf(graph, id, steps);
  if (settings === null) return null;
  const model = modelFileOf(graph, id);
  return {
    node: id,
    settings,
    sampler,
    steps,
    size: sampler === null ? null : latentSize(graph, sampler),
    ...familyOf(model),
    model,
  };
}

/** The node whose radial attention a sampler uses: the nearest one upstream on its model, or itself. */
export function radialNodeOf(graph: DocumentGraph, sampler: string): string | null {
  let at: string | null = sampler;
  for (let hop = 0; at !== null && hop < MAX_HOPS; hop++) {
    const node: DocumentNode | undefined = graph.nodes[at];
    if (node === undefined) return null;
    if (isRadialNode(node) && node.state === undefined) return at;
    at =
      source(graph, at, "model") ??
      source(graph, at, "guider") ??
      source(graph, at, "input") ??
      null;
  }
  return null;
}

/** The sampler whose latent a node shows or saves: the nearest one upstream. */
export function samplerOf(graph: DocumentGraph, id: string): string | null {
  const seen = new Set([id]);
  const waiting = [id];
  for (let at = waiting.shift(); at !== undefined && seen.size < 1000; at = waiting.shift()) {
    if (isSamplerNode(graph, at)) return at;
    for (const { from, to } of graph.links) {
      if (to[0] !== at || seen.has(from[0])) continue;
      seen.add(from[0]);
      waiting.push(from[0]);
    }
  }
  return null;
}

/** A request for graph.mask; null while the size is unknown. */
export function maskRequestOf(geometry: RadialGeometry): MaskRequest | null {
  const { size, settings, kind, latent, model } = geometry;
  if (size === null) return null;
  const { decay, block, denseLayers } = settings;
  return { kind, ...size, ...latent, decay, block, model, denseLayers };
}

/** Width, height and frames of the latent that enters a node; null where a link hides them. */
export function latentSize(graph: DocumentGraph, sampler: string): ClipSize | null {
  let at =
    source(graph, sampler, "latent_image") ??
    source(graph, sampler, "image_embeds") ??
    source(graph, sampler, "samples");
  for (let hop = 0; at !== null && hop < MAX_HOPS; hop++) {
    const width = numberValue(graph, at, "width");
    const height = numberValue(graph, at, "height");
    const frames = numberValue(graph, at, "length") ?? numberValue(graph, at, "num_frames");
    if (width !== null && height !== null && frames !== null) {
      const every = /mochi/i.test(graph.nodes[at]?.type ?? "") ? MOCHI : 4;
      return validSize({ width, height, frames: frames - ((frames - 1) % every) });
    }
    at =
      source(graph, at, "latent_image") ??
      source(graph, at, "samples") ??
      source(graph, at, "input");
  }
  return null;
}

function validSize(size: ClipSize): ClipSize | null {
  const { width, height, frames } = size;
  const fits = [width, height].every(
    (side) => Number.isInteger(side) && side >= 16 && side <= 16384,
  );
  return fits && Number.isInteger(frames) && frames >= 1 && frames <= 4097 ? size : null;
}

function settingsOf(graph: DocumentGraph, id: string, steps: number | null): RadialSettings | null {
  const names = radialNames(graph.nodes[id]!);
  if (names === null) return null;
  const decay = numberValue(graph, id, "decay_factor", 0.2);
  const block = numberValue(graph, id, "block_size", 128);
  const denseLayers = layerCount(graph, id, names);
  let denseSteps = numberValue(graph, id, names.denseSteps, names.defaultDenseSteps);
  const lastDenseSteps =
    names.lastDenseSteps === undefined ? 0 : numberValue(graph, id, names.lastDenseSteps, 1);
  if (decay === null || denseLayers === null || denseSteps === null || lastDenseSteps === null)
    return null;
  if (block !== 64 && block !== 128) return null;
  if (denseSteps < 0) denseSteps = Math.max(1, Math.round((steps ?? 50) * 0.24));
  return { decay, block, denseSteps, lastDenseSteps, denseLayers };
}

function layerCount(graph: DocumentGraph, id: string, names: RadialNames): number | null {
  const { denseLayers: name, defaultDenseLayers: fallback } = names;
  if (typeof fallback === "number") return numberValue(graph, id, name, fallback);
  if (linkTo(graph, id, name) !== null) return null;
  const list = graph.nodes[id]?.values[name] ?? fallback;
  if (typeof list !== "string") return null;
  return list.split(",").filter((part) => part.trim() !== "").length;
}

function samplerBehind(graph: DocumentGraph, id: string): string | null {
  const seen = new Set([id]);
  const waiting = [id];
  for (let at = waiting.shift(); at !== undefined && seen.size < 1000; at = waiting.shift()) {
    for (const link of graph.links) {
      const [to] = link.to;
      if (link.from[0] !== at || seen.has(to) || !carriesModel(link.from[1], link.to[1])) continue;
      if (isSamplerNode(graph, to)) return to;
      seen.add(to);
      waiting.push(to);
    }
  }
  return null;
}

function carriesModel(output: string, input: string): boolean {
  return /^(model|guider|input|output|\*)$/i.test(input) || /^(MODEL|GUIDER)$/.test(output);
}

function stepsOf(graph: DocumentGraph, sampler: string): number | null {
  const own = numberValue(graph, sampler, "steps");
  if (own !== null) return wholeSteps(own);
  let at = source(graph, sampler, "sigmas");
  for (let hop = 0; at !== null && hop < MAX_HOPS; hop++) {
    const steps = numberValue(graph, at, "steps");
    if (steps !== null) return wholeSteps(steps);
    at = source(graph, at, "sigmas") ?? source(graph, at, "input");
  }
  return null;
}

function wholeSteps(steps: number): number | null {
  return Number.isInteger(steps) && steps >= 1 && steps <= 10_000 ? steps : null;
}

function modelFileOf(graph: DocumentGraph, id: string): string | null {
  let at: string | null = id;
  for (let hop = 0; at !== null && hop < MAX_HOPS; hop++) {
    const values: Record<string, Json> = graph.nodes[at]?.values ?? {};
    const name =
      values["unet_name"] ?? values["ckpt_name"] ?? values["model_name"] ?? values["model"];
    if (typeof name === "string") return name;
    at = source(graph, at, "model") ?? source(graph, at, "guider") ?? source(graph, at, "input");
  }
  return null;
}

/** A parameter, or the value of the node that is linked to it. */
function numberValue(
  graph: DocumentGraph,
  id: string,
  name: string,
  fallback?: number,
): number | null {
  const linked = linkTo(graph, id, name);
  const node = graph.nodes[linked?.[0] ?? id];
  const value = linked === null ? node?.values[name] : node?.values["value"];
  if (value === undefined && linked === null) return fallback ?? null;
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

function source(graph: DocumentGraph, id: string, input: string): string | null {
  return linkTo(graph, id, input)?.[0] ?? null;
}

function linkTo(graph: DocumentGraph, id: string, input: string): readonly [string, string] | null {
  return graph.links.find(({ to }) => to[0] === id && to[1] === input)?.from ?? null;
}
