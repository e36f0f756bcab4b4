import { join } from "node:path";
import { expect, it } from "vitest";
import { writeSafetensors } from "#runtime/weights/write";
import { f32 } from "../../helpers/stored-tensors.ts";
import { ROOT, scratchFolder, umbel } from "../../helpers/umbel-process.ts";

const folder = scratchFolder();
const transformer = join(ROOT, "models/diffusion_models/umbel_tiny_t2v_bf16.safetensors");

function lora(stem: string): string {
  const path = join(folder, `${stem}.safetensors`);
  const tensors = new Map([
    [`diffusion_model.${stem}.lora_A.weight`, f32(new Float32Array(256), [1, 256])],
    [`diffusion_model.${stem}.lora_B.weight`, f32(new Float32Array(256), [256, 1])],
  ]);
  writeSafetensors(path, tensors, { note: "red \u001b[31m" });
  return path;
}

it("describes a checkpoint, as text and as JSON", async () => {
  const { code, stdout } = await umbel(["inspect", transformer]);
  expect(stdout).toMatch(/^model\s+Wan 2\.1 \(diffusion, family wan\), original names$/m);
  expect(stdout).toMatch(/^ {2}missing\s+none$/m);
  expect(code).toBe(0);
  const json = JSON.parse((await umbel(["inspect", transformer, "--json"])).stdout);
  expect(json.models[0]).toMatchObject({ family: "wan", missing: [], unknown: [] });
});

it("describes a LoRA, alone and on a model; one that does not fit fails", async () => {
  const alone = await umbel(["inspect", lora("blocks.0.self_attn.q")]);
  expect(alone.stdout).toMatch(
    /^LoRA\s+for Wan, 1 layers, lora_A, lora_B below diffusion_model\.$/m,
  );
  expect(alone.stdout).not.toContain("\u001b");
  expect(alone.code).toBe(0);
  const fits = await umbel(["inspect", lora("blocks.0.self_attn.q"), "--model", transformer]);
  expect(fits.stdout).toMatch(/1 tensors change/);
  expect(fits.code).toBe(0);
  const wrong = await umbel([
    "inspect",
    lora("double_blocks.0.img_attn_qkv"),
    "--model",
    transformer,
  ]);
  expect(wrong.stdout).toMatch(/for HunyuanVideo or Flux[^]*0 tensors change/);
  expect(wrong.code).toBe(1);
});

it("says what a file is that is neither", async () => {
  const { code, stderr } = await umbel(["inspect", join(ROOT, "package.json")]);
  expect(stderr).toMatch(/Expected a safetensors file, got JSON text.*\[ERR_CHECKPOINT\]/);
  expect(code).toBe(1);
  expect((await umbel(["inspect", join(folder, "none")])).stderr).toMatch(/ENOENT.*\[ERR_FILE\]/);
});
