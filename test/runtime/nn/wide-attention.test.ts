import { expect, test } from "vitest";
import { wideAttention } from "#runtime/nn/wide-attention";
import { NullDevice } from "#runtime/tensor/null-device";
import { attention } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import {
  checkLiveTensorsAtEnd,
  randomArray,
  relativeError,
  testDevice,
} from "../../helpers/tensors.ts";

checkLiveTensorsAtEnd();

test.each([1024, 640, 384])(
  "a head of %i channels gives what attention gives",
  async (channels) => {
    const device = testDevice();
    const shape = [2, 12, 1, channels];
    const random = (seed: number) => device.tensor(randomArray(24 * channels, seed, 1.5), shape);
    using q = random(1);
    using k = random(2);
    using v = random(3);
    using wide = scope(() => wideAttention(q, k, v));
    using whole = attention(q, k, v);
    expect(wide.shape).toEqual(shape);
    expect(relativeError(await wide.read(), await whole.read())).toBeLessThan(1e-5);
  },
);

test("a plan for a GPU refuses a head that is too wide for its kernels, and takes it in parts", () => {
  const device = new NullDevice({ like: "cuda" });
  using q = device.empty([1, 16, 1, 1024], "bf16");
  expect(() => attention(q, q, q)).toThrow(/at most 512 channels on a GPU, got 1024/);
  using wide = scope(() => wideAttention(q, q, q));
  expect([wide.shape, wide.dtype]).toEqual([[1, 16, 1, 1024], "bf16"]);
});
