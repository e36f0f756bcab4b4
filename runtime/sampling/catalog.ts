/** Every sampler, found by listing runtime/samplers/: adding a file there is all that a new one takes. */
import { readdirSync } from "node:fs";
import { UmbelError } from "#runtime/errors";
import type { SamplerDefinition } from "#runtime/sdk/sampler";

/** ComfyUI's order, which is the order of its menus; others follow by name. */
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

const folder = new URL("../samplers/", import.meta.url);

async function loadSamplers(): Promise<ReadonlyMap<string, SamplerDefinition>> {
  const files = readdirSync(folder).filter((file) => /^[a-z0-9-]+\.[jt]s$/.test(file));
  const samplers = await Promise.all(
    files.map(async (file) => {
      const module = (await import(new URL(file, folder).href)) as { default: SamplerDefinition };
      return module.default;
    }),
  );
  const place = ({ name }: SamplerDefinition): number => {
    const index = ORDER.indexOf(name);
    return index === -1 ? ORDER.length : index;
  };
  samplers.sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name));
  return new Map(samplers.map((sampler) => [sampler.name, sampler]));
}

/** Name -> sampler, in the order of menus. */
export const SAMPLERS: ReadonlyMap<string, SamplerDefinition> = await loadSamplers();

/** Throws ERR_INVALID_ARGUMENT for an unknown name. */
export function samplerNamed(name: string): SamplerDefinition {
  const sampler = SAMPLERS.get(name);
  if (sampler !== undefined) return sampler;
  throw new UmbelError(
    "ERR_INVALID_ARGUMENT",
    `Expected a sampler out of ${[...SAMPLERS.keys()].join(", ")}, got ${name}.`,
  );
}
