/** The real families: the bundled model, the LoRA files of the reference data, the published sizes. */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { BUNDLED_MODELS } from "#runtime/engine/locations";
import { loadFamilies, type AnyFamily } from "#runtime/engine/models/families";
import { ModelManager } from "#runtime/engine/models/manager";
import { ModelFolders } from "#runtime/engine/model-folders";
import { modelRecipe } from "#runtime/sdk/recipes";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { writeSafetensors, type StoredTensor } from "#runtime/weights/write";
import { temporaryFolder } from "../../../helpers/safetensors-bytes.ts";
import { NO_SHARED, sharedDir, sharedPath, sharedTensors } from "../../../helpers/shared.ts";
import { expectNoLiveTensors, relativeError, testDevice } from "../../../helpers/tensors.ts";

let families: readonly AnyFamily[] = [];
beforeAll(async () => {
  families = await loadFamilies();
});
const manager = () => new ModelManager({ device: testDevice(), families });

describe("the bundled model", () => {
  const folders = new ModelFolders([BUNDLED_MODELS]);
  it.each([
    ["diffusion_models", "diffusion", "wan"],
    ["vae", "vae", "wan-vae"],
    ["text_encoders", "text-encoder", "umt5"],
  ] as const)("in %s is a %s of family %s", (folder, kind, family) => {
    const [name = "nothing"] = folders.list(folder);
    const models = manager();
    expect(models.identify(folders.path(folder, name), kind)).toMatchObject({ family, prefix: "" });
    models.release();
  });

  it("brings its tokeniser", async () => {
    const models = manager();
    const [name = "nothing"] = folders.list("text_encoders");
    const checkpoint = models.identify(folders.path("text_encoders", name), "text-encoder");
    {
      using lease = await models.textEncoder({ kind: "clip", checkpoint, loras: [] });
      expect(lease.tokenizer.length).toBeGreaterThan(100_000);
      expect(lease.warnings).toEqual([]);
    }
    models.release();
    await expectNoLiveTensors();
  });
});

describe("a checkpoint with all parts of a pipeline", () => {
  const folders = new ModelFolders([BUNDLED_MODELS]);
  const PARTS = [
    ["diffusion_models", "model.diffusion_model."],
    ["vae", "first_stage_model."],
    ["text_encoders", "text_encoders.umt5xxl.transformer."],
  ] as const;

  it("gives each under its prefix, and the tokeniser beside the encoder", async () => {
    const tensors = new Map<string, StoredTensor>();
    for (const [folder, prefix] of PARTS) {
      using file = openCheckpoint(folders.path(folder, folders.list(folder)[0] ?? ""));
      for (const [name, { storedType, shape }] of file.tensors) {
        const place = name === "spiece_model" ? "text_encoders." : prefix;
        tensors.set(place + name, { storedType, shape, bytes: file.read(name) });
      }
    }
    const path = join(temporaryFolder(), "all.safetensors");
    writeSafetensors(path, tensors, { num_heads: "2" });
    const models = manager();
    expect(models.identify(path, "diffusion")).toMatchObject({
      prefix: PARTS[0][1],
      family: "wan",
    });
    expect(models.identify(path, "vae")).toMatchObject({ prefix: PARTS[1][1], family: "wan-vae" });
    const checkpoint = models.identify(path, "text-encoder");
    expect(checkpoint).toMatchObject({ prefix: PARTS[2][1], family: "umt5" });
    {
      using lease = await models.textEncoder({ kind: "clip", checkpoint, loras: [] });
      expect(lease.tokenizer).toEqual(tensors.get("text_encoders.spiece_model")?.bytes);
    }
    models.release();
    await expectNoLiveTensors();
  });
});

