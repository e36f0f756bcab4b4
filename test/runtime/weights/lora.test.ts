import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { guessLoraFamily } from "#runtime/weights/lora-family";
import { looksLikeLora, readLora } from "#runtime/weights/lora-file";
import { mergePatches, patchesOf } from "#runtime/weights/lora-merge";
import { LoraNames, type LoraTargets } from "#runtime/weights/lora-names";
import { planLora } from "#runtime/weights/lora-plan";
import { writeSafetensors, type StoredTensor } from "#runtime/weights/write";
import { temporaryFolder } from "../../helpers/safetensors-bytes.ts";
import { f32 } from "../../helpers/stored-tensors.ts";
import { checkLiveTensorsAtEnd, relativeError, testDevice } from "../../helpers/tensors.ts";
import { tinyFamily } from "../../helpers/tiny-family.ts";

checkLiveTensorsAtEnd();
const folder = temporaryFolder();
let count = 0;
function loraFile(tensors: Record<string, StoredTensor>, metadata: Record<string, string> = {}) {
  const path = join(folder, `l${count++}.safetensors`);
  writeSafetensors(path, new Map(Object.entries(tensors)), metadata);
  return readLora(openCheckpoint(path));
}

const specs = new Map(tinyFamily.tensors({ width: 4, blocks: 2 }).map((spec) => [spec.name, spec]));
const targets: LoraTargets = { kind: "diffusion", namings: tinyFamily.namings, specs };
const down = (rank = 2) =>
  f32(
    Float32Array.from({ length: rank * 4 }, (_, i) => i - 3),
    [rank, 4],
  );
const up = (rows = 4, rank = 2) =>
  f32(
    Float32Array.from({ length: rows * rank }, (_, i) => 2 - i),
    [rows, rank],
  );

describe("names of LoRAs", () => {
  const names = new LoraNames(targets);
  it.each([
    ["diffusion_model.blocks.1.attn.q", "blocks.1.attn.q.weight"],
    ["model.diffusion_model.blocks.1.attn.q", "blocks.1.attn.q.weight"],
    ["blocks.1.attn.q", "blocks.1.attn.q.weight"],
    ["pipe.dit.blocks.1.ffn", "blocks.1.ffn.weight"],
    ["base_model.model.blocks.0.ffn", "blocks.0.ffn.weight"],
    ["base_model.model.diffusion_model.blocks.0.ffn", "blocks.0.ffn.weight"],
    ["lora_unet_blocks_0_attn_q", "blocks.0.attn.q.weight"],
    ["lora_unet__blocks_0_attn_q", "blocks.0.attn.q.weight"],
    ["lycoris_blocks_1_ffn", "blocks.1.ffn.weight"],
    ["transformer.transformer_blocks.0.attn1.to_q", "blocks.0.attn.q.weight"],
    ["transformer_blocks.0.ff.net", "blocks.0.ffn.weight"],
    ["lora_transformer_transformer_blocks_0_attn1_to_q", "blocks.0.attn.q.weight"],
    ["lora_unet_proj_out", "head.weight"],
    ["diffusion_model.shift", "shift"],
    ["transformer.scale_shift_table", "shift"],
  ])("%s is %s", (stem, weight) => {
    expect(names.resolve(stem)).toMatchObject({ kind: "target", weight });
  });

  it.each([
    ["diffusion_model.blocks.2.attn.q", "none"],
    ["lora_unet_double_blocks_0_img_attn_qkv", "none"],
    ["lora_unet_a_b_c_d_e_f_g_h_i_j_k_l_m_n_o_p_q", "none"],
    ["lora_te_encoder_block_0", "elsewhere"],
    ["text_encoder.encoder.block.0.q", "elsewhere"],
    ["text_encoders.t5xxl.transformer.encoder.block.0.q", "elsewhere"],
  ])("%s is %s", (stem, kind) => {
    expect(names.resolve(stem).kind).toBe(kind);
  });

  it("finds a text encoder's layers with and without prefix", () => {
    const encoder = new LoraNames({ ...targets, kind: "text-encoder" });
    for (const stem of ["lora_te_blocks_0_ffn", "text_encoder.blocks.0.ffn", "blocks.0.ffn"]) {
      expect(encoder.resolve(stem)).toMatchObject({ weight: "blocks.0.ffn.weight" });
    }
    expect(encoder.resolve("diffusion_model.blocks.0.other").kind).toBe("elsewhere");
    expect(encoder.resolve("lora_te_blocks_9_ffn").kind).toBe("none");
  });
});

