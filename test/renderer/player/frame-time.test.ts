import { expect, test } from "vitest";
import {
  firstFrameOfLatent,
  latentCount,
  latentOfFrame,
  middleFrameOfLatent,
  stepFrame,
  timecode,
} from "../../../renderer/player/frame-time.ts";

test("81 frames are 21 latent frames, the first of them alone", () => {
  expect(latentCount(81)).toBe(21);
  expect(latentCount(1)).toBe(1);
  expect([0, 1, 4, 5, 42, 80].map(latentOfFrame)).toEqual([0, 1, 1, 2, 11, 20]);
  expect([0, 1, 2, 20].map(firstFrameOfLatent)).toEqual([0, 1, 5, 77]);
  expect(middleFrameOfLatent(20, 78)).toBe(77);
});

test("every frame lies in the latent frame that begins before it", () => {
  for (let frame = 0; frame < 100; frame++) {
    const latent = latentOfFrame(frame);
    expect(firstFrameOfLatent(latent)).toBeLessThanOrEqual(frame);
    expect(firstFrameOfLatent(latent + 1)).toBeGreaterThan(frame);
  }
});

test("time has minutes, seconds and thousandths", () => {
  expect(timecode(43, 16)).toBe("00:02.688");
  expect(timecode(0, 16)).toBe("00:00.000");
  expect(timecode(16 * 61, 16)).toBe("01:01.000");
});

test("steps wrap when looping and stop otherwise", () => {
  expect(stepFrame(80, 1, 81, true)).toBe(0);
  expect(stepFrame(0, -1, 81, true)).toBe(80);
  expect(stepFrame(80, 1, 81, false)).toBe(80);
  expect(stepFrame(0, -1, 81, false)).toBe(0);
});
