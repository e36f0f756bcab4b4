/** LoRA files in several formats on the transformer of a folder beside theirs, at several strengths. */
import type { DiffusionModel } from "#runtime/sdk/model";
import { modelRecipe } from "#runtime/sdk/recipes";
import type { Device } from "#runtime/tensor/device";
import type { Check } from "./check.ts";
import { relativeError } from "./compare.ts";
import { item, readGolden, type GoldenFile } from "./golden-file.ts";
import { withDiffusion } from "./models.ts";

export interface LoraCheck {
  /** Of the folder with the LoRAs, and of the one with the transformer. */
  readonly name: string;
  readonly transformer: string;
  /** The model's output for stored input `index`. */
  readonly predict: (
    model: DiffusionModel,
    device: Device,
    inputs: GoldenFile,
    index: number,
  ) => Promise<Float32Array>;
}

/** expected.safetensors holds an output under FILE@STRENGTH; its metadata says which files have another's outputs. */
export function loraCheck({ name, transformer, predict }: LoraCheck): Check {
  return {
    name,
    computes: true,
    recognises: (folder) =>
      folder.has("expected.safetensors") &&
      readGolden(folder.file("expected.safetensors")).names.every((key) => key.includes("@")) &&
      readGolden(folder.beside(transformer, "io.safetensors")).has("x"),

    async run(folder, bench, cases) {
      const weights = folder.beside(transformer, "weights.safetensors");
      const expected = await cases.prepare("expected.safetensors", () =>
        readGolden(folder.file("expected.safetensors")),
      );
      const inputs = await cases.prepare(`${transformer}/io.safetensors`, () =>
        readGolden(folder.beside(transformer, "io.safetensors")),
      );
      if (expected === null || inputs === null) return;
      const all = outputsOf(expected);
      const outputs = all.filter(({ file }) => folder.has(`${file}.safetensors`));
      for (const file of new Set(all.map((output) => output.file))) {
        if (folder.has(`${file}.safetensors`)) continue;
        cases.notChecked(file, "expected of another reading: there is no such file");
      }
      for (const file of new Set(outputs.map((output) => output.file))) {
        const unused = { name: "keys that are not applied", bound: 0 };
        await cases.measure(`${file} keys`, unused, () => {
          const recipe = modelRecipe(bench.manager.identify(weights, "diffusion"));
          const path = folder.file(`${file}.safetensors`);
          const reports = bench.manager.loraReports({ ...recipe, loras: [{ path, strength: 1 }] });
          return reports.reduce(
            (sum, { unmatched, elsewhere, unsupported }) =>
              sum + unmatched.length + elsewhere.length + unsupported.length,
            0,
          );
        });
      }
      for (const { file, strength, key } of outputs) {
        const lora = { path: folder.file(`${file}.safetensors`), strength };
        const metric = { name: "relative error", bound: bench.bound(2e-4, 2e-2) };
        await cases.measure(`${file}@${strength}`, metric, () =>
          withDiffusion(bench, weights, [lora], async (model) => {
            const errors: number[] = [];
            for (let i = 0; i < (inputs.get("x").shape[0] ?? 0); i++) {
              const out = await predict(model, bench.device, inputs, i);
              errors.push(relativeError(out, item(expected.get(key), i).values));
            }
            return Math.max(...errors);
          }),
        );
      }
    },
  };
}

interface Output {
  readonly file: string;
  readonly strength: number;
  /** Of the expected tensor. */
  readonly key: string;
}

function outputsOf({ names, metadata }: GoldenFile): Output[] {
  const own = names.map((key): Output => {
    const at = key.lastIndexOf("@");
    return { file: key.slice(0, at), strength: Number(key.slice(at + 1)), key };
  });
  const aliases = JSON.parse(metadata["alias"] ?? "{}") as Record<string, string>;
  const others = Object.entries(aliases).flatMap(([file, same]) =>
    own.filter((output) => output.file === same).map((output) => ({ ...output, file })),
  );
  return [...own, ...others];
}
