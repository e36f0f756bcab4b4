import { afterEach, expect, test } from "vitest";
import { openDevice } from "#runtime/tensor/devices";
import { add } from "#runtime/tensor/ops";
import { keep, scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { expectNoLiveTensors } from "../../helpers/tensors.ts";

const device = openDevice("null");
afterEach(() => expectNoLiveTensors(device));

test("a scope frees what it does not return", () => {
  let inner: Tensor | undefined;
  using result = scope(() => {
    inner = device.zeros([2]);
    return add(inner, inner);
  });
  expect(inner?.disposed).toBe(true);
  expect(result.disposed).toBe(false);
  expect(device.memory().liveTensors).toBe(1);
});

test("tensors in arrays and plain objects are returned too", () => {
  const { pair, named } = scope(() => {
    device.zeros([8]);
    return { pair: [device.zeros([1]), null, device.zeros([2])], named: { x: device.zeros([3]) } };
  });
  expect(device.memory().liveTensors).toBe(3);
  for (const tensor of [...pair, named.x]) tensor?.[Symbol.dispose]();
});

test("what an inner scope returns belongs to the outer one", () => {
  let moved: Tensor | undefined;
  scope(() => {
    moved = scope(() => device.zeros([4]));
    expect(moved.disposed).toBe(false);
  });
  expect(moved?.disposed).toBe(true);
});

test("a tensor from outside is not freed by a scope that uses it", () => {
  using outside = device.zeros([4]);
  scope(() => add(outside, outside))[Symbol.dispose]();
  expect(outside.disposed).toBe(false);
});

test("keep takes tensors out of every scope", () => {
  let kept: Tensor | undefined;
  scope(() => {
    scope(() => {
      kept = device.zeros([4]);
      keep({ deep: [kept] });
    });
  });
  expect(kept?.disposed).toBe(false);
  kept?.[Symbol.dispose]();
});

test("a body that throws leaves nothing", () => {
  const before = device.memory().liveTensors;
  expect(() =>
    scope(() => {
      device.zeros([4]);
      throw new Error("planted");
    }),
  ).toThrow("planted");
  expect(device.memory().liveTensors).toBe(before);
});

test("a promise is refused and what was made is freed", () => {
  const before = device.memory().liveTensors;
  expect(() => scope(async () => device.zeros([4]))).toThrow(/Expected a synchronous scope body/);
  expect(device.memory().liveTensors).toBe(before);
});
