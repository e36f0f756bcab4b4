import { UmbelError } from "#runtime/errors";
import { cast, lincomb, loraMerge } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { DType, Tensor } from "#runtime/tensor/tensor";
import type { LoraPlan, WeightPatch } from "./lora-plan.ts";

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
    const up = plan.file.tensor(patch.up, device).reshape([rows, patch.rank]);
    const down = plan.file.tensor(patch.down, device).reshape([patch.rank, -1]);
    return loraMerge(weight.reshape([rows, -1]), up, down, strength * patch.scale, dtype);
  }
  const difference = plan.file.tensor(patch.difference, device).reshape(weight.shape);
  const sum = lincomb(weight, difference, 1, strength);
  return dtype === "f32" ? sum : cast(sum, dtype);
}
