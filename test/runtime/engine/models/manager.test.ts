import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ModelManager } from "#runtime/engine/models/manager";
import type { AnyFamily } from "#runtime/engine/models/families";
import { modelRecipe, withLora } from "#runtime/sdk/recipes";
import type { Weights } from "#runtime/sdk/model";
import type { ModelRecipe } from "#runtime/sdk/values";
import { writeSafetensors, type StoredTensor } from "#runtime/weights/write";
import { temporaryFolder } from "../../../helpers/safetensors-bytes.ts";
import { bf16, f32 } from "../../../helpers/stored-tensors.ts";
import { expectNoLiveTensors, testDevice } from "../../../helpers/tensors.ts";
import { tinyFamily } from "../../../helpers/tiny-family.ts";

const folder = temporaryFolder();
let count = 0;
function write(tensors: Record<string, StoredTensor>, name = `m${count++}.safetensors`): string {
  const path = join(folder, name);
  writeSafetensors(path, new Map(Object.entries(tensors)));
  return path;
}
const ramp = (shape: readonly number[], start: number) =>
  bf16(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (start + i) / 8),
    shape,
  );

/** Tensors of a whole tiny model under canonical names. */
function tinyModel(blocks = 2): Record<string, StoredTensor> {
  const specs = tinyFamily.tensors({ width: 4, blocks });
  return Object.fromEntries(specs.map(({ name, shape }, i) => [name, ramp(shape, i)]));
}
const renamed = (tensors: Record<string, StoredTensor>, to: (name: string) => string) =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [to(name), tensor]));

/** Leases hand out a forward function; tests want the weights that it was made with. */
let lastWeights: Weights | undefined;
const spied = {
  ...tinyFamily,
  create: (config: never, weights: Weights) => {
    lastWeights = weights;
    return tinyFamily.create(config, weights);
  },
} as AnyFamily;
const weightsOf = (): Weights => {
  if (lastWeights === undefined) throw new Error("Expected a model that was created.");
  return lastWeights;
};

const managers: ModelManager[] = [];
function manager(budget?: number): ModelManager {
  const made = new ModelManager({
    device: testDevice(),
    families: [spied],
    ...(budget === undefined ? {} : { budget }),
  });
  managers.push(made);
  return made;
}
const recipeOf = (models: ModelManager, path: string, type?: ModelRecipe["weightType"]) =>
  modelRecipe(models.identify(path, "diffusion"), type);
const loraPath = (scale = 1) =>
  write({
    "diffusion_model.blocks.0.attn.q.lora_A.weight": f32([scale, 0, 0, 0], [1, 4]),
    "diffusion_model.blocks.0.attn.q.lora_B.weight": f32([1, 1, 1, 1], [4, 1]),
  });
const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

afterEach(async () => {
  for (const made of managers.splice(0)) made.release();
  await expectNoLiveTensors();
});

describe("identifying", () => {
  const toDiffusers = (name: string) =>
    name
      .replace(/^blocks/, "transformer_blocks")
      .replace("attn.q", "attn1.to_q")
      .replace("ffn", "ff.net")
      .replace("head", "proj_out")
      .replace(/^shift$/, "scale_shift_table");

  it.each([
    ["plain", (name: string) => name, ""],
    [
      "a ComfyUI checkpoint",
      (name: string) => `model.diffusion_model.${name}`,
      "model.diffusion_model.",
    ],
    ["diffusers", toDiffusers, ""],
    [
      "diffusers in a pipeline",
      (name: string) => `transformer.${toDiffusers(name)}`,
      "transformer.",
    ],
  ])("%s", async (_, rename, prefix) => {
    const models = manager();
    const path = write({ ...renamed(tinyModel(), rename), other: f32([1]) });
    expect(models.identify(path, "diffusion")).toEqual({ path, prefix, family: "tiny" });
    using lease = await models.diffusion(recipeOf(models, path));
    expect(lease.layers).toBe(2);
    expect([...(await weightsOf().get("shift").read())]).toEqual([0, 0.125, 0.25, 0.375]);
  });

  it.each<[string, Record<string, StoredTensor>, string, RegExp]>([
    [
      "another model",
      { "down_blocks.0.conv.weight": f32([1]) },
      "ERR_UNKNOWN_MODEL",
      /begin with "down_blocks.*Known are: Tiny/,
    ],
    [
      "a LoRA",
      { "diffusion_model.blocks.0.attn.q.lora_A.weight": f32([1]) },
      "ERR_UNKNOWN_MODEL",
      /a LoRA\. Load it with a LoRA node/,
    ],
    [
      "a known relative",
      { "blocks.0.ffn.weight": f32([1]) },
      "ERR_UNKNOWN_MODEL",
      /relative of Tiny: a variant without attention/,
    ],
    ["no tensors", {}, "ERR_UNKNOWN_MODEL", /without tensors/],
  ])("says that %s is none", (_, tensors, code, message) => {
    expect(() => manager().identify(write(tensors), "diffusion")).toThrow(failure(code, message));
  });

  it("names missing tensors and wrong shapes", () => {
    const { "blocks.1.ffn.bias": _, ...without } = tinyModel();
    expect(() => manager().identify(write(without), "diffusion")).toThrow(
      failure("ERR_MISSING_TENSOR", /without blocks\.1\.ffn\.bias/),
    );
    const wrong = { ...tinyModel(), "blocks.1.ffn.bias": f32([1, 2]) };
    expect(() => manager().identify(write(wrong), "diffusion")).toThrow(
      failure("ERR_CHECKPOINT", /"blocks\.1\.ffn\.bias": Expected shape \[8\].*got \[2\]/),
    );
  });

  it("knows which kind a file is of", () => {
    expect(() => manager().identify(write(tinyModel()), "vae")).toThrow(
      failure("ERR_UNKNOWN_MODEL", /Expected a VAE in .*, got a diffusion model \(Tiny\)/),
    );
  });

  it("tells of tensors that nothing uses", async () => {
    const models = manager();
    using lease = await models.diffusion(
      recipeOf(models, write({ ...tinyModel(), extra: f32([1]) })),
    );
    expect(lease.warnings).toEqual([expect.stringMatching(/1 tensors are unknown to Tiny.*extra/)]);
  });
});

