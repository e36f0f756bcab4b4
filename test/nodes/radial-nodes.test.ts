/** The radial attention nodes of ComfyUI's packs mean here what they mean there. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stepAttention } from "#runtime/attention/plan";
import type { NodeContext } from "#runtime/sdk/node";
import type { ModelRecipe } from "#runtime/sdk/values";
import { decoded, GraphRunner, NATIVE, sampled, type Nodes } from "../helpers/graph-runs.ts";

let runner: GraphRunner;
beforeAll(async () => {
  runner = await GraphRunner.start();
});
afterAll(() => runner[Symbol.asyncDispose]());

describe("radial nodes of ComfyUI's packs", () => {
  const recipe = { kind: "model", loras: [] } as unknown as ModelRecipe;
  const attentionOf = async (type: string, values: Record<string, unknown>) => {
    const definition = runner.open.registry.get(type);
    const made = await definition?.run({} as NodeContext, { model: recipe, ...values });
    return (made as { MODEL: ModelRecipe }).MODEL.attention;
  };
  /** Layer by layer, step by step: D dense, r radial. */
  const pattern = (settings: ModelRecipe["attention"], steps: number, layers: number): string[] =>
    Array.from({ length: steps }, (_, step) => {
      const grid = { frames: 5, height: 8, width: 8 };
      const layer = stepAttention({ settings, grid, kind: "wan", steps }, step);
      return Array.from({ length: layers }, (__, i) => (layer?.(i) ? "r" : "D")).join("");
    });

  it("PatchRadialAttn leaves its first blocks, first steps and last steps dense", async () => {
    const attention = await attentionOf("PatchRadialAttn", {
      dense_block: 2,
      dense_timestep: 1,
      last_dense_timestep: 2,
      block_size: 64,
      decay_factor: 0.3,
    });
    expect(pattern(attention, 6, 4)).toEqual(["DDDD", "DDrr", "DDrr", "DDrr", "DDDD", "DDDD"]);
    expect(attention).toMatchObject({ blockSize: 64, decayFactor: 0.3 });
  });

  it("PatchRadialAttention leaves the blocks of its list dense", async () => {
    const values = { dense_layers: "0, 2", dense_timesteps: 2, block_size: 128, decay_factor: 1 };
    const attention = await attentionOf("PatchRadialAttention", values);
    expect(pattern(attention, 4, 4)).toEqual(["DDDD", "DDDD", "DrDr", "DrDr"]);
    const definition = runner.open.registry.get("PatchRadialAttention");
    expect(definition?.check?.({ dense_layers: "1, x" })).toHaveLength(1);
    expect(definition?.check?.({ dense_layers: "" })).toEqual([]);
  });

  it("sample as ours with the same meaning", async () => {
    const radial = { decay_factor: 0.2, block_size: 64, model: "@unet.MODEL" };
    const nodes: Nodes = {
      ...NATIVE,
      ours: ["RadialAttention", { ...radial, dense_layers: 1, dense_steps: 1 }],
      one: ["PatchRadialAttention", { ...radial, dense_layers: "0", dense_timesteps: 1 }],
      two: [
        "PatchRadialAttn",
        { ...radial, dense_block: 1, dense_timestep: 1, last_dense_timestep: 0 },
      ],
      three: [
        "PatchRadialAttn",
        { ...radial, dense_block: 1, dense_timestep: 1, last_dense_timestep: 2 },
      ],
      sampledOurs: sampled("@ours.MODEL"),
      sampledOne: sampled("@one.MODEL"),
      sampledTwo: sampled("@two.MODEL"),
      sampledThree: sampled("@three.MODEL"),
      sampledDense: sampled("@unet.MODEL"),
      a: decoded("@sampledOurs.LATENT"),
      b: decoded("@sampledOne.LATENT"),
      c: decoded("@sampledTwo.LATENT"),
      d: decoded("@sampledThree.LATENT"),
      e: decoded("@sampledDense.LATENT"),
    };
    expect(await runner.compare(nodes, "a.IMAGE", "b.IMAGE")).toBe(Number.POSITIVE_INFINITY);
    expect(await runner.compare(nodes, "a.IMAGE", "c.IMAGE")).toBe(Number.POSITIVE_INFINITY);
    // Every step is dense: the first one and the last two.
    expect(await runner.compare(nodes, "e.IMAGE", "d.IMAGE")).toBe(Number.POSITIVE_INFINITY);
    expect(await runner.compare(nodes, "e.IMAGE", "a.IMAGE")).toBeLessThan(60);
  }, 60_000);
});
