/**
 * Names and shapes of published checkpoints: each is recognised, its configuration asks for exactly these tensors, and a
 * pass at 768 x 1280 and 69 frames on the null device reads every one of them.
 */
import { describeUnknown, detectModels } from "#runtime/engine/models/detect";
import type { AnyFamily } from "#runtime/engine/models/families";
import { emptySource } from "#runtime/engine/models/weight-source";
import { sourceStore } from "#runtime/engine/models/weight-store";
import { UmbelError, assertNever } from "#runtime/errors";
import type { LatentGeometry, Weights } from "#runtime/sdk/model";
import { openDevice } from "#runtime/tensor/devices";
import type { Tensor } from "#runtime/tensor/tensor";
import type { TensorFile } from "#runtime/weights/tensor-file";
import type { Check } from "../check.ts";
import type { Cases } from "../cases.ts";

const WIDTH = 1280;
const HEIGHT = 768;
const FRAMES = 69;
const TEXT_TOKENS = 77;

type Manifest = Readonly<Record<string, readonly number[]>>;

export const manifests: Check = {
  name: "manifests",
  computes: false,
  recognises: (folder) =>
    folder.files.some((file) => file.endsWith(".json") && manifestsIn(folder.json(file)) !== null),

  async run(folder, bench, cases) {
    for (const file of folder.files.filter((name) => name.endsWith(".json"))) {
      const json = await cases.prepare(file, () => folder.json(file));
      const manifests = manifestsIn(json);
      if (manifests === null) cases.notChecked(file, "holds no lists of tensors");
      for (const [name, manifest] of Object.entries(manifests ?? {})) {
        await runManifest(`${file} ${name}`, manifest, bench.families, cases);
      }
    }
  },
};

/** Checkpoint -> tensor -> shape; null when the file is something else. */
function manifestsIn(json: unknown): Readonly<Record<string, Manifest>> | null {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const isShape = (value: unknown) =>
    Array.isArray(value) && value.every((length) => Number.isInteger(length));
  const isManifest = (value: unknown): value is Manifest =>
    isObject(value) && Object.keys(value).length > 0 && Object.values(value).every(isShape);
  if (!isObject(json) || Object.keys(json).length === 0) return null;
  return Object.values(json).every(isManifest) ? (json as Record<string, Manifest>) : null;
}

async function runManifest(
  name: string,
  manifest: Manifest,
  families: readonly AnyFamily[],
  cases: Cases,
): Promise<void> {
  const file = fileOf(name, manifest);
  const [match] = detectModels(file, families);
  if (match === undefined) {
    cases.notChecked(name, describeUnknown(file, families));
    return;
  }
  const { family, config, specs, names } = match;
  const metric = (what: string) => ({ name: what, bound: 0 });
  await cases.measure(`${name} configuration`, metric("tensors missing, extra or changed"), () => {
    const wrong = [...match.missing, ...match.unknown, ...match.mismatched];
    // Detection lets axes of one pass; these lists are of the files themselves.
    const changed = [...names].filter(
      ([canonical, [first, ...others]]) =>
        others.length === 0 &&
        manifest[match.part.prefix + first?.own]?.join() !== specs.get(canonical)?.shape.join(),
    );
    return wrong.length + changed.length;
  });
  await cases.measure(`${name} pass`, metric("tensors not read or extra"), async () => {
    const device = openDevice("null");
    using store = sourceStore(emptySource(family.tensors(config), device));
    const read = new Set<string>();
    const weights: Weights = {
      device,
      has: (tensor) => store.has(tensor),
      get: (tensor, preparation) => {
        read.add(tensor);
        return store.get(tensor, preparation);
      },
    };
    await pass(family, config, weights);
    return apart([...read], [...names.keys()]);
  });
}

/** A file of which only names and shapes are known. */
function fileOf(path: string, manifest: Manifest): TensorFile {
  const none = (): never => {
    throw new UmbelError("ERR_MISSING_TENSOR", `Expected data in ${path}, got names and shapes.`);
  };
  const tensors = Object.entries(manifest).map(([name, shape]) => {
    const place = { storedType: "BF16", path, byteOffset: 0, bytes: 0 };
    return [name, { shape, dtype: "bf16" as const, ...place }] as const;
  });
  return {
    path,
    size: 0,
    tensors: new Map(tensors),
    metadata: {},
    tensor: none,
    stored: none,
    read: none,
    [Symbol.dispose]: () => {},
  };
}

/** How many names are in one list only. */
function apart(a: readonly string[], b: readonly string[]): number {
  const [first, second] = [new Set(a), new Set(b)];
  return a.filter((name) => !second.has(name)).length + b.filter((name) => !first.has(name)).length;
}

/** Does what the family is for once, at the size above. */
async function pass(family: AnyFamily, config: unknown, weights: Weights): Promise<void> {
  const { device } = weights;
  switch (family.kind) {
    case "diffusion": {
      using latent = device.empty(latentShape(family.latent));
      using context = device.empty([TEXT_TOKENS, family.textWidth(config)]);
      const model = family.create(config, weights);
      const shapes = Object.entries(family.extraShapes?.(config) ?? {});
      const extra = Object.fromEntries(shapes.map(([name, shape]) => [name, device.empty(shape)]));
      using flow = model.forward({ latent, timestep: 999, context, extra });
      expectShape(flow, latent.shape);
      for (const tensor of Object.values(extra)) tensor[Symbol.dispose]();
      return;
    }
    case "vae": {
      const vae = family.create(config, weights);
      using latent = device.empty(latentShape(family.latent));
      const frames = family.latent.temporalFactor * ((latent.shape[1] ?? 0) - 1) + 1;
      if (vae.lacks !== "decoder") {
        let decoded = 0;
        await vae.decode(latent, async (part) => {
          expectShape(part, [part.shape[0] ?? 0, HEIGHT, WIDTH, 3]);
          decoded += part.shape[0] ?? 0;
        });
        expectCount(decoded, frames);
      }
      if (vae.lacks === "encoder") return;
      using encoded = await vae.encode(frames, async (_first, count) =>
        device.empty([count, HEIGHT, WIDTH, 3]),
      );
      expectShape(encoded, latent.shape);
      return;
    }
    case "text-encoder": {
      using rows = family.create(config, weights).forward(new Int32Array(TEXT_TOKENS));
      expectShape(rows, [TEXT_TOKENS, rows.shape[1] ?? 0]);
      return;
    }
    case "clip-vision": {
      const model = family.create(config, weights);
      using pixels = device.empty([3, model.imageSize, model.imageSize]);
      const { penultimate, embedding } = model.forward(pixels);
      using rows = penultimate;
      using token = embedding;
      expectShape(rows, [rows.shape[0] ?? 0, rows.shape[1] ?? 0]);
      expectShape(token, [1, token.shape[1] ?? 0]);
      return;
    }
    default:
      assertNever(family);
  }
}

function latentShape({ channels, spatialFactor, temporalFactor }: LatentGeometry): number[] {
  const frames = 1 + Math.floor((FRAMES - 1) / temporalFactor);
  return [channels, frames, HEIGHT / spatialFactor, WIDTH / spatialFactor];
}

function expectShape(tensor: Tensor, shape: readonly number[]): void {
  if (tensor.shape.join() === shape.join()) return;
  throw new UmbelError(
    "ERR_SHAPE",
    `Expected [${shape.join(", ")}], got [${tensor.shape.join(", ")}].`,
  );
}

function expectCount(frames: number, expected: number): void {
  if (frames === expected) return;
  throw new UmbelError("ERR_SHAPE", `Expected ${expected} frames, got ${frames}.`);
}
