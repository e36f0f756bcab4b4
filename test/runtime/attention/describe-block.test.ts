import { expect, test } from "vitest";
import { describeBlock } from "#runtime/attention/describe-block";
import { radialMask } from "#runtime/attention/radial";

const geometry = {
  tokensPerFrame: 100,
  frames: 5,
  textTokens: 30,
  decayFactor: 0.2,
  blockSize: 64,
  kind: "wan",
} as const;
const mask = radialMask(geometry);

test("names the frames of queries and keys", () => {
  expect(describeBlock(mask, geometry, 1, 4)).toMatchObject({
    queries: { firstToken: 64, lastToken: 127, frames: [0, 1], text: false },
    keys: { firstToken: 256, lastToken: 319, frames: [2, 3], text: false },
  });
});

test("the last block is ragged and holds video and text", () => {
  expect(describeBlock(mask, geometry, 8, 7)).toEqual({
    queries: { firstToken: 512, lastToken: 529, frames: null, text: true },
    keys: { firstToken: 448, lastToken: 511, frames: [4, 4], text: true },
    attended: true,
  });
});

test("says whether the block is attended", () => {
  const sparse = { ...geometry, tokensPerFrame: 256, frames: 20, textTokens: 0 };
  const wide = radialMask(sparse);
  expect(describeBlock(wide, sparse, 20, 20).attended).toBe(true);
  expect(describeBlock(wide, sparse, 20, 63).attended).toBe(false);
});

test("refuses blocks that do not exist", () => {
  expect(() => describeBlock(mask, geometry, 9, 0)).toThrow("block of 0..8");
  expect(() => describeBlock(mask, geometry, 0, -1)).toThrow("block of 0..8");
  expect(() => describeBlock(mask, geometry, 0.5, 0)).toThrow("block of 0..8");
});
