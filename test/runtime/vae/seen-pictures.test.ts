import { expect, test } from "vitest";
import { wan21Latent } from "#runtime/sdk/wan-latents";
import { scaleLatentFrame } from "#runtime/vae/latent-strength";
import { combineSeen } from "#runtime/vae/seen-pictures";

const rows = (...values: number[]) => ({ data: Float32Array.from(values), shape: [1, 2] });

test("descriptions are weighed, and their mean, sum or all of them taken; later ones as they are", () => {
  const seen = [rows(1, 2), rows(10, 20), rows(100, 200)];
  const combine = (how: "average" | "sum" | "concat") => combineSeen(seen, [2, 0.5], how);
  expect([...combine("sum").data]).toEqual([107, 214]);
  expect([...combine("average").data]).toEqual([...Float32Array.of(107 / 3, 214 / 3)]);
  expect(combine("concat")).toEqual({
    data: Float32Array.of(2, 4, 5, 10, 100, 200),
    shape: [3, 2],
  });
  expect([...combineSeen(seen.slice(0, 1), [2, 0.5], "average").data]).toEqual([2, 4]);
});

test("a frame of a latent is multiplied as the model sees it", () => {
  const latent = { data: new Float32Array(16 * 3 * 2).fill(0.25), shape: [16, 3, 1, 2] };
  const last = scaleLatentFrame(latent, -1, 0.5);
  for (const [channel, mean] of wan21Latent.mean.entries()) {
    const values = [...last.data.subarray(channel * 6, (channel + 1) * 6)];
    const half = Math.fround(mean + (0.25 - mean) / 2);
    expect(values).toEqual([0.25, 0.25, 0.25, 0.25, half, half]);
  }
  expect(scaleLatentFrame(latent, 0, 1)).toBe(latent);
});
