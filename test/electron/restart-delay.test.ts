import { expect, test } from "vitest";
import { RestartDelay } from "../../electron/modules/restart-delay.ts";

test("doubles while a process ends soon after its start, up to ten seconds", () => {
  const delay = new RestartDelay();
  const delays = Array.from({ length: 9 }, () => {
    delay.started(0);
    return delay.next(1000);
  });
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
});

test("begins anew after a process that ran for a while", () => {
  const delay = new RestartDelay();
  delay.started(0);
  expect([delay.next(10), delay.next(20)]).toEqual([100, 200]);
  delay.started(1000);
  expect(delay.next(60_000)).toBe(100);
});
