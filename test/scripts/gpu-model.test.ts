import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { detectModel, detectModels } from "#runtime/engine/models/detect";
import { loadFamilies, type AnyFamily, type ModelKind } from "#runtime/engine/models/families";
import { ModelManager } from "#runtime/engine/models/manager";
import { DENSE } from "#runtime/sdk/attention-settings";
import type { TensorSpec } from "#runtime/sdk/model";
import { openDevice } from "#runtime/tensor/devices";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import type { TensorEntry, TensorFile } from "#runtime/weights/tensor-file";
import { clip } from "../../scripts/gpu-model/clip-row.ts";
import { loraSpecs, writeRandomCheckpoint } from "../../scripts/gpu-model/random-checkpoint.ts";
import { MODEL_SETS } from "../../scripts/gpu-model/model-sets.ts";
import { decode, encode, encodeText, forward, load, steady } from "../../scripts/gpu-model/rows.ts";
import type { RowContext } from "../../scripts/gpu-model/rows.ts";
import { expectNoLiveTensors } from "../helpers/tensors.ts";

const BUNDLED = {
  diffusion: "models/diffusion_models/umbel_tiny_t2v_bf16.safetensors",
  "text-encoder": "models/text_encoders/umbel_tiny_umt5_bf16.safetensors",
  vae: "models/vae/umbel_tiny_vae_bf16.safetensors",
};

const RADIAL = MODEL_SETS.wan.radial;

const folder = mkdtempSync(join(tmpdir(), "umbel-gpu-model-"));
const device = openDevice("cpu", { threads: 2 });
let families: readonly AnyFamily[];
let context: RowContext;

type BundledKind = keyof typeof BUNDLED;

const KINDS: Readonly<Record<string, ModelKind>> = {
  diffusion_models: "diffusion",
  text_encoders: "text-encoder",
  vae: "vae",
};

/** A file that holds names and shapes only. */
function fileOf(specs: readonly TensorSpec[]): TensorFile {
  const none = () => {
    throw new Error("Expected names and shapes to be enough.");
  };
  const entries = specs.map(({ name, shape }): [string, TensorEntry] => [
    name,
    { shape, dtype: "bf16", storedType: "BF16", path: "", byteOffset: 0, bytes: 0 },
  ]);
  const tensors = new Map(entries);
  const data = { tensor: none, stored: none, read: none, [Symbol.dispose]: () => {} };
  return { path: "", size: 0, tensors, metadata: {}, ...data };
}

function bundled(kind: BundledKind): { specs: readonly TensorSpec[]; assets: object } {
  using file = openCheckpoint(BUNDLED[kind]);
  const { family, config, part } = detectModel(file, families, kind);
  const assets = Object.fromEntries([...part.assets].map(([name, own]) => [name, file.read(own)]));
  return { specs: family.tensors(config as never), assets };
}

beforeAll(async () => {
  families = await loadFamilies();
  const write = (kind: BundledKind) => {
    const path = join(folder, `${kind}.safetensors`);
    const { specs, assets } = bundled(kind);
    writeRandomCheckpoint(path, specs, assets as Record<string, Uint8Array>);
    return path;
  };
  const lora = join(folder, "lora.safetensors");
  writeRandomCheckpoint(lora, loraSpecs(bundled("diffusion").specs, 4));
  context = {
    device,
    families,
    manager: new ModelManager({ device, families }),
    files: {
      diffusion: write("diffusion"),
      encoder: write("text-encoder"),
      vae: write("vae"),
      lora,
    },
    size: { width: 64, height: 64, frames: 5 },
    rounds: 1,
    textTokens: 512,
    weightType: "default",
  };
});
afterAll(async () => {
  context.manager.release();
  await expectNoLiveTensors(device);
  rmSync(folder, { recursive: true });
});

const MODEL_FILES = Object.values(MODEL_SETS).flatMap(({ files }) =>
  Object.entries(files).filter(([path]) => !path.startsWith("loras/")),
);

test.each(MODEL_FILES)("%s is written under names that are found again", (path, tensors) => {
  const kind = KINDS[path.split("/")[0] ?? ""];
  const specs = tensors(families);
  using file = fileOf(specs);
  const [found, ...others] = detectModels(file, families);
  expect(kind).toBeDefined();
  expect(found?.family.kind).toBe(kind);
  expect([found?.missing, found?.unknown, found?.mismatched]).toEqual([[], [], []]);
  expect(found?.specs.size).toBe(specs.length);
  expect(others.filter(({ family }) => family.kind === kind)).toEqual([]);
});

describe("a whole model with random weights is timed:", () => {
  test.each([
    ["dense", (given: RowContext) => forward(given, DENSE)],
    ["radial", (given: RowContext) => forward(given, RADIAL)],
    ["load", load],
    ["decode", decode],
    ["encode", encode],
    ["text", encodeText],
    ["clip", clip],
  ] as const)("%s", async (_row, measure) => {
    const { seconds, peakBytes } = await measure(context);
    expect(seconds).toHaveLength(2);
    expect(Math.min(...seconds)).toBeGreaterThan(0);
    expect(peakBytes).toBeGreaterThan(0);
  });

  test("a forward pass says how many tokens it has", async () => {
    const { details } = await forward(context, RADIAL);
    expect(details).toMatchObject({ tokens: 2 * 4 * 4, density: 1 });
    expect(details["outputSum"]).toBeGreaterThan(0);
  });

  test("and, on a device with memory of its own, what it takes by plan", async () => {
    const { details } = await forward({ ...context, deviceLimit: 2 ** 30 }, RADIAL);
    const { plannedBytes = 0, peakOverPlan = 0 } = details;
    using file = openCheckpoint(context.files.diffusion);
    expect(plannedBytes).toBeGreaterThan(file.size);
    expect(peakOverPlan * plannedBytes).toBeGreaterThan(0);
  });

  test("ten passes say how steady they are", async () => {
    const { seconds, details } = await steady(context, RADIAL);
    expect(seconds).toHaveLength(10);
    expect(details["firstOverTenth"]).toBe((seconds[0] ?? 0) / (seconds[9] ?? 0));
  });

  test("loading counts the bytes of all weights, which the CPU maps in place", async () => {
    const { details } = await load(context);
    expect(details).toEqual({ bytes: 0, gigabytesPerSecond: 0 });
  });
});
