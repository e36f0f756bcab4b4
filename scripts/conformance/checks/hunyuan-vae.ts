/** The HunyuanVideo autoencoder: decoded clips as a whole and in tiles, encoded latents, names, tensors. */
import type { Bench, Check } from "../check.ts";
import { relativeError } from "../compare.ts";
import { item, readGolden, type GoldenFile, type GoldenTensor } from "../golden-file.ts";
import { checkTensors, holdsFamily, withVae } from "../models.ts";
import { checkNameMap } from "../name-map.ts";
import { channelsFirst, channelsLast, decodeFrames, encodeFrames } from "../video.ts";
import { inOwnTiles } from "#runtime/vae/own-tiles";

export const hunyuanVae: Check = {
  name: "hunyuan-vae",
  computes: true,
  recognises: (folder, bench) =>
    folder.has("io.safetensors") && holdsFamily(folder, bench, "hunyuan-vae"),

  async run(folder, bench, cases) {
    const detected = await checkTensors(folder, bench, cases, "vae");
    if (detected === null) return;
    if (folder.has("names.json")) await checkNameMap(folder, "names.json", cases, detected);
    const weights = folder.file("weights.safetensors");
    const metric = { name: "relative error", bound: bench.bound(1e-4, 2e-2) };
    for (const file of folder.files.filter((name) => /^(io|tiled).*\.safetensors$/.test(name))) {
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      if (golden === null) continue;
      for (const ending of ["", "_1frame"]) {
        const [latent, video] = [`latent${ending}`, `video${ending}`];
        for (let i = 0; i < batchOf(golden, video); i++) {
          await cases.measure(`${file} ${video}[${i}]`, metric, async () => {
            const frames = await decode(bench, weights, item(golden.get(latent), i), isTiled(file));
            return relativeError(channelsFirst(frames).values, item(golden.get(video), i).values);
          });
        }
      }
      if (!golden.has("video_in")) continue;
      await cases.measure(`${file} encoded_mean`, metric, () =>
        withVae(bench, weights, async (vae) => {
          const latent = await encodeFrames(
            vae,
            bench.device,
            channelsLast(item(golden.get("video_in"), 0)),
          );
          return relativeError(latent, golden.get("encoded_mean").values);
        }),
      );
    }
  },
};

function isTiled(file: string): boolean {
  return file.startsWith("tiled");
}

function batchOf(golden: GoldenFile, name: string): number {
  return golden.has(name) ? (golden.get(name).shape[0] ?? 0) : 0;
}

function decode(
  bench: Bench,
  weights: string,
  latent: GoldenTensor,
  tiled: boolean,
): Promise<GoldenTensor> {
  return withVae(bench, weights, (vae, family) =>
    decodeFrames(tiled ? inOwnTiles(vae, family.latent) : vae, bench.device, latent),
  );
}
