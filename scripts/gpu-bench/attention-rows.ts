/** Attention of head width 128 in bfloat16; operations are counted on active tiles only. */
import type { BlockMask } from "#runtime/attention/block-mask";
import { blockCount, density, maskFromRows } from "#runtime/attention/csr";
import { radialMask, type RadialGeometry } from "#runtime/attention/radial";
import { attention, blockSparseAttention } from "#runtime/tensor/ops";
import type { BenchRow } from "./bench-row.ts";
import { filled } from "./filled.ts";

const WIDTH = 128;

/** Full attention's operations. */
const work = (heads: number, tokens: number) => 4 * heads * tokens * tokens * WIDTH;

function dense(heads: number, tokens: number): BenchRow {
  return {
    name: "attention dense",
    size: `${heads} heads x ${tokens}`,
    flops: work(heads, tokens),
    inputs: (device) => [1, 2, 3].map(() => filled(device, [tokens, heads, WIDTH])),
    run: (q, k, v) => attention(q!, k!, v!),
  };
}

function sparse(name: string, heads: number, mask: BlockMask): BenchRow {
  const { blockSize, tokens } = mask;
  const share = density(mask);
  return {
    name,
    size: `${heads} heads x ${tokens}, ${(100 * share).toFixed(1)} %`,
    flops: share * work(heads, tokens),
    details: { heads, tokens, density: share },
    inputs: (device) => [
      ...[1, 2, 3].map(() => filled(device, [tokens, heads, WIDTH])),
      device.tensor(mask.rowPtr, [1, mask.rowPtr.length]),
      device.tensor(mask.col, [1, mask.col.length]),
    ],
    run: (q, k, v, rowPtr, col) =>
      blockSparseAttention(q!, k!, v!, { blockSize, rowPtr: rowPtr!, col: col! }),
  };
}

const WAN: Omit<RadialGeometry, "frames"> = {
  tokensPerFrame: 3840,
  textTokens: 0,
  decayFactor: 0.2,
  blockSize: 128,
  kind: "wan",
};
const HUNYUAN: Omit<RadialGeometry, "frames" | "decayFactor"> = {
  tokensPerFrame: 3840,
  textTokens: 256,
  blockSize: 128,
  kind: "hunyuan",
};

/** Every row of blocks sees as many others, spread evenly: what the time of one tile is at any length. */
function evenMask(tokens: number, share: number): BlockMask {
  const blocks = blockCount({ tokens, blockSize: 128 });
  const kept = Math.max(1, Math.round(share * blocks));
  return maskFromRows({ tokens, blockSize: 128 }, (row, columns) => {
    for (let i = 0; i < kept; i++) columns[(row + Math.floor((i * blocks) / kept)) % blocks] = 1;
  });
}

/** Heads for which the work stays within some seconds. */
const SWEEP: readonly (readonly [tokens: number, heads: number])[] = [
  [1024, 40],
  [4096, 40],
  [16_384, 40],
  [65_536, 24],
  [131_072, 8],
  [262_144, 4],
  [500_000, 2],
];

/** Made when asked for: the long masks take seconds. */
export const attentionRows = (): readonly BenchRow[] => [
  dense(40, 69_120),
  sparse("attention radial", 40, radialMask({ ...WAN, frames: 18 })),
  dense(24, 115_456),
  sparse("attention radial", 24, radialMask({ ...HUNYUAN, frames: 30, decayFactor: 0.95 })),
  sparse(
    "attention radial",
    24,
    radialMask({ ...HUNYUAN, tokensPerFrame: 3600, frames: 128, textTokens: 0, decayFactor: 1 }),
  ),
  ...SWEEP.flatMap(([tokens, heads]) =>
    [0.05, 0.1, 0.25, 0.5, 1].map((share) =>
      sparse("attention sweep", heads, evenMask(tokens, share)),
    ),
  ),
];