describe("what becomes of each key", () => {
  it("accounts for every one", () => {
    const lora = loraFile({
      "diffusion_model.blocks.0.attn.q.lora_A.weight": down(),
      "diffusion_model.blocks.0.attn.q.lora_B.weight": up(),
      "diffusion_model.blocks.0.attn.q.diff_b": f32([1, 2, 3, 4]),
      "diffusion_model.shift.diff": f32([1, 1, 1, 1]),
      "diffusion_model.blocks.9.attn.q.lora_A.weight": down(),
      "diffusion_model.blocks.9.attn.q.lora_B.weight": up(),
      "diffusion_model.blocks.1.attn.q.lora_A.weight": down(),
      "diffusion_model.blocks.1.attn.q.lora_B.weight": up(),
      "diffusion_model.blocks.1.attn.q.dora_scale": f32([1]),
      "diffusion_model.blocks.1.ffn.lora_down.weight": down(),
      "diffusion_model.head.lora_down.weight": down(),
      "diffusion_model.head.lora_up.weight": up(4),
      "diffusion_model.head.diff_b": f32([1, 2]),
      "text_encoder.x.lora_A.weight": down(),
      "text_encoder.x.lora_B.weight": up(),
      note: f32([1]),
    });
    const { report } = planLora(lora, targets);
    expect(report.applied).toEqual(["blocks.0.attn.q.weight", "blocks.0.attn.q.bias", "shift"]);
    expect(report.unmatched).toEqual([
      "note",
      "diffusion_model.blocks.9.attn.q.lora_A.weight",
      "diffusion_model.blocks.9.attn.q.lora_B.weight",
    ]);
    expect(report.elsewhere).toEqual([
      "text_encoder.x.lora_A.weight",
      "text_encoder.x.lora_B.weight",
    ]);
    const reasons = Object.fromEntries(report.unsupported.map(({ key, reason }) => [key, reason]));
    expect(reasons).toEqual({
      "diffusion_model.blocks.1.attn.q.lora_A.weight": expect.stringContaining("DoRA"),
      "diffusion_model.blocks.1.attn.q.lora_B.weight": expect.stringContaining("DoRA"),
      "diffusion_model.blocks.1.attn.q.dora_scale": expect.stringContaining("DoRA"),
      "diffusion_model.blocks.1.ffn.lora_down.weight": expect.stringContaining("without the other"),
      "diffusion_model.head.lora_down.weight":
        "Expected up and down for [3, 4], got [4, 2] and [2, 4]",
      "diffusion_model.head.lora_up.weight":
        "Expected up and down for [3, 4], got [4, 2] and [2, 4]",
      "diffusion_model.head.diff_b": "Expected [3], got [2]",
    });
    const accounted =
      4 + report.unmatched.length + report.elsewhere.length + report.unsupported.length;
    expect(accounted).toBe(lora.file.tensors.size);
  });

  it.each(["hada_w1_a", "lokr_w1", "oft_blocks", "lora_mid.weight", "w_norm"])(
    "reports %s as unsupported",
    (suffix) => {
      const lora = loraFile({ [`diffusion_model.blocks.0.ffn.${suffix}`]: f32([1]) });
      expect(looksLikeLora(lora)).toBe(true);
      expect(planLora(lora, targets).report.unsupported).toHaveLength(1);
    },
  );

  it("refuses an alpha that is no number", () => {
    const lora = loraFile({
      "blocks.0.ffn.lora_down.weight": down(),
      "blocks.0.ffn.lora_up.weight": up(8),
      "blocks.0.ffn.alpha": f32([NaN], []),
    });
    expect(() => planLora(lora, targets)).toThrow(/"blocks.0.ffn.alpha": Expected a finite number/);
  });
});

describe("alpha in peft's metadata", () => {
  const scales = (settings: unknown, extra: Record<string, StoredTensor> = {}) => {
    const file = loraFile(
      {
        "transformer.transformer_blocks.0.ff.net.lora_A.weight": down(),
        "transformer.transformer_blocks.0.ff.net.lora_B.weight": up(8),
        "transformer.transformer_blocks.1.attn1.to_q.lora_A.weight": down(),
        "transformer.transformer_blocks.1.attn1.to_q.lora_B.weight": up(),
        ...extra,
      },
      { lora_adapter_metadata: typeof settings === "string" ? settings : JSON.stringify(settings) },
    );
    return [...planLora(file, targets).patches.values()].flatMap((patches) =>
      patches.map((patch) => (patch.kind === "low-rank" ? patch.scale : NaN)),
    );
  };

  it.each<[string, unknown, number[]]>([
    ["none", {}, [1, 1]],
    ["for all layers", { "transformer.lora_alpha": 6, "transformer.r": 2 }, [3, 3]],
    ["of another part", { "text_encoder.lora_alpha": 6 }, [1, 1]],
    ["without a prefix", { lora_alpha: 6 }, [1, 1]],
    [
      "by layer",
      { "transformer.lora_alpha": 2, "transformer.alpha_pattern": { "attn1.to_q": 5 } },
      [1, 2.5],
    ],
    [
      "over the root of the rank",
      { "transformer.lora_alpha": 4, "transformer.use_rslora": true },
      [4 / Math.SQRT2, 4 / Math.SQRT2],
    ],
    ["that is no number", { "transformer.lora_alpha": "x" }, [1, 1]],
  ])("%s", (_, settings, expected) => {
    expect(scales(settings)).toEqual(expected);
  });

  it("yields to an alpha of its own, and must be JSON", () => {
    const own = { "transformer.transformer_blocks.0.ff.net.alpha": f32([1], []) };
    expect(scales({ "transformer.lora_alpha": 6 }, own)).toEqual([0.5, 3]);
    expect(() => scales("{")).toThrow(expect.objectContaining({ code: "ERR_CHECKPOINT" }));
    expect(() => scales([1])).toThrow(/Expected a JSON object/);
  });
});

