/** Making and changing model recipes. */
import { DENSE } from "./attention-settings.ts";
import type { CheckpointRef, LoraRef, ModelRecipe } from "./values.ts";

export function modelRecipe(
  checkpoint: CheckpointRef,
  weightType: ModelRecipe["weightType"] = "default",
): ModelRecipe {
  return { kind: "model", checkpoint, loras: [], attention: DENSE, shift: null, weightType };
}

/** The recipe with one more LoRA; strength 0 changes nothing. */
export function withLora<R extends { readonly loras: readonly LoraRef[] }>(
  recipe: R,
  path: string,
  strength: number,
): R {
  return strength === 0 ? recipe : { ...recipe, loras: [...recipe.loras, { path, strength }] };
}