describe("weights", () => {
  it("are read in place and shared between leases", async () => {
    const models = manager();
    const recipe = recipeOf(models, write(tinyModel()));
    using first = await models.diffusion(recipe);
    const weight = weightsOf().get("head.weight");
    expect(weightsOf().get("head.weight")).toBe(weight);
    using second = await models.diffusion(recipe);
    expect(second.instance).toBe(first.instance);
    expect(models.bytes).toBe(0);
    expect(() => weightsOf().get("no.such")).toThrow(
      failure("ERR_MISSING_TENSOR", /"no\.such" of Tiny/),
    );
  });

  it("prepared are kept by name and key", async () => {
    const models = manager();
    using lease = await models.diffusion(recipeOf(models, write(tinyModel())));
    let calls = 0;
    const flat = {
      key: "flat",
      apply: (t: ReturnType<Weights["get"]>) => (calls++, t.reshape([-1])),
    };
    expect(weightsOf().get("head.weight", flat).shape).toEqual([12]);
    expect(weightsOf().get("head.weight", flat)).toBe(weightsOf().get("head.weight", flat));
    expect([calls, weightsOf().get("head.weight").shape, lease.layers]).toEqual([1, [3, 4], 2]);
  });

  it.each([
    [
      "scaled_fp8",
      { scaled_fp8: { storedType: "F8_E4M3", shape: [0], bytes: new Uint8Array() } },
      "scale_weight",
    ],
    ["newer", {}, "weight_scale"],
  ])("in scaled float8 (%s) are multiplied out", async (_, marker, suffix) => {
    const models = manager();
    const path = write({
      ...tinyModel(),
      ...marker,
      "head.weight": { storedType: "F8_E4M3", shape: [3, 4], bytes: new Uint8Array(12).fill(0x3c) },
      [`head.${suffix}`]: f32([0.3], []),
      "head.scale_input": f32([5], []),
    });
    using lease = await models.diffusion(recipeOf(models, path));
    const head = weightsOf().get("head.weight");
    expect(head.dtype).toBe("f32");
    expect([...(await head.read())]).toEqual(
      Array<number>(12).fill(Math.fround(1.5 * Math.fround(0.3))),
    );
    expect(lease.warnings).toEqual([]);
  });

  it("with a scale a row", async () => {
    const models = manager();
    const path = write({
      ...tinyModel(),
      "head.weight": { storedType: "F8_E4M3", shape: [3, 4], bytes: new Uint8Array(12).fill(0x38) },
      "head.weight_scale": f32([1, 2, 3], [3, 1]),
    });
    using lease = await models.diffusion(recipeOf(models, path));
    expect([...(await weightsOf().get("head.weight").read())]).toEqual([
      1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
    ]);
    expect(lease.layers).toBe(2);
  });

  it("are kept in the type that the loader asks for, matrices only", async () => {
    const models = manager();
    using lease = await models.diffusion(recipeOf(models, write(tinyModel()), "fp8_e4m3fn"));
    const types = ["head.weight", "head.bias", "shift"].map((name) => weightsOf().get(name).dtype);
    expect([types, lease.layers]).toEqual([["f8_e4m3", "bf16", "bf16"], 2]);
  });
});

