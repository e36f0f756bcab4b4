import { expect, test } from "vitest";
import { inputShapes, likeInput, resized } from "#runtime/engine/models/input-shapes";
import { NullDevice } from "#runtime/tensor/null-device";
import { scope } from "#runtime/tensor/scope";

test("shapes of an input give an input of those shapes, also for another size of clip", () => {
  const device = new NullDevice({ like: "cuda" });
  scope(() => {
    const given = inputShapes({
      latent: device.empty([16, 5, 8, 6]),
      context: device.empty([7, 32]),
      timestep: 500,
      unknown: new Float32Array(5 * 8 * 6),
      extra: {
        y: device.empty([20, 5, 8, 6]),
        pooled: device.empty([32], "bf16"),
        guidance: 6,
      },
    });
    expect(inputShapes(likeInput(given, device))).toEqual(given);
    const smaller = resized(given, [16, 3, 4, 2]);
    expect(smaller).toEqual({
      latent: [16, 3, 4, 2],
      context: [7, 32],
      unknown: 24,
      extra: {
        y: { shape: [20, 3, 4, 2], dtype: "f32" },
        pooled: { shape: [32], dtype: "bf16" },
        guidance: 6,
      },
    });
  });
  expect(device.memory().liveTensors).toBe(0);
});
