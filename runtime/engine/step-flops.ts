/** Operations of one forward pass of a diffusion model, counted on the null device. */
import { basename } from "node:path";
import { isUmbelError } from "#runtime/errors";
import type { DiffusionFamily, LayerAttention } from "#runtime/sdk/model";
import { NullDevice } from "#runtime/tensor/null-device";
import { scope } from "#runtime/tensor/scope";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { detectModels } from "./models/detect.ts";
import { loadFamilies, type AnyFamily } from "./models/families.ts";
import { emptySource } from "./models/weight-source.ts";
import { sourceStore } from "./models/weight-store.ts";

export interface StepModel {
  readonly family: DiffusionFamily;
  readonly config: unknown;
  readonly layers: number;
}

/** Text tokens of a prompt of middle length; they weigh little against a clip. */
const TEXT_TOKENS = 64;

/** The model in a file, else the published one that its name stands for; null when neither is known. */
export async function findStepModel(path: string | null, name: string): Promise<StepModel | null> {
  const families = await loadFamilies();
  const found = (path === null ? null : inFile(path, families)) ?? byName(name, families);
  return found === null ? null : { ...found, layers: found.family.layers(found.config) };
}

/** `latent` is [frames, height, width]. */
export function stepFlops(
  { family, config }: StepModel,
  latent: readonly [number, number, number],
  attention?: LayerAttention,
): number {
  const device = new NullDevice();
  using weights = sourceStore(emptySource(family.tensors(config), device));
  scope(() => {
    family.create(config, weights).forward({
      latent: device.empty([family.latent.channels, ...latent]),
      timestep: 500,
      context: device.empty([TEXT_TOKENS, family.textWidth(config)]),
      ...(attention === undefined ? {} : { attention }),
    });
  });
  return [...device.flops().values()].reduce((total, flops) => total + flops, 0);
}

type Found = Pick<StepModel, "family" | "config">;

function inFile(path: string, families: readonly AnyFamily[]): Found | null {
  try {
    using file = openCheckpoint(path);
    for (const { family, config } of detectModels(file, families))
      if (family.kind === "diffusion") return { family, config };
  } catch (error) {
    // What cannot be read is said where the model is loaded; its name may still tell the size.
    if (!isUmbelError(error)) throw error;
  }
  return null;
}

function byName(name: string, families: readonly AnyFamily[]): Found | null {
  for (const family of families) {
    if (family.kind !== "diffusion") continue;
    const known = family.published.find(({ fileName }) => fileName.test(basename(name)));
    if (known !== undefined) return { family, config: known.config };
  }
  return null;
}