describe.skipIf(sharedDir() === null)(`LoRA files on the Wan transformer (${NO_SHARED})`, () => {
  const folder = "goldens/wan/wan-lora";
  const names = ["original_lora_AB", "original_down_up_alpha_diff", "musubi", "diffusers_peft"];

  it.each(names.flatMap((name) => [1.0, 0.6, -0.5].map((strength) => [name, strength] as const)))(
    "%s at %f",
    async (name, strength) => {
      const models = manager();
      const device = testDevice();
      const checkpoint = models.identify(
        sharedPath("goldens/wan/wan-dit/weights.safetensors"),
        "diffusion",
      );
      const path = join(sharedPath(folder), `${name}.safetensors`);
      const io = sharedTensors("goldens/wan/wan-dit/io.safetensors");
      const expected = sharedTensors(`${folder}/expected.safetensors`);
      const [batch = 0, ...shape] = io.get("x").shape;
      const [, ...contextShape] = io.get("context").shape;
      const key = `${name}@${strength.toFixed(1)}`;
      {
        using lease = await models.diffusion({
          ...modelRecipe(checkpoint),
          loras: [{ path, strength }],
        });
        expect(lease.warnings).toEqual([]);
        for (let i = 0; i < batch; i++) {
          const part = (values: Float32Array) =>
            values.subarray((i * values.length) / batch, ((i + 1) * values.length) / batch);
          using latent = device.tensor(part(io.get("x").values), shape);
          using context = device.tensor(part(io.get("context").values), contextShape);
          const timestep = io.get("timestep").values[i] ?? NaN;
          using output = lease.instance.forward({ latent, timestep, context });
          expect(relativeError(await output.read(), part(expected.get(key).values))).toBeLessThan(
            2e-4,
          );
        }
      }
      models.release();
      await expectNoLiveTensors();
    },
  );

  it("change the output, each strength differently", () => {
    const { tensors } = sharedTensors(`${folder}/expected.safetensors`);
    const plain = sharedTensors("goldens/wan/wan-dit/io.safetensors").get("out");
    for (const { values } of tensors.values()) {
      expect(relativeError(values, plain.values)).toBeGreaterThan(1e-3);
    }
  });
});

describe.skipIf(sharedDir() === null)(`a transformer in a GGUF file (${NO_SHARED})`, () => {
  const lora = {
    path: sharedPath("goldens/wan/wan-lora/original_lora_AB.safetensors"),
    strength: 0.8,
  };

  async function errorAndBytes(budget: number | undefined, key: string) {
    const device = testDevice();
    const models = new ModelManager({
      device,
      families,
      ...(budget === undefined ? {} : { budget }),
    });
    const [name = ""] = key.split("+");
    const checkpoint = models.identify(sharedPath(`goldens/gguf/wan/${name}.gguf`), "diffusion");
    const io = sharedTensors("goldens/gguf/wan/io.safetensors");
    const expected = sharedTensors("goldens/gguf/wan/expected.safetensors").get(key);
    const first = (tensor: { values: Float32Array; shape: readonly number[] }) =>
      tensor.values.subarray(0, tensor.values.length / (tensor.shape[0] ?? 1));
    using lease = await models.diffusion({
      ...modelRecipe(checkpoint),
      loras: key.includes("+lora") ? [lora] : [],
    });
    using latent = device.tensor(first(io.get("x")), io.get("x").shape.slice(1));
    using context = device.tensor(first(io.get("context")), io.get("context").shape.slice(1));
    const timestep = io.get("timestep").values[0] ?? NaN;
    using output = lease.instance.forward({ latent, timestep, context });
    const values = await output.read();
    await device.sync();
    const { bytes } = models;
    lease[Symbol.dispose]();
    models.release();
    return { error: relativeError(values, first(expected)), bytes };
  }

  it.each(["q8_0", "q4_k_m", "q4_k_m+lora@0.8"])(
    "%s, unpacked once or for each use",
    async (key) => {
      const kept = await errorAndBytes(undefined, key);
      const packed = await errorAndBytes(1, key);
      expect(kept.error).toBeLessThan(2e-4);
      expect(packed.error).toBeLessThan(2e-4);
      // What stays in memory is little more than what the patch embedding needs in its own form.
      expect(packed.bytes).toBeLessThan(kept.bytes / 10);
      await expectNoLiveTensors();
    },
  );
});
