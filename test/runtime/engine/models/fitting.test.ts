/** Models that fit themselves into a limit: real arithmetic on the CPU, published sizes on the null device. */
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { planMask } from "#runtime/attention/plan";
import { BUNDLED_MODELS, PLANNING_TEXT_ENCODER } from "#runtime/engine/locations";
import { loadFamilies, type AnyFamily } from "#runtime/engine/models/families";
import { ModelManager } from "#runtime/engine/models/manager";
import { PlannedModels } from "#runtime/engine/models/planned-models";
import { modelRecipe, withLora } from "#runtime/sdk/recipes";
import { NullDevice } from "#runtime/tensor/null-device";
import { scope } from "#runtime/tensor/scope";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { expectNoLiveTensors, randomArray, testDevice } from "../../../helpers/tensors.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
let families: readonly AnyFamily[] = [];
beforeAll(async () => {
  families = await loadFamilies();
});

describe("the bundled transformer with a LoRA, on the CPU as if its memory were another", () => {
  const path = join(BUNDLED_MODELS, "diffusion_models/umbel_tiny_t2v_bf16.safetensors");
  const lora = join(BUNDLED_MODELS, "loras/umbel_tiny_4step_lora.safetensors");

  /** Bytes of two forward passes, one after the other, and what was decided. */
  async function forward(deviceLimit?: number, pinnedLimit = GIB) {
    const device = testDevice();
    const models = new ModelManager({
      device,
      families,
      pinnedLimit,
      ...(deviceLimit === undefined ? {} : { deviceLimit }),
    });
    try {
      const recipe = withLora(modelRecipe(models.identify(path, "diffusion")), lora, 1);
      using lease = await models.diffusion(recipe);
      using latent = device.tensor(randomArray(16 * 3 * 8 * 8, 1), [16, 3, 8, 8]);
      using file = openCheckpoint(path);
      const width = file.tensors.get("text_embedding.0.weight")?.shape[1] ?? 0;
      using context = device.tensor(randomArray(5 * width, 2), [5, width]);
      const outputs: Uint8Array[] = [];
      for (const timestep of [900, 300]) {
        using y = lease.instance.forward({ latent, context, timestep });
        outputs.push(await y.readRaw());
      }
      return { outputs, notes: models.takeNotes(), pinned: models.pinnedBytes };
    } finally {
      models.release();
      await expectNoLiveTensors();
    }
  }

  test("gives the same bytes under every limit, down to the one that it names as too small", async () => {
    const exact = await forward(GIB);
    expect(exact.notes).toEqual([]);
    const decided = new Set<string>();
    let limit = 40 * MIB;
    let refused: unknown = null;
    for (; refused === null; limit *= 0.6) {
      try {
        const { outputs, notes, pinned } = await forward(limit);
        expect(outputs).toEqual(exact.outputs);
        expect(pinned > 0).toBe(notes.length > 0);
        for (const note of notes) decided.add(note);
      } catch (error) {
        refused = error;
      }
    }
    expect(decided.size).toBeGreaterThan(1);
    expect(refused).toMatchObject({
      code: "ERR_OUT_OF_MEMORY",
      message: expect.stringMatching(
        /64x64 and 9 frames with all its blocks streamed.*--vram \d+MiB\./,
      ),
    });
    const named = Number(/--vram (\d+)MiB/.exec(String((refused as Error).message))?.[1]);
    expect((await forward(named * MIB)).outputs).toEqual(exact.outputs);
  });

  test("merges again what has no pinned memory", async () => {
    const exact = await forward(GIB);
    const { outputs, pinned, notes } = await forward(12 * MIB, MIB);
    expect(outputs).toEqual(exact.outputs);
    expect(pinned).toBeLessThanOrEqual(MIB);
    expect(notes).toEqual([expect.stringContaining("streamed from files and pinned memory")]);
  });
});

