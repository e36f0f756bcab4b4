/** CLIP's text encoder: states of all tokens, and the row that stands for the text. */
import { encodePooled } from "#runtime/text/hunyuan-prompt";
import type { Check } from "../check.ts";
import { relativeError } from "../compare.ts";
import { item, readGolden } from "../golden-file.ts";
import { checkTensors, holdsFamily, withTextEncoder } from "../models.ts";

export const clipText: Check = {
  name: "clip-text",
  computes: true,
  recognises: (folder, bench) =>
    folder.has("io.safetensors") && holdsFamily(folder, bench, "clip-text"),

  async run(folder, bench, cases) {
    if ((await checkTensors(folder, bench, cases, "text-encoder")) === null) return;
    const golden = await cases.prepare("io.safetensors", () =>
      readGolden(folder.file("io.safetensors")),
    );
    const batch = golden?.get("input_ids").shape[0] ?? 0;
    const metric = { name: "relative error", bound: bench.bound(1e-4, 2e-2) };
    const weights = folder.file("weights.safetensors");
    for (let i = 0; golden !== null && i < batch; i++) {
      const ids = Int32Array.from(item(golden.get("input_ids"), i).values);
      await cases.measure(`last_hidden[${i}]`, metric, () =>
        withTextEncoder(bench, weights, async (encoder) => {
          using out = encoder.forward(ids);
          return relativeError(await out.read(), item(golden.get("last_hidden"), i).values);
        }),
      );
      await cases.measure(`pooled[${i}]`, metric, () =>
        withTextEncoder(bench, weights, async (encoder) => {
          const end = item(golden.get("attention_mask"), i).values.lastIndexOf(1) + 1;
          const { data } = await encodePooled(encoder, ids.slice(0, end));
          return relativeError(data, item(golden.get("pooled"), i).values);
        }),
      );
    }
  },
};
