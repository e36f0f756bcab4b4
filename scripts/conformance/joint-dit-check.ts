/** Transformers whose video and text share one attention: outputs dense and with radial masks inside, names, tensors. */
import { blockCount, rowColumns } from "#runtime/attention/csr";
import { radialMask } from "#runtime/attention/radial";
import { withText } from "#runtime/attention/text-mask";
import type { BlockMask } from "#runtime/attention/block-mask";
import { UmbelError } from "#runtime/errors";
import type { DiffusionModel, LayerAttention } from "#runtime/sdk/model";
import type { Device } from "#runtime/tensor/device";
import type { Bench, Check } from "./check.ts";
import type { Cases } from "./cases.ts";
import { differing, relativeError } from "./compare.ts";
import type { Folder } from "./folder.ts";
import { item, readGolden, type GoldenFile } from "./golden-file.ts";
import { checkTensors, holdsFamily, withDiffusion } from "./models.ts";
import { checkNameMap } from "./name-map.ts";

const IO = /^(io|radial).*\.safetensors$/;

export interface JointDitCheck {
  readonly name: string;
  /** Of the transformer. */
  readonly family: string;
  /** Metadata with the number of text tokens that the mask covers. */
  readonly textTokens: string;
  /** The model's output for stored input `index`. */
  readonly predict: (
    model: DiffusionModel,
    device: Device,
    golden: GoldenFile,
    index: number,
    attention?: LayerAttention,
  ) => Promise<Float32Array>;
}

export function jointDitCheck(kind: JointDitCheck): Check {
  return {
    name: kind.name,
    computes: true,
    recognises: (folder, bench) =>
      folder.files.some((file) => IO.test(file)) && holdsFamily(folder, bench, kind.family),

    async run(folder, bench, cases) {
      const detected = await checkTensors(folder, bench, cases, "diffusion");
      if (detected === null) return;
      for (const file of folder.files.filter((name) => name.endsWith("_to_original.json"))) {
        await checkNameMap(folder, file, cases, detected);
      }
      for (const file of folder.files.filter((name) => IO.test(name))) {
        const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
        if (golden === null) continue;
        const run = { kind, folder, bench, cases };
        await (file.startsWith("radial")
          ? runRadial(run, file, golden)
          : runDense(run, file, golden));
      }
    },
  };
}

interface Run {
  readonly kind: JointDitCheck;
  readonly folder: Folder;
  readonly bench: Bench;
  readonly cases: Cases;
}

async function runDense(run: Run, file: string, golden: GoldenFile): Promise<void> {
  const batch = await run.cases.prepare(file, () => golden.get("x").shape[0] ?? 0);
  for (let i = 0; i < (batch ?? 0); i++) {
    await measure(run, `${file} out[${i}]`, golden, { index: i, output: "out" });
  }
}

async function runRadial(run: Run, file: string, golden: GoldenFile): Promise<void> {
  const stated = await run.cases.prepare(file, () => readStated(run.kind, golden));
  if (stated === null) return;
  const { mask, textTokens, denseLayers } = stated;
  const metric = { name: "differing blocks", bound: 0 };
  await run.cases.measure(`${file} block_mask`, metric, () =>
    differing(golden.get("block_mask").values, unpacked(withText(mask, textTokens))),
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
  { kind, folder, bench, cases }: Run,
  name: string,
  golden: GoldenFile,
  what: { readonly index: number; readonly output: string; readonly attention?: LayerAttention },
): Promise<void> {
  const metric = { name: "relative error", bound: bench.bound(2e-4, 2e-2) };
  await cases.measure(name, metric, () =>
    withDiffusion(bench, folder.file("weights.safetensors"), [], async (model) => {
      const out = await kind.predict(model, bench.device, golden, what.index, what.attention);
      return relativeError(out, item(golden.get(what.output), what.index).values);
    }),
  );
}

function readStated({ textTokens }: JointDitCheck, { metadata }: GoldenFile) {
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
    kind: metadata["model_type"] === "wan" ? "wan" : "hunyuan",
  });
  return { mask, textTokens: number(textTokens), denseLayers: number("dense_layers") };
}

function unpacked(mask: BlockMask): Uint8Array {
  const blocks = blockCount(mask);
  const bits = new Uint8Array(blocks * blocks);
  for (let row = 0; row < blocks; row++) {
    for (const column of rowColumns(mask, row)) bits[row * blocks + column] = 1;
  }
  return bits;
}
