import { expect, test } from "vitest";
import { Held } from "#runtime/sampling/held";
import { HostDevice } from "../../helpers/host-device.ts";

const device = new HostDevice();
const tensor = (value: number) => device.tensor(Float32Array.of(value), [1]);
const live = (): number => device.memory().liveTensors;

test("a new tensor under a name frees the one before", () => {
  {
    using held = new Held();
    const first = held.set("x", tensor(1));
    held.set("x", tensor(2));
    expect(first.disposed).toBe(true);
    expect(held.set("x", held.get("x")).disposed).toBe(false);
    expect(live()).toBe(1);
  }
  expect(live()).toBe(0);
});

test("moved and released tensors stay alive", () => {
  const held = new Held();
  held.set("x", tensor(1));
  const next = held.set("next", tensor(2));
  held.move("next", "x");
  expect(held.has("next")).toBe(false);
  expect(held.release("x")).toBe(next);
  held[Symbol.dispose]();
  expect(next.disposed).toBe(false);
  next[Symbol.dispose]();
  expect(live()).toBe(0);
});

test("a name without a tensor is a mistake of the sampler", () => {
  using held = new Held();
  expect(() => held.get("x")).toThrow("Expected a tensor named x");
  expect(() => held.move("x", "y")).toThrow("Expected a tensor named x");
});
