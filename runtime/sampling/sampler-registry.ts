/** Samplers, found by listing runtime/samplers/: a file whose default export is a definition is a sampler. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UmbelError } from "#runtime/errors";
import { nearest } from "#runtime/graph/nearest";
import type { SamplerDefinition } from "#runtime/sdk/sampler";

const FOLDER = new URL("../samplers/", import.meta.url);

/** The order of ComfyUI's menus; the first is what new nodes start with. Others follow by name. */
const ORDER = [
  "euler",
  "euler_ancestral",
  "heun",
  "dpmpp_sde",
  "dpmpp_2m",
  "dpmpp_2m_sde",
  "lcm",
  "deis",
  "res_multistep",
  "ddim",
  "uni_pc",
  "uni_pc_bh2",
];

const definitions = await Promise.all(
  readdirSync(fileURLToPath(FOLDER))
    .filter((name) => /(?<!\.d)\.[jt]s$/.test(name))
    .map(
      async (name) => (await import(new URL(name, FOLDER).href)) as { default?: SamplerDefinition },
    ),
);

const samplers = new Map(
  definitions
    .flatMap((module) => (module.default === undefined ? [] : [module.default]))
    .toSorted((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1))
    .map((definition) => [definition.name, definition]),
);

export const SAMPLER_NAMES: readonly string[] = [...samplers.keys()];

/** Throws ERR_INVALID_ARGUMENT naming the nearest. */
export function samplerByName(name: string): SamplerDefinition {
  const found = samplers.get(name);
  if (found !== undefined) return found;
  const near = nearest(name, SAMPLER_NAMES);
  const hint = near === null ? "" : ` Did you mean ${near}?`;
  throw new UmbelError("ERR_INVALID_ARGUMENT", `Expected a sampler, got "${name}".${hint}`);
}

function rank(name: string): number {
  const place = ORDER.indexOf(name);
  return place === -1 ? ORDER.length : place;
}
