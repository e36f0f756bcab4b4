/** LoRA files in several formats on the transformer of the folder wan-dit beside this one, at several strengths. */
import type { Check } from "../check.ts";
import { modelRecipe } from "#runtime/sdk/recipes";
import { relativeError } from "../compare.ts";
import { item, readGolden, type GoldenFile } from "../golden-file.ts";
import { withDiffusion } from "../models.ts";
import { batchOf, predict } from "../wan-inputs.ts";

export const wanLora: Check = {
  name: "wan-lora",
  computes: true,
  recognises: (folder) =>
    folder.has("expected.safetensors") &&
    readGolden(folder.file("expected.safetensors")).names.every((name) => name.includes("@")) &&
    readGolden(folder.beside("wan-dit", "io.safetensors")).has("x"),

  async run(folder, bench, cases) {
    const weights = folder.beside("wan-dit", "weights.safetensors");
    const expected = await cases.prepare("expected.safetensors", () =>
      readGolden(folder.file("expected.safetensors")),
    );
    const inputs = await cases.prepare("wan-dit/io.safetensors", () =>
      readGolden(folder.beside("wan-dit", "io.safetensors")),
    );
    if (expected === null || inputs === null) return;
    for (const name of new Set(expected.names.map((key) => key.slice(0, key.lastIndexOf("@"))))) {
      const unused = { name: "keys that are not applied", bound: 0 };
      await cases.measure(`${name} keys`, unused, () => {
        const recipe = modelRecipe(bench.manager.identify(weights, "diffusion"));
        const path = folder.file(`${name}.safetensors`);
        const reports = bench.manager.loraReports({ ...recipe, loras: [{ path, strength: 1 }] });
        return reports.reduce(
          (sum, { unmatched, elsewhere, unsupported }) =>
            sum + unmatched.length + elsewhere.length + unsupported.length,
          0,
        );
      });
    }
    for (const key of expected.names) {
      const at = key.lastIndexOf("@");
      const lora = {
        path: folder.file(`${key.slice(0, at)}.safetensors`),
        strength: Number(key.slice(at + 1)),
      };
      const metric = { name: "relative error", bound: bench.bound(2e-4, 2e-2) };
      await cases.measure(key, metric, () =>
        withDiffusion(bench, weights, [lora], async (model) => {
          const errors: number[] = [];
          for (let i = 0; i < batchOf(inputs); i++) {
            const out = await predict(model, bench.device, inputs, i);
            errors.push(relativeError(out, expectedItem(expected, key, i)));
          }
          return Math.max(...errors);
        }),
      );
    }
  },
};

function expectedItem(expected: GoldenFile, key: string, index: number): Float32Array {
  return item(expected.get(key), index).values;
}
