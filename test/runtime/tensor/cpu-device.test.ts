import { expect, test } from "vitest";
import { affine } from "#runtime/tensor/ops";
import { expectNoLiveTensors, randomArray, testDevice } from "../../helpers/tensors.ts";

test("an op runs on the worker thread and its result is read back", async () => {
  const device = testDevice();
  const values = randomArray(100_000, 1);
  using x = device.tensor(values, [100, 1000]);
  using y = affine(x, 2, 1);
  expect(y.shape).toEqual([100, 1000]);
  expect(await y.read()).toEqual(values.map((value) => Math.fround(Math.fround(value * 2) + 1)));
  x[Symbol.dispose]();
  y[Symbol.dispose]();
  await expectNoLiveTensors();
});
