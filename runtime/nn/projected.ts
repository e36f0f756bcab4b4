/** Queries, keys and values of all rows, made part by part where attention will read them. */
import { attention, blockSparseAttention, type DeviceBlockMask } from "#runtime/tensor/ops";
import type { Device } from "#runtime/tensor/device";
import type { Tensor } from "#runtime/tensor/tensor";

/** Each [rows, heads D]. */
export interface Projected {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
}

/** Their memory, before anything is written to it. */
export function unprojected(device: Device, shape: readonly number[]): Projected {
  const make = () => device.empty(shape, device.activations);
  return { q: make(), k: make(), v: make() };
}

export function rowsOf({ q, k, v }: Projected, from: number, to: number): Projected {
  const rows = (all: Tensor) => all.slice(0, from, to);
  return { q: rows(q), k: rows(k), v: rows(v) };
}

/** Attention over all rows, or as the mask says, which takes the place of the queries: [rows, heads D]. */
export function attend(
  { q, k, v }: Projected,
  heads: number,
  mask: DeviceBlockMask | null,
): Tensor {
  const split = (y: Tensor) => y.reshape([y.shape[0] ?? 0, heads, -1]);
  const into = split(q);
  const y =
    mask === null
      ? attention(into, split(k), split(v), { into })
      : blockSparseAttention(into, split(k), split(v), mask, { into });
  return y.reshape(q.shape);
}
