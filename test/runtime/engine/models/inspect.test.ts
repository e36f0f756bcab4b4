import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inspectFile } from "#runtime/engine/models/inspect";
import { writeSafetensors, type StoredTensor } from "#runtime/weights/write";
import { temporaryFolder } from "../../../helpers/safetensors-bytes.ts";
import { bf16, f32 } from "../../../helpers/stored-tensors.ts";
import { tinyFamily } from "../../../helpers/tiny-family.ts";

const folder = temporaryFolder();
let count = 0;
function write(tensors: Record<string, StoredTensor>): string {
  const path = join(folder, `i${count++}.safetensors`);
  writeSafetensors(path, new Map(Object.entries(tensors)), { note: "test" });
  return path;
}
const zeros = (shape: readonly number[]) =>
  bf16(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
const specs = tinyFamily.tensors({ width: 4, blocks: 1 });
const model = Object.fromEntries(
  specs.map(({ name, shape }) => [`model.diffusion_model.${name}`, zeros(shape)]),
);
const lora = {
  "diffusion_model.blocks.0.ffn.lora_down.weight": f32([1, 2, 3, 4], [1, 4]),
  "diffusion_model.blocks.0.ffn.lora_up.weight": f32([1, 2, 3, 4, 5, 6, 7, 8], [8, 1]),
  "diffusion_model.blocks.0.ffn.alpha": f32([4], []),
  "diffusion_model.blocks.5.self_attn.q.diff_b": f32([4]),
};

describe("inspectFile", () => {
  it("describes a checkpoint with what is missing and unknown", () => {
    const { "model.diffusion_model.head.bias": _, ...partial } = model;
    const path = write({ ...partial, "model.diffusion_model.extra": f32([1, 2]) });
    expect(inspectFile(path, [tinyFamily])).toMatchObject({
      files: 1,
      tensors: 7,
      parameters: 4 + 16 + 4 + 32 + 8 + 12 + 2,
      precision: { BF16: { tensors: 6, parameters: 76 }, F32: { tensors: 1, parameters: 2 } },
      metadata: { note: "test" },
      models: [
        {
          family: "tiny",
          naming: "original",
          prefix: "model.diffusion_model.",
          config: { width: 4, blocks: 1 },
          missing: ["head.bias"],
          unknown: ["model.diffusion_model.extra"],
          mismatched: [],
        },
      ],
      lora: null,
      problem: null,
    });
  });

  it("describes a LoRA, alone and against a model", () => {
    const path = write(lora);
    expect(inspectFile(path, [tinyFamily])).toMatchObject({
      models: [],
      lora: {
        format: "lora_down, lora_up below diffusion_model.",
        layers: 2,
        ranks: { 1: 1 },
        alphas: [4],
        differences: 1,
        madeFor: "Wan",
        fit: null,
      },
    });
    expect(inspectFile(path, [tinyFamily], write(model)).lora?.fit).toEqual({
      model: "Tiny",
      applied: 1,
      unmatched: ["diffusion_model.blocks.5.self_attn.q.diff_b"],
      elsewhere: [],
      unsupported: [],
    });
  });

  it("says why a file is neither", () => {
    expect(inspectFile(write({ x: f32([1]) }), [tinyFamily])).toMatchObject({
      models: [],
      lora: null,
      problem: expect.stringContaining('its tensors begin with "x"'),
    });
  });
});
