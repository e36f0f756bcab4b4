import { expect, test } from "vitest";
import { toLinkScale, toModelScale } from "#runtime/sampling/latent-scale";

const format = { channels: 2, mean: [0.5, -0.25], std: [2, 0.5] };
const latent = {
  data: Float32Array.of(0.5, 4.5, 0, 1, 2.5, -3.5, -0.25, -0.75),
  shape: [2, 2, 1, 1, 2],
};

test("each channel is shifted and scaled, in every batch item", () => {
  expect([...toModelScale(latent, format).data]).toEqual([0, 2, 0.5, 2.5, 1, -2, 0, -1]);
  expect([...toLinkScale(toModelScale(latent, format), format).data]).toEqual([...latent.data]);
});

test("latents of other shapes are refused", () => {
  for (const shape of [
    [1, 2, 2, 2],
    [1, 3, 1, 1, 2],
  ]) {
    expect(() => toModelScale({ data: new Float32Array(8), shape }, format)).toThrow(
      "Expected a latent [B, 2, T, h, w]",
    );
  }
});
