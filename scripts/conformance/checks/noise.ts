/** torch.randn of torch's CPU generator; a tensor's name says seed and shape. */
import { latentNoise } from "#runtime/sampling/noise";
import type { Check } from "../check.ts";
import { largestDifference } from "../compare.ts";
import { readGolden } from "../golden-file.ts";

const NAME = /^seed(\d+)_([\dx]+)$/;

export const noise: Check = {
  name: "noise",
  computes: false,
  recognises: (folder) =>
    folder.files.some((file) => {
      const names = file.endsWith(".safetensors") ? readGolden(folder.file(file)).names : [];
      return names.length > 0 && names.every((name) => NAME.test(name));
    }),

  async run(folder, _bench, cases) {
    for (const file of folder.files.filter((name) => name.endsWith(".safetensors"))) {
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      for (const name of golden?.names ?? []) {
        const seed = NAME.exec(name)?.[1];
        if (golden === null || seed === undefined) {
          cases.notChecked(`${file} ${name}`, "its name gives no seed");
          continue;
        }
        await cases.measure(name, { name: "largest difference", bound: 1e-6 }, () => {
          const { shape, values } = golden.get(name);
          return largestDifference(latentNoise(shape, BigInt(seed)), values);
        });
      }
    }
  },
};
