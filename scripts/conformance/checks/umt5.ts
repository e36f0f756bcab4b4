/** The UMT5 encoder: embeddings of the rows that the attention mask leaves. */
import type { Check } from "../check.ts";
import { relativeError } from "../compare.ts";
import { item, readGolden } from "../golden-file.ts";
import { checkTensors, holdsFamily, withTextEncoder } from "../models.ts";

export const umt5: Check = {
  name: "umt5",
  computes: true,
  recognises: (folder, bench) => folder.has("io.safetensors") && holdsFamily(folder, bench, "umt5"),

  async run(folder, bench, cases) {
    if ((await checkTensors(folder, bench, cases, "text-encoder")) === null) return;
    for (const file of folder.files.filter((name) => /^io.*\.safetensors$/.test(name))) {
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      const batch = golden?.get("input_ids").shape[0] ?? 0;
      const metric = { name: "relative error", bound: bench.bound(1e-4, 2e-2) };
      for (let i = 0; golden !== null && i < batch; i++) {
        await cases.measure(`${file} out[${i}]`, metric, () => {
          const ids = Int32Array.from(item(golden.get("input_ids"), i).values);
          const used = item(golden.get("attention_mask"), i).values.lastIndexOf(1) + 1;
          const { shape, values } = item(golden.get("out"), i);
          const path = folder.file("weights.safetensors");
          return withTextEncoder(bench, path, async (encoder) => {
            using out = encoder.forward(ids.slice(0, used));
            return relativeError(await out.read(), values.subarray(0, used * (shape[1] ?? 0)));
          });
        });
      }
    }
  },
};