describe("fp8_e4m3fn_fast", () => {
  /** The matrix that a quantised weight stands for. */
  async function restored(name: string): Promise<number[]> {
    const weight = weightsOf().get(name);
    const scales = await weightsOf().get(`${name}_scale`).read();
    expect([weight.dtype, scales.length]).toEqual(["f8_e4m3", weight.shape[0]]);
    const width = weight.shape[1] ?? 1;
    return [...(await weight.read())].map((v, i) => v * (scales[Math.floor(i / width)] ?? NaN));
  }
  const expectNear = (got: readonly number[], wanted: readonly number[]) => {
    expect(got).toHaveLength(wanted.length);
    for (const [i, v] of wanted.entries()) {
      expect(Math.abs((got[i] ?? NaN) - v)).toBeLessThanOrEqual(Math.abs(v) / 16 + 1e-6);
    }
  };

  it("keeps the matrices of the blocks in float8 with scales and the rest as it is", async () => {
    const models = manager();
    const path = write(tinyModel());
    using plain = await models.diffusion(recipeOf(models, path));
    const before = [...(await weightsOf().get("blocks.1.ffn.weight").read())];
    using lease = await models.diffusion(recipeOf(models, path, "fp8_e4m3fn_fast"));
    expectNear(await restored("blocks.1.ffn.weight"), before);
    const others = ["blocks.0.attn.q.bias", "head.weight", "shift"];
    expect(others.map((name) => weightsOf().get(name).dtype)).toEqual(["bf16", "bf16", "bf16"]);
    expect(others.map((name) => weightsOf().has(`${name}_scale`))).toEqual([false, false, false]);
    // Eight rows of four values and a scale.
    expect(models.bytes).toBe(8 * (4 + 4));
    expect([plain.warnings, lease.warnings]).toEqual([[], []]);
  });

  it("takes float8 with scales as the file holds it", async () => {
    const models = manager();
    const bytes = new Uint8Array(16).fill(0x3c);
    const path = write({
      ...tinyModel(),
      "blocks.0.attn.q.weight": { storedType: "F8_E4M3", shape: [4, 4], bytes },
      "blocks.0.attn.q.scale_weight": f32([0.5], []),
      scaled_fp8: { storedType: "F8_E4M3", shape: [0], bytes: new Uint8Array() },
    });
    using lease = await models.diffusion(recipeOf(models, path, "fp8_e4m3fn_fast"));
    // Asked for first, scales are there without their weight.
    expect([...(await weightsOf().get("blocks.0.attn.q.weight_scale").read())]).toEqual([
      0.5, 0.5, 0.5, 0.5,
    ]);
    expect(await weightsOf().get("blocks.0.attn.q.weight").readRaw()).toEqual(bytes);
    expect([lease.layers, models.bytes]).toEqual([2, 16]);
  });

  it("quantises what LoRAs changed after they were added", async () => {
    const models = manager();
    const recipe = recipeOf(models, write(tinyModel()), "fp8_e4m3fn_fast");
    using plain = await models.diffusion(recipe);
    const before = await restored("blocks.0.attn.q.weight");
    const base = weightsOf();
    using changed = await models.diffusion(withLora(recipe, loraPath(4), 2));
    const merged = before.map((v, i) => (i % 4 === 0 ? v + 8 : v));
    // What changes a row's largest value changes the steps of all of it.
    const got = await restored("blocks.0.attn.q.weight");
    for (const [i, v] of merged.entries()) expect(Math.abs((got[i] ?? NaN) - v)).toBeLessThan(0.6);
    expect(weightsOf().get("blocks.0.attn.q.weight_scale")).not.toBe(
      base.get("blocks.0.attn.q.weight_scale"),
    );
    expect(weightsOf().get("blocks.0.ffn.weight_scale")).toBe(
      base.get("blocks.0.ffn.weight_scale"),
    );
    expect([plain.layers, changed.layers]).toEqual([2, 2]);
  });
});

