import { expect, test } from "vitest";
import { maskPerHead } from "#runtime/attention/csr";
import { radialMask } from "#runtime/attention/radial";
import { withText } from "#runtime/attention/text-mask";

test.each([
  { tokensPerFrame: 128, frames: 16, textTokens: 256 },
  { tokensPerFrame: 77, frames: 9, textTokens: 1 },
  { tokensPerFrame: 200, frames: 7, textTokens: 130 },
  { tokensPerFrame: 64, frames: 4, textTokens: 63 },
])("text appended to a mask is the mask made with text: %o", (geometry) => {
  const rest = { decayFactor: 0.4, blockSize: 64, kind: "hunyuan" } as const;
  const video = radialMask({ ...geometry, ...rest, textTokens: 0 });
  const joined = withText(video, geometry.textTokens);
  const made = radialMask({ ...geometry, ...rest });
  expect(joined).toEqual(made);
  expect(withText(video, geometry.textTokens)).toBe(joined);
});

test("a mask a head is refused", () => {
  const mask = radialMask({
    tokensPerFrame: 64,
    frames: 2,
    textTokens: 0,
    decayFactor: 1,
    blockSize: 64,
    kind: "wan",
  });
  expect(() => withText(maskPerHead([mask, mask]), 3)).toThrow(/one mask for all heads/);
});
