/** The LLaMA encoder: all its blocks with the norm, and the states that HunyuanVideo reads, also of scaled float8 files. */
import type { TextEncoderOptions } from "#runtime/sdk/model";
import type { Check } from "../check.ts";
import { relativeError } from "../compare.ts";
import { item, readGolden, type GoldenTensor } from "../golden-file.ts";
import { checkTensors, holdsFamily, withTextEncoder } from "../models.ts";

/** Tensor -> how the encoder is run for it. */
const OUTPUTS: Readonly<Record<string, TextEncoderOptions>> = {
  hidden_m3: { skipLayers: 2 },
  last_hidden_normed: {},
};

export const llama: Check = {
  name: "llama-encoder",
  computes: true,
  recognises: (folder, bench) =>
    folder.has("io.safetensors") && holdsFamily(folder, bench, "llama"),

  async run(folder, bench, cases) {
    if ((await checkTensors(folder, bench, cases, "text-encoder")) === null) return;
    const io = await cases.prepare("io.safetensors", () =>
      readGolden(folder.file("io.safetensors")),
    );
    if (io === null) return;
    const metric = { name: "relative error", bound: bench.bound(1e-4, 2e-2) };
    for (const file of folder.files.filter((name) => /^io.*\.safetensors$/.test(name))) {
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      const weights = folder.file(file.replace(/^io/, "weights"));
      for (const [name, options] of Object.entries(OUTPUTS)) {
        if (golden?.has(name) !== true) continue;
        const batch = io.get("input_ids").shape[0] ?? 0;
        for (let i = 0; i < batch; i++) {
          await cases.measure(`${file} ${name}[${i}]`, metric, () => {
            const used = item(io.get("attention_mask"), i).values.lastIndexOf(1) + 1;
            const ids = Int32Array.from(item(io.get("input_ids"), i).values).slice(0, used);
            return withTextEncoder(bench, weights, async (encoder) => {
              using out = encoder.forward(ids, options);
              return relativeError(await out.read(), rows(item(golden.get(name), i), used));
            });
          });
        }
      }
    }
  },
};

function rows({ shape, values }: GoldenTensor, count: number): Float32Array {
  return values.subarray(0, count * (shape[1] ?? 0));
}
