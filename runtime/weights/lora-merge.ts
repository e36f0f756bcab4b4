import { UmbelError } from "#runtime/errors";
import { cast, cat, lincomb, loraMerge } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { DType, Tensor } from "#runtime/tensor/tensor";
import type { LoraPlan, PatchPlace, WeightPatch } from "./lora-plan.ts";
import { swapHalves } from "./stored-piece.ts";

/** A LoRA as one model takes it: what to add, and how much of it. */
export interface LoraUse {
  readonly plan: LoraPlan;
  readonly strength: number;
}

/** The changes of several LoRAs to one weight, in the order of the LoRAs. */
export function patchesOf(uses: readonly LoraUse[], name: string): BoundPatch[] {
  return uses.flatMap(({ plan, strength }) =>
    (plan.patches.get(name) ?? []).map((patch) => ({ plan, strength, patch })),
  );
}

export interface BoundPatch extends LoraUse {
  readonly patch: WeightPatch;
}

/**
 * A weight with its patches added: a new tensor of type `dtype`, whatever the type of `weight`. Sums are made in float32
 * and rounded once, at the end.
 */
export function mergePatches(weight: Tensor, patches: readonly BoundPatch[], dtype: DType): Tensor {
  if (patches.length === 0) {
    throw new UmbelError("ERR_INVALID_ARGUMENT", "Expected at least one patch to merge, got none.");
  }
  return scope(() => {
    let merged = weight;
    patches.forEach((patch, i) => {
      const before = merged;
      merged = scope(() => mergeOne(before, patch, i === patches.length - 1 ? dtype : "f32"));
      if (before !== weight) before[Symbol.dispose]();
    });
    return merged.reshape(weight.shape);
  });
}

function mergeOne(weight: Tensor, { plan, strength, patch }: BoundPatch, dtype: DType): Tensor {
  const { device } = weight;
  const rows = weight.shape[0] ?? 1;
  if (patch.kind === "low-rank") {
    const up = overAllRows(
      plan.file.tensor(patch.up, device).reshape([-1, patch.rank]),
      patch,
      rows,
    );
    const down = plan.file.tensor(patch.down, device).reshape([patch.rank, -1]);
    return loraMerge(weight.reshape([rows, -1]), up, down, strength * patch.scale, dtype);
  }
  const stored = plan.file.tensor(patch.difference, device);
  const changed = stored.reshape([patch.rows === undefined ? rows : -1, ...weight.shape.slice(1)]);
  const difference = overAllRows(changed, patch, rows);
  const sum = lincomb(weight, difference, 1, strength);
  return dtype === "f32" ? sum : cast(sum, dtype);
}

/** A change of some rows as one of all `count`: zeros before and behind, halves in the weight's order. */
function overAllRows(change: Tensor, { rows, swapped }: PatchPlace, count: number): Tensor {
  const ordered = swapped === true ? swapHalves(change) : change;
  if (rows === undefined) return ordered;
  const zeros = (n: number) =>
    n === 0 ? [] : [change.device.zeros([n, ...change.shape.slice(1)], change.dtype)];
  return cat([...zeros(rows[0]), ordered, ...zeros(count - rows[1])], 0);
}
