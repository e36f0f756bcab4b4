/** The Wan transformer: outputs dense and with radial masks inside, names, tensors. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blockCount, rowColumns } from "#runtime/attention/csr";
import { radialMask } from "#runtime/attention/radial";
import type { BlockMask } from "#runtime/attention/block-mask";
import { UmbelError } from "#runtime/errors";
import type { Bench, Check } from "../check.ts";
import type { Cases } from "../cases.ts";
import { differing, relativeError } from "../compare.ts";
import type { Folder } from "../folder.ts";
import { item, readGolden, type GoldenFile } from "../golden-file.ts";
import {
  checkNames,
  checkTensors,
  holdsFamily,
  joinCheckpoints,
  withDiffusion,
} from "../models.ts";
import { batchOf, predict } from "../wan-inputs.ts";

const IO = /^(io|radial).*\.safetensors$/;

export const wanDit: Check = {
  name: "wan-dit",
  computes: true,
  recognises: (folder, bench) =>
    folder.files.some((file) => IO.test(file)) &&
    ["wan", "wan22"].some((family) => holdsFamily(folder, bench, family)),

  async run(folder, bench, cases) {
    const detected = await checkTensors(folder, bench, cases, "diffusion");
    if (detected === null) return;
    await checkNames(folder, cases, detected);
    for (const file of folder.files) {
      if (!IO.test(file)) continue;
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      if (golden === null) continue;
      await (file.startsWith("radial")
        ? runRadial({ folder, bench, cases }, file, golden)
        : runDense({ folder, bench, cases }, file, golden));
    }
  },
};

interface Run {
  readonly folder: Folder;
  readonly bench: Bench;
  readonly cases: Cases;
}

async function runDense(run: Run, file: string, golden: GoldenFile): Promise<void> {
  const variant = /^io_(\w+)\.safetensors$/.exec(file)?.[1];
  if (variant !== undefined && run.folder.has(`${variant}_extra_weights.safetensors`)) {
    return runExtended(run, file, golden, `${variant}_extra_weights.safetensors`);
  }
  const batch = await run.cases.prepare(file, () => batchOf(golden));
  for (let i = 0; i < (batch ?? 0); i++) {
    await measure(run, `${file} out[${i}]`, golden, { index: i, output: "out" });
  }
}

/** The folder's weights with further ones; features of the two pictures of a batch are one sequence. */
async function runExtended(
  { folder, bench, cases }: Run,
  file: string,
  golden: GoldenFile,
  further: string,
): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "umbel-conformance-"));
  const path = join(scratch, "weights.safetensors");
  try {
    const metric = { name: "relative error", bound: bench.bound(2e-4, 2e-2) };
    await cases.measure(`${file} out`, metric, async () => {
      joinCheckpoints([folder.file("weights.safetensors"), folder.file(further)], path);
      const { shape, values } = readGolden(folder.file("io.safetensors")).get("clip_fea");
      const [, , width = 0] = shape;
      const clip_vision = { shape: [values.length / width, width], values };
      return withDiffusion(bench, path, [], async (model) => {
        const out = await predict(model, bench.device, golden, 0, undefined, { clip_vision });
        return relativeError(out, item(golden.get("out"), 0).values);
      });
    });
  } finally {
    bench.manager.release();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function runRadial(run: Run, file: string, golden: GoldenFile): Promise<void> {
  const stated = await run.cases.prepare(file, () => readStated(golden));
  if (stated === null) return;
  const { mask, denseLayers } = stated;
  const metric = { name: "differing blocks", bound: 0 };
  await run.cases.measure(`${file} block_mask`, metric, () =>
    differing(golden.get("block_mask").values, unpacked(mask)),
  );
  await measure(run, `${file} out`, golden, {
    index: 0,
    output: "out",
    attention: (layer) => (layer < denseLayers ? null : mask),
  });
  if (golden.has("out_dense")) {
    await measure(run, `${file} out_dense`, golden, { index: 0, output: "out_dense" });
  }
}

async function measure(
  { folder, bench, cases }: Run,
  name: string,
  golden: GoldenFile,
  what: {
    readonly index: number;
    readonly output: string;
    readonly attention?: (layer: number) => BlockMask | null;
  },
): Promise<void> {
  const metric = { name: "relative error", bound: bench.bound(2e-4, 2e-2) };
  await cases.measure(name, metric, () =>
    withDiffusion(bench, folder.file("weights.safetensors"), [], async (model) => {
      const out = await predict(model, bench.device, golden, what.index, what.attention);
      const expected = golden.get(what.output);
      const batched = expected.shape.length === 5;
      return relativeError(out, batched ? item(expected, what.index).values : expected.values);
    }),
  );
}

function readStated({ metadata }: GoldenFile): { mask: BlockMask; denseLayers: number } {
  const number = (key: string): number => {
    const value = Number(metadata[key]);
    if (Number.isFinite(value)) return value;
    throw new UmbelError("ERR_CHECKPOINT", `Expected a number ${key} in the metadata, got none.`);
  };
  const blockSize = number("block_size");
  if (blockSize !== 64 && blockSize !== 128) {
    throw new UmbelError("ERR_CHECKPOINT", `Expected a block size of 64 or 128, got ${blockSize}.`);
  }
  const mask = radialMask({
    tokensPerFrame: number("tokens_per_frame"),
    frames: number("frames"),
    textTokens: 0,
    decayFactor: number("decay_factor"),
    blockSize,
    kind: "wan",
  });
  return { mask, denseLayers: number("dense_layers") };
}

function unpacked(mask: BlockMask): Uint8Array {
  const blocks = blockCount(mask);
  const bits = new Uint8Array(blocks * blocks);
  for (let row = 0; row < blocks; row++) {
    for (const column of rowColumns(mask, row)) bits[row * blocks + column] = 1;
  }
  return bits;
}