describe("LoRAs", () => {
  it("change their weights only; the others stay those of the base", async () => {
    const models = manager();
    const recipe = recipeOf(models, write(tinyModel()));
    using plain = await models.diffusion(recipe);
    const base = weightsOf();
    const before = await base.get("blocks.0.attn.q.weight").read();
    using changed = await models.diffusion(
      withLora(withLora(recipe, loraPath(), 2), loraPath(), -0.5),
    );
    const merged = weightsOf().get("blocks.0.attn.q.weight");
    expect(merged.dtype).toBe("f32");
    expect([...(await merged.read())]).toEqual(
      [...before].map((x, i) => (i % 4 === 0 ? x + 1.5 : x)),
    );
    expect(weightsOf().get("head.weight")).toBe(base.get("head.weight"));
    expect(models.bytes).toBe(4 * 16);
    expect([plain.warnings, changed.warnings]).toEqual([[], []]);
  });

  it("are rounded where float32 would not fit", async () => {
    const models = manager(100);
    const recipe = withLora(recipeOf(models, write(tinyModel())), loraPath(), 1);
    using lease = await models.diffusion(recipe);
    expect([weightsOf().get("blocks.0.attn.q.weight").dtype, lease.layers]).toEqual(["bf16", 2]);
  });

  it("report what was not applied", async () => {
    const models = manager();
    const lora = write({
      "diffusion_model.shift.diff": f32([1, 1, 1, 1]),
      "diffusion_model.blocks.7.ffn.lora_A.weight": f32([1]),
    });
    const recipe = withLora(recipeOf(models, write(tinyModel())), lora, 1);
    using lease = await models.diffusion(recipe);
    expect(lease.warnings).toEqual([
      expect.stringMatching(/1 keys name nothing that Tiny has \(diffusion_model\.blocks\.7/),
    ]);
    expect(models.loraReports(recipe)[0]?.applied).toEqual(["shift"]);
  });

  it.each<[string, Record<string, StoredTensor>, RegExp]>([
    [
      "of another family",
      { "lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight": f32([1]) },
      /none fits.*it is for HunyuanVideo or Flux/,
    ],
    ["that are checkpoints", tinyModel(), /Expected a LoRA, got .*not those of one/],
    [
      "of another size",
      {
        "blocks.0.ffn.lora_A.weight": f32([1], [1, 1]),
        "blocks.0.ffn.lora_B.weight": f32([1], [1, 1]),
      },
      /nothing can be applied.*up and down for \[8, 4\]/,
    ],
  ])("%s are refused", async (_, tensors, message) => {
    const models = manager();
    const recipe = withLora(recipeOf(models, write(tinyModel())), write(tensors), 1);
    await expect(models.diffusion(recipe)).rejects.toEqual(failure("ERR_LORA", message));
  });
});

describe("memory", () => {
  it("is given back when no lease needs it and the budget is passed, oldest first", async () => {
    const models = manager(200);
    const recipe = recipeOf(models, write(tinyModel()));
    const variants = [1, 2, 3].map((scale) => withLora(recipe, loraPath(scale), 1));
    const instances: unknown[] = [];
    for (const variant of variants) {
      using lease = await models.diffusion(variant);
      await weightsOf().get("blocks.0.attn.q.weight").read();
      instances.push(lease.instance);
    }
    // 64 bytes each: all fit.
    expect(models.bytes).toBe(192);
    using fourth = await models.diffusion(withLora(recipe, loraPath(4), 1));
    weightsOf().get("blocks.0.attn.q.weight");
    expect(models.bytes).toBe(192);
    using third = await models.diffusion(variants[2] ?? recipe);
    expect(third.instance).toBe(instances[2]);
    using first = await models.diffusion(variants[0] ?? recipe);
    expect(first.instance).not.toBe(instances[0]);
    expect(fourth.layers).toBe(2);
  });

  it("stays with a lease through a release", async () => {
    const models = manager();
    const recipe = withLora(recipeOf(models, write(tinyModel())), loraPath(), 1);
    {
      using lease = await models.diffusion(recipe);
      const weight = weightsOf().get("blocks.0.attn.q.weight");
      models.release();
      expect([weight.disposed, lease.layers]).toEqual([false, 2]);
    }
    models.release();
    expect(models.bytes).toBe(0);
    await expectNoLiveTensors();
  });

  it("does not outlive a file that was replaced", async () => {
    const models = manager();
    const path = write(tinyModel(), "replaced.safetensors");
    const first = await models.diffusion(recipeOf(models, path));
    write(tinyModel(3), "replaced.safetensors");
    using second = await models.diffusion(recipeOf(models, path));
    expect([first.layers, second.layers]).toEqual([2, 3]);
    first[Symbol.dispose]();
    writeFileSync(path, "gone");
    expect(() => models.identify(path, "diffusion")).toThrow(failure("ERR_CHECKPOINT", /10 bytes/));
  });
});
