/** The LoRAs of a recipe as one model takes them. */
import { basename } from "node:path";
import { UmbelError } from "#runtime/errors";
import type { LoraRef } from "#runtime/sdk/values";
import { guessLoraFamily } from "#runtime/weights/lora-family";
import { looksLikeLora, readLora } from "#runtime/weights/lora-file";
import type { LoraUse } from "#runtime/weights/lora-merge";
import { planLora, type LoraReport } from "#runtime/weights/lora-plan";
import type { TensorFile } from "#runtime/weights/tensor-file";
import type { DetectedModel } from "./detect.ts";

/** Throws ERR_LORA for a file that is no LoRA, or one of which nothing fits the model. */
export function loraUse(file: TensorFile, { strength }: LoraRef, model: DetectedModel): LoraUse {
  const lora = readLora(file);
  if (!looksLikeLora(lora)) {
    throw new UmbelError(
      "ERR_LORA",
      `Expected a LoRA, got ${file.path}, whose tensors are not those of one (${sample([...file.tensors.keys()])}).`,
    );
  }
  const { kind, title } = model.family;
  const plan = planLora(lora, { kind, namings: model.family.namings, specs: model.specs });
  const { applied, unmatched, elsewhere, unsupported } = plan.report;
  const nothingMeant =
    kind === "text-encoder" && unmatched.length === 0 && unsupported.length === 0;
  if (applied.length === 0 && !nothingMeant) {
    const family = guessLoraFamily(lora);
    const [reason] = unsupported;
    throw new UmbelError(
      "ERR_LORA",
      `Expected a LoRA for ${title}, got ${file.path}, ` +
        (reason === undefined
          ? `of whose ${unmatched.length + elsewhere.length} keys none fits (${sample([...unmatched, ...elsewhere])}).`
          : `of which nothing can be applied: ${reason.key}: ${reason.reason}.`) +
        (family === null ? "" : ` By its names it is for ${family}.`),
    );
  }
  return { plan, strength };
}

/** What a person should know about a LoRA that was only applied in part. */
export function loraWarnings(
  { path, unmatched, unsupported }: LoraReport,
  title: string,
): string[] {
  const name = basename(path);
  const warnings: string[] = [];
  if (unmatched.length > 0) {
    warnings.push(
      `LoRA ${name}: ${unmatched.length} keys name nothing that ${title} has (${sample(unmatched)}).`,
    );
  }
  for (const reason of new Set(unsupported.map((item) => item.reason))) {
    const keys = unsupported.filter((item) => item.reason === reason).map(({ key }) => key);
    warnings.push(
      `LoRA ${name}: ${keys.length} keys are not applied: ${reason} (${sample(keys)}).`,
    );
  }
  return warnings;
}

function sample(names: readonly string[]): string {
  const shown = names
    .slice(0, 3)
    .map((name) => (name.length > 80 ? `${name.slice(0, 80)}…` : name));
  return names.length > 3 ? `${shown.join(", ")} ...` : shown.join(", ");
}
