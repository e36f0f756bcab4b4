import { describe, expect, test } from "vitest";
import { blockCount, density, rowColumns } from "#runtime/attention/csr";
import { radialMask, type RadialGeometry } from "#runtime/attention/radial";
import type { BlockMask } from "#runtime/attention/block-mask";
import { sharedDir, sharedJson, sharedTensors } from "../../helpers/shared.ts";

interface GoldenCase {
  readonly tokens_per_frame: number;
  readonly frames: number;
  readonly text_tokens: number;
  readonly decay_factor: number;
  readonly model: "wan" | "hunyuan";
  readonly block_size: 64 | 128;
  readonly blocks: number;
  readonly density: number;
}

function unpacked(mask: BlockMask): Uint8Array {
  const blocks = blockCount(mask);
  const bits = new Uint8Array(blocks * blocks);
  for (let row = 0; row < blocks; row++) {
    for (const column of rowColumns(mask, row)) bits[row * blocks + column] = 1;
  }
  return bits;
}

/** The paper's rule applied token by token, pooled by counting: slow, and written apart from the closed form. */
function tokenByToken(geometry: RadialGeometry): Uint8Array {
  const { tokensPerFrame: size, frames, textTokens, decayFactor, blockSize, kind } = geometry;
  const blocks = Math.ceil((size * frames + textTokens) / blockSize);
  const border = Math.floor((size * frames) / blockSize);
  const bits = new Uint8Array(blocks * blocks);
  for (let row = 0; row < blocks; row++) {
    for (let column = 0; column < blocks; column++) {
      if (row >= border || column >= border) bits[row * blocks + column] = 1;
    }
  }
  const binary = (value: number): number => (value === 0 ? 0 : value.toString(2).length);
  const sees = (i: number, j: number, r: number, c: number): boolean => {
    if (j === 0 && kind === "wan") return true;
    const d = Math.abs(i - j);
    const reach = 2 ** binary(size) / 2 ** binary(d);
    if (reach < 128 && d % Math.floor(128 / reach) !== 0) return false;
    const window = d <= 1 ? size : Math.max(blockSize, reach * decayFactor);
    return Math.abs(r - c) <= window;
  };
  const box = Math.ceil(size / blockSize);
  for (let i = 0; i < frames; i++) {
    for (let j = 0; j < frames; j++) {
      const [top, left] = [i, j].map((frame) => Math.floor((frame * size) / blockSize)) as [
        number,
        number,
      ];
      for (let p = top; p < top + box; p++) {
        for (let q = left; q < left + box; q++) {
          let touched = 0;
          let full = 0;
          for (let c = q * blockSize - j * size; c < (q + 1) * blockSize - j * size; c++) {
            let count = 0;
            for (let r = p * blockSize - i * size; r < (p + 1) * blockSize - i * size; r++) {
              if (r >= 0 && c >= 0 && r < size && c < size && sees(i, j, r, c)) count++;
            }
            if (count > 0) touched++;
            if (count / blockSize > 1 / 3) full++;
          }
          if (touched > 0 && full / touched > 0.6) bits[p * blocks + q] = 1;
        }
      }
    }
  }
  return bits;
}

describe.skipIf(sharedDir() === null).each(["wan", "hunyuan", "mochi"])(
  "published masks of %s",
  (folder) => {
    const index =
      sharedDir() === null
        ? {}
        : sharedJson<Record<string, GoldenCase>>(`goldens/${folder}/radial-masks/index.json`);
    test.each(Object.entries(index))("%s", (name, golden) => {
      const mask = radialMask({
        tokensPerFrame: golden.tokens_per_frame,
        frames: golden.frames,
        textTokens: golden.text_tokens,
        decayFactor: golden.decay_factor,
        blockSize: golden.block_size,
        kind: golden.model,
      });
      expect(blockCount(mask)).toBe(golden.blocks);
      const packed = sharedTensors(`goldens/${folder}/radial-masks/masks.safetensors`).get(
        name,
      ).bytes;
      const bits = unpacked(mask);
      const expected = bits.map((_, i) => ((packed[i >> 3] as number) >> (i & 7)) & 1);
      expect(bits.findIndex((bit, i) => bit !== expected[i])).toBe(-1);
      expect(density(mask)).toBeCloseTo(golden.density, 6);
    });
  },
);

