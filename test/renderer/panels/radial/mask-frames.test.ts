import { describe, expect, test } from "vitest";
import { blockCount, rowColumns } from "#runtime/attention/csr";
import { radialMask } from "#runtime/attention/radial";
import type { MaskReport } from "#runtime/protocol/service-values";
import {
  blocksOfFrame,
  frameShares,
  pairWords,
  sharesByDistance,
} from "../../../../renderer/panels/radial/mask-frames.ts";
import { maskPicture } from "../../../../renderer/panels/radial/mask-picture.ts";

/** 832 x 480, 81 frames: the clip of the design's pictures. */
const WAN = {
  tokensPerFrame: 1560,
  frames: 21,
  textTokens: 0,
  decayFactor: 0.2,
  blockSize: 128,
  kind: "wan",
} as const;

function report(geometry: Parameters<typeof radialMask>[0]): MaskReport {
  const mask = radialMask(geometry);
  const blocks = blockCount(mask);
  const kept = new Uint8Array(blocks * blocks);
  let count = 0;
  for (let row = 0; row < blocks; row++) {
    for (const column of rowColumns(mask, row)) {
      kept[row * blocks + column] = 1;
      count++;
    }
  }
  return {
    blocks,
    tokens: mask.tokens,
    tokensPerFrame: geometry.tokensPerFrame,
    latentFrames: geometry.frames,
    kept,
    density: count / (blocks * blocks),
    attentionShare: count / (blocks * blocks),
    stepFlopShare: null,
    layers: null,
  };
}

const wan = report(WAN);
const shares = frameShares(wan, 128);

describe("shares of frame pairs", () => {
  test("count the kept blocks of each rectangle", () => {
    for (const [i, j] of [
      [19, 3],
      [0, 0],
      [20, 20],
      [7, 6],
    ] as const) {
      const rows = blocksOfFrame(wan, 128, i);
      const columns = blocksOfFrame(wan, 128, j);
      let kept = 0;
      for (let y = rows.start; y < rows.end; y++)
        for (let x = columns.start; x < columns.end; x++) kept += wan.kept[y * wan.blocks + x] ?? 0;
      const area = (rows.end - rows.start) * (columns.end - columns.start);
      expect(shares[i * 21 + j]).toBeCloseTo(kept / area, 6);
    }
  });

  test("all see the first frame, their own and their neighbours", () => {
    for (let i = 0; i < 21; i++) {
      expect(shares[i * 21]).toBe(1);
      // Blocks at a frame's edge are the neighbour's too, and judged with it.
      expect(shares[i * 21 + i]).toBeGreaterThan(0.99);
    }
  });

  test("fall with distance until windows are one block wide", () => {
    const near = sharesByDistance(shares, 21)
      .slice(0, 4)
      .map(({ share }) => share);
    expect(near).toEqual(near.toSorted((a, b) => b - a));
    expect(sharesByDistance(shares, 21).map(({ distance }) => distance)).toEqual([
      0, 1, 2, 4, 8, 16,
    ]);
  });

  test("a clip of one frame has one distance or none", () => {
    expect(sharesByDistance(new Float32Array([1]), 1)).toEqual([]);
  });
});

describe("the words for a pair", () => {
  const words = (pair: readonly [number, number]) =>
    pairWords(wan, shares, { decay: 0.2, block: 128, kind: "wan" }, pair);

  test("say distance, window and share", () => {
    expect(words([19, 3])).toEqual({
      title: "Frame 19 looks at frame 3",
      reach: "16 frames apart · window 128 of 1,560 tokens",
      kept: `${Math.round((shares[19 * 21 + 3] ?? 0) * 100)} % of their blocks kept`,
    });
    expect(words([19, 0]).reach).toBe("19 frames apart · first frame, always kept");
    expect(words([5, 4]).reach).toBe("1 frame apart · all of 1,560 tokens");
    expect(words([5, 5]).reach).toBe("The same frame · all of 1,560 tokens");
  });

  test("say so where a distance is left out", () => {
    const small = report({ ...WAN, tokensPerFrame: 256, frames: 33 });
    const few = frameShares(small, 128);
    const out = pairWords(small, few, { decay: 0.2, block: 128, kind: "wan" }, [30, 1]);
    expect(out.reach).toBe("29 frames apart · left out at this distance");
  });
});

test("the picture has one opaque pixel a block, in two colours at least", () => {
  const picture = maskPicture(wan, 128, "dark");
  expect(picture.side).toBe(wan.blocks);
  const colors = new Set<string>();
  for (let i = 0; i < picture.data.length; i += 4) {
    colors.add(picture.data.slice(i, i + 3).join());
  }
  expect(picture.data.filter((_, i) => i % 4 === 3).every((alpha) => alpha === 255)).toBe(true);
  expect(colors.size).toBeGreaterThan(5);
});