describe("published sizes", () => {
  function planned(limit: number) {
    const device = new NullDevice({ like: "cuda" });
    const tokenizerFrom = PLANNING_TEXT_ENCODER;
    return {
      device,
      models: new PlannedModels({ device, families, tokenizerFrom, deviceLimit: limit }),
    };
  }
  async function wan14(limit: number, latentFrames = 18) {
    const { device, models } = planned(limit);
    using held = models;
    const recipe = modelRecipe(held.identify("none/wan2.1_t2v_14B.safetensors", "diffusion"));
    using lease = await held.diffusion(recipe);
    for (let i = 0; i < 2; i++) {
      scope(() => {
        const latent = device.empty([16, latentFrames, 96, 160]);
        lease.instance.forward({ latent, context: device.empty([30, 4096]), timestep: 1 });
      });
    }
    return { peak: device.memory().peakBytes, notes: held.takeNotes() };
  }

  test.each([8, 24, 40])("Wan 2.1 14B at 1280x768, 69 frames keeps to %d GiB", async (gib) => {
    const { peak, notes } = await wan14(gib * GIB);
    expect(peak).toBeLessThanOrEqual(gib * GIB);
    expect(peak).toBeGreaterThan(Math.min(gib - 1.5, 30) * GIB);
    expect(notes).toHaveLength(gib < 40 ? 1 : 0);
  });

  const GRID = { frames: 18, height: 48, width: 80 };
  const radial = planMask({
    settings: {
      kind: "radial",
      denseLayers: 0,
      denseSteps: 0,
      decayFactor: 0.2,
      blockSize: 128,
    },
    grid: GRID,
    kind: "wan",
  });

  test.each([
    ["bfloat16, dense", "default", null],
    ["bfloat16, radial", "default", radial],
    ["float8, radial", "fp8_e4m3fn_fast", radial],
  ] as const)(
    "Wan 2.1 14B at 1280x768, 69 frames takes at most 4 GiB beside its weights, %s",
    async (_, weightType, mask) => {
      const { device, models } = planned(80 * GIB);
      using held = models;
      const checkpoint = held.identify("none/wan2.1_t2v_14B.safetensors", "diffusion");
      using lease = await held.diffusion(modelRecipe(checkpoint, weightType));
      let weights = 0;
      for (let i = 0; i < 2; i++) {
        device.resetPeak();
        scope(() => {
          const latent = device.empty([16, 18, 96, 160]);
          const context = device.empty([512, 4096]);
          const attention = mask === null ? {} : { attention: () => mask };
          lease.instance.forward({ latent, context, timestep: 900, ...attention });
        });
        weights = device.memory().allocatedBytes;
      }
      expect(weights).toBeGreaterThan(13 * GIB);
      expect(device.memory().peakBytes - weights).toBeLessThanOrEqual(4 * GIB);
    },
  );

  // Each: weights that were planned, and how many times their video states in bfloat16 everything else may take.
  test.each([
    ["none/hunyuan_video_720.safetensors", [16, 30, 90, 160], 7.5, 108_000],
    ["none/mochi_preview.safetensors", [12, 28, 60, 106], 13, 44_520],
  ] as const)("%s keeps few states at a time", async (path, shape, states, tokens) => {
    const { device, models } = planned(80 * GIB);
    using held = models;
    using lease = await held.diffusion(modelRecipe(held.identify(path, "diffusion")));
    let weights = 0;
    for (let i = 0; i < 2; i++) {
      device.resetPeak();
      scope(() => {
        const context = device.empty([256, 4096]);
        lease.instance.forward({ latent: device.empty(shape), context, timestep: 900 });
      });
      weights = device.memory().allocatedBytes;
    }
    expect((device.memory().peakBytes - weights) / (tokens * 3072 * 2)).toBeLessThan(states);
  });

  test("what is too long is refused, with what would fit", async () => {
    const error: unknown = await wan14(5 * GIB).catch((thrown: unknown) => thrown);
    const message = error instanceof Error ? error.message : "";
    expect(message).toMatch(
      /What would fit: 1280x768 and \d+ frames, or \d+x\d+ and 69 frames; or use --vram/,
    );
    const frames = Number(/768 and (\d+) frames, or/.exec(message)?.[1]);
    expect((await wan14(5 * GIB, (frames - 1) / 4 + 1)).peak).toBeLessThanOrEqual(5 * GIB);
    await expect(wan14(5 * GIB, (frames - 1) / 4 + 2)).rejects.toThrow(/What would fit/);
  });

  test.each([8, 4, 2])(
    "the autoencoder decodes and encodes 1280x768 within %d GiB",
    async (gib) => {
      const { device, models } = planned(gib * GIB);
      using held = models;
      const checkpoint = held.identify("none/wan_2.1_vae.safetensors", "vae");
      using lease = await held.vae({ kind: "vae", checkpoint });
      using latent = device.empty([16, 3, 96, 160]);
      await lease.instance.decode(latent, async () => {});
      (await lease.instance.encode(9, async (_, n) => device.empty([n, 768, 1280, 3])))[
        Symbol.dispose
      ]();
      expect(device.memory().peakBytes).toBeLessThanOrEqual(gib * GIB);
      const notes = held.takeNotes().join("\n");
      if (gib >= 4) expect(notes).toBe("");
      else expect(notes).toMatch(/decoded in tiles of \d+ pixels, since whole frames take/);
    },
  );

  test("an autoencoder that not even tiles fit into says what would do", async () => {
    const { device, models } = planned(300 * MIB);
    using held = models;
    const checkpoint = held.identify("none/wan_2.1_vae.safetensors", "vae");
    using lease = await held.vae({ kind: "vae", checkpoint });
    using latent = device.empty([16, 3, 96, 160]);
    await expect(lease.instance.decode(latent, async () => {})).rejects.toMatchObject({
      code: "ERR_OUT_OF_MEMORY",
      message: expect.stringMatching(/to decode frames of 1280x768.*Use a larger --vram: \d/),
    });
  });
});
