import type { CudaDevice } from "#runtime/tensor/cuda-device";
import type { Tensor } from "#runtime/tensor/tensor";

/** One figure: an op on inputs that stay on the GPU. */
export interface BenchRow {
  readonly name: string;
  readonly size: string;
  /** Bytes that have to be moved at least, for a share of the copy bandwidth. */
  readonly bytes?: number;
  readonly flops?: number;
  /** What a rule over several rows has to know. */
  readonly details?: Readonly<Record<string, number>>;
  inputs(device: CudaDevice): readonly Tensor[];
  run(...inputs: readonly Tensor[]): Tensor;
}

export interface BenchResult {
  readonly name: string;
  readonly size: string;
  /** Median of the rounds. */
  readonly ms: number;
  readonly gigabytesPerSecond?: number;
  readonly teraflops?: number;
  readonly failure?: string;
}

const ROUNDS = 5;
const ROUND_MS = 60;

/** Median milliseconds of one run: rounds of as many runs as take some 60 ms, after a warm-up. */
export async function measureRow(row: BenchRow, device: CudaDevice): Promise<BenchResult> {
  const { name, size, bytes, flops, details } = row;
  try {
    const ms = await medianMs(row, device);
    return {
      name,
      size,
      ms,
      ...details,
      ...(bytes === undefined ? {} : { gigabytesPerSecond: bytes / ms / 1e6 }),
      ...(flops === undefined ? {} : { teraflops: flops / ms / 1e9 }),
    };
  } catch (error) {
    return { name, size, ms: NaN, failure: error instanceof Error ? error.message : String(error) };
  }
}

async function medianMs(row: BenchRow, device: CudaDevice): Promise<number> {
  const inputs = row.inputs(device);
  const timed = async (count: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < count; i++) row.run(...inputs)[Symbol.dispose]();
    await device.sync();
    return performance.now() - start;
  };
  try {
    await timed(2);
    const once = (await timed(3)) / 3;
    const count = Math.max(2, Math.min(400, Math.round(ROUND_MS / once)));
    const rounds: number[] = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push((await timed(count)) / count);
    return rounds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? NaN;
  } finally {
    for (const tensor of inputs) tensor[Symbol.dispose]();
  }
}
