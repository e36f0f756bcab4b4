import { expect, test } from "vitest";
import { announcement, progressLine } from "../../../../renderer/panels/queue/progress-words.ts";

test("a running job says step, pace and time left, as far as they are known", () => {
  const progress = {
    node: "s",
    title: "Sampler",
    value: 17,
    max: 30,
    secondsPerStep: 9.5,
    secondsLeft: 123,
  };
  expect(progressLine(progress)).toBe("step 17 of 30 · 9.5 s/it · 2:03 left");
  expect(progressLine({ ...progress, secondsPerStep: 0, secondsLeft: 0 })).toBe("step 17 of 30");
});

test("progress is said at quarters only", () => {
  const said = [];
  for (let step = 1; step <= 30; step++) {
    const words = announcement("Sampler", (step - 1) / 30, step / 30);
    if (words !== null) said.push([step, words]);
  }
  expect(said).toEqual([
    [8, "Sampler: 25 percent"],
    [15, "Sampler: 50 percent"],
    [23, "Sampler: 75 percent"],
    [30, "Sampler: all steps done"],
  ]);
});
