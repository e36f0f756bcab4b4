import { expect, test } from "vitest";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import { createStepTimes } from "../../../renderer/stores/step-times.ts";

const progress = (value: number, node = "sampler"): ServiceEvent => ({
  type: "job",
  event: {
    type: "node_progress",
    job: "j",
    node,
    value,
    max: 6,
    secondsPerUnit: 1,
    secondsLeft: 1,
  },
});

/** Steps end at these times, in milliseconds. */
function run(times: readonly number[], denseSteps: number) {
  let at = 0;
  const store = createStepTimes(() => times[at] ?? 0);
  for (; at < times.length; at++) {
    store.receive(progress(at), () => ({ key: "g", denseSteps, lastDenseSteps: 0 }));
  }
  return store.store.getState().byGeometry["g"];
}

test("dense and radial steps are timed apart, without the first", () => {
  // Step 1 loads weights; 2 and 3 are dense, 4 to 6 radial.
  expect(run([0, 9000, 10_000, 11_000, 11_500, 12_000, 12_500], 3)).toEqual({
    dense: 1,
    radial: 0.5,
  });
});

test("nothing is told of steps that did not run", () => {
  expect(run([0, 9000, 10_000], Number.POSITIVE_INFINITY)).toEqual({ dense: 1, radial: null });
  expect(run([0, 9000], 3)).toBeUndefined();
});

test("a report of another node, or one that skips steps, is no measure", () => {
  const store = createStepTimes(() => 0);
  const geometry = () => ({ key: "g", denseSteps: 1, lastDenseSteps: 0 });
  store.receive(progress(3), geometry);
  store.receive(progress(4, "other"), geometry);
  store.receive(progress(6, "other"), geometry);
  expect(store.store.getState().byGeometry).toEqual({});
});

test("a slow step among others does not count", () => {
  expect(run([0, 100, 200, 300, 400, 9000, 9100], 6)?.dense).toBe(0.1);
});