const ANY_SIZE: readonly RadialGeometry[] = [
  { tokensPerFrame: 50, frames: 7, textTokens: 0, decayFactor: 0.3, blockSize: 64, kind: "wan" },
  { tokensPerFrame: 33, frames: 9, textTokens: 13, decayFactor: 1, blockSize: 64, kind: "hunyuan" },
  { tokensPerFrame: 200, frames: 5, textTokens: 0, decayFactor: 0.2, blockSize: 128, kind: "wan" },
  {
    tokensPerFrame: 129,
    frames: 6,
    textTokens: 77,
    decayFactor: 0.4,
    blockSize: 128,
    kind: "hunyuan",
  },
  { tokensPerFrame: 22, frames: 16, textTokens: 0, decayFactor: 0.2, blockSize: 64, kind: "wan" },
  { tokensPerFrame: 256, frames: 1, textTokens: 0, decayFactor: 0, blockSize: 64, kind: "wan" },
  { tokensPerFrame: 77, frames: 12, textTokens: 0, decayFactor: 0, blockSize: 64, kind: "hunyuan" },
];

test.each(ANY_SIZE)("any size equals the rule token by token: %o", (geometry) => {
  expect(unpacked(radialMask(geometry))).toEqual(tokenByToken(geometry));
});

test("text and the ragged end see and are seen by everything", () => {
  const geometry: RadialGeometry = {
    tokensPerFrame: 100,
    frames: 20,
    textTokens: 40,
    decayFactor: 0.1,
    blockSize: 64,
    kind: "wan",
  };
  const mask = radialMask(geometry);
  const blocks = blockCount(mask);
  const border = Math.floor(2000 / 64);
  expect(rowColumns(mask, blocks - 1)).toHaveLength(blocks);
  for (let row = 0; row < blocks; row++) {
    expect(Array.from(rowColumns(mask, row).slice(border - blocks))).toEqual(
      Array.from({ length: blocks - border }, (_, i) => border + i),
    );
  }
});

test("every query sees something at any size", () => {
  let rescued = 0;
  for (let tokensPerFrame = 20; tokensPerFrame < 300; tokensPerFrame += 7) {
    for (const blockSize of [64, 128] as const) {
      for (const kind of ["wan", "hunyuan"] as const) {
        const frames = blockSize;
        const mask = radialMask({
          tokensPerFrame,
          frames,
          textTokens: 0,
          decayFactor: 0.2,
          blockSize,
          kind,
        });
        for (let row = 0; row < blockCount(mask); row++) {
          const columns = rowColumns(mask, row);
          expect(columns.length).toBeGreaterThan(0);
          if (columns.length < 3) rescued++;
        }
      }
    }
  }
  expect(rescued).toBeGreaterThan(0);
});

test("frames of less than a third of a block stay dense", () => {
  const geometry = {
    frames: 100,
    textTokens: 0,
    decayFactor: 0.2,
    blockSize: 64,
    kind: "wan",
  } as const;
  expect(density(radialMask({ ...geometry, tokensPerFrame: 21 }))).toBe(1);
  expect(density(radialMask({ ...geometry, tokensPerFrame: 22 }))).toBeLessThan(1);
});

test("a smaller decay factor never adds blocks", () => {
  const base = {
    tokensPerFrame: 1024,
    frames: 13,
    textTokens: 0,
    blockSize: 128,
    kind: "wan",
  } as const;
  const dense = unpacked(radialMask({ ...base, decayFactor: 0.9 }));
  const sparse = unpacked(radialMask({ ...base, decayFactor: 0.2 }));
  expect(sparse.every((bit, i) => bit <= (dense[i] as number))).toBe(true);
  expect(sparse).not.toEqual(dense);
});

test("thousands of blocks a side take less than a second", () => {
  const start = process.cpuUsage();
  const mask = radialMask({
    tokensPerFrame: 3600,
    frames: 41,
    textTokens: 0,
    decayFactor: 0.2,
    blockSize: 64,
    kind: "wan",
  });
  expect(blockCount(mask)).toBe(2307);
  expect(process.cpuUsage(start).user / 1e6).toBeLessThan(1);
});

test.each([
  { tokensPerFrame: 0 },
  { frames: 2.5 },
  { textTokens: -1 },
  { decayFactor: 1.5 },
  { decayFactor: Number.NaN },
  { blockSize: 32 as 64 },
  { tokensPerFrame: 2 ** 29, frames: 4 },
])("refuses %o", (change) => {
  const geometry = {
    tokensPerFrame: 64,
    frames: 4,
    textTokens: 0,
    decayFactor: 0.2,
    blockSize: 64,
    kind: "wan",
  } as const;
  expect(() => radialMask({ ...geometry, ...change })).toThrow(
    expect.objectContaining({ code: "ERR_INVALID_ARGUMENT" }),
  );
});
