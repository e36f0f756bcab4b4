import { expect, test } from "vitest";
import { clipSize, whatFits } from "#runtime/engine/models/what-fits";

const geometry = { channels: 16, spatialFactor: 8, temporalFactor: 4 };
const shape = [16, 18, 96, 160];
const tokens = ([, t = 0, h = 0, w = 0]: readonly number[]) => t * h * w;

test("a clip's size in pixels and frames", () => {
  expect(clipSize(geometry, shape)).toBe("1280x768 and 69 frames");
});

test("the longest of the size and the largest of the length", () => {
  const most = 10.5 * 96 * 160;
  expect(whatFits(geometry, shape, (tried) => tokens(tried) <= most)).toBe(
    "1280x768 and 37 frames, or 960x576 and 69 frames",
  );
});

test("nothing where nothing does, and no size that no one wants", () => {
  expect(whatFits(geometry, shape, () => false)).toBeNull();
  expect(whatFits(geometry, shape, (tried) => tokens(tried) <= 18 * 8 * 16)).toBeNull();
});