describe("merging", () => {
  const base = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i));
  const changes = [
    { keys: ["lora_A.weight", "lora_B.weight"], alpha: null, strength: 1 },
    { keys: ["lora_down.weight", "lora_up.weight"], alpha: 8, strength: 0.6 },
    { keys: ["lora_A", "lora_B"], alpha: 1, strength: -0.5 },
  ];
  const expectedAfter = (steps: typeof changes) => {
    const result = Float64Array.from(base);
    for (const { alpha, strength } of steps) {
      for (let r = 0; r < 4; r++) {
        for (let c = 0; c < 4; c++) {
          const product = (2 - 2 * r) * (c - 3) + (1 - 2 * r) * (c + 1);
          result[4 * r + c] = (result[4 * r + c] ?? 0) + strength * ((alpha ?? 2) / 2) * product;
        }
      }
    }
    return result;
  };

  it.each([1, 2, 3])("adds %i LoRAs, of any alpha and sign", async (number) => {
    const uses = changes.slice(0, number).map(({ keys, alpha, strength }) => {
      const file = loraFile({
        [`blocks.0.attn.q.${keys[0]}`]: down(),
        [`blocks.0.attn.q.${keys[1]}`]: up(),
        ...(alpha === null ? {} : { "blocks.0.attn.q.alpha": f32([alpha], []) }),
      });
      return { plan: planLora(file, targets), strength };
    });
    using weight = testDevice().tensor(base, [4, 4]);
    using merged = mergePatches(weight, patchesOf(uses, "blocks.0.attn.q.weight"), "f32");
    const expected = expectedAfter(changes.slice(0, number));
    expect(relativeError(await merged.read(), expected)).toBeLessThan(1e-6);
    expect(patchesOf(uses, "blocks.0.ffn.weight")).toEqual([]);
  });

  it("adds differences to weights, biases and parameters, and rounds once", async () => {
    const file = loraFile({
      "lora_unet_blocks_0_attn_q.diff": f32(
        base.map((x) => 2 * x),
        [4, 4],
      ),
      "lora_unet_blocks_0_attn_q.lora_down.weight": down(),
      "lora_unet_blocks_0_attn_q.lora_up.weight": up(),
    });
    const uses = [{ plan: planLora(file, targets), strength: 0.5 }];
    using weight = testDevice().tensor(base, [4, 4], "bf16");
    using merged = mergePatches(weight, patchesOf(uses, "blocks.0.attn.q.weight"), "f16");
    expect(merged.dtype).toBe("f16");
    const rounded = await weight.read();
    const lowRank = expectedAfter([{ keys: [], alpha: null, strength: 0.5 }]);
    const expected = rounded.map((x, i) => x + (lowRank[i] ?? 0));
    expect(relativeError(await merged.read(), expected)).toBeLessThan(2e-3);
  });
});

describe("for which family", () => {
  it.each([
    ["diffusion_model.blocks.0.self_attn.q.lora_A.weight", "Wan"],
    ["lora_unet_blocks_0_cross_attn_k.lora_down.weight", "Wan"],
    ["transformer.blocks.0.attn1.to_q.lora_A.weight", "Wan"],
    ["diffusion_model.blocks.0.cross_attn.k_img.lora_A.weight", "Wan image to video"],
    ["lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", "HunyuanVideo or Flux"],
    ["diffusion_model.blocks.0.attn.qkv_x.lora_down.weight", "Mochi"],
    ["lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight", "Stable Diffusion (a U-Net)"],
  ])("%s is for %s", (key, family) => {
    expect(guessLoraFamily(loraFile({ [key]: down() }))).toBe(family);
  });
});
