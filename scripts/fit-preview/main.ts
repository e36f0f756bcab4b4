/**
 * node dist/scripts/fit-preview/main.js [--models FOLDER] [--clips N]: the linear maps from latents of the bundled
 * autoencoder to RGB that previews are drawn with, fitted by least squares between encoded clips and their frames. The
 * first latent frame, which stands for one frame alone, has a map of its own. Writes them beside the model and says how far
 * they are off on clips that they were not fitted to, with the family's map beside it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadFamilies } from "#runtime/engine/models/families";
import { ModelManager } from "#runtime/engine/models/manager";
import wan from "#runtime/models/wan";
import { toModelScale } from "#runtime/sampling/latent-scale";
import { openDevice } from "#runtime/tensor/devices";
import { coloursPath } from "#runtime/weights/latent-colours";
import { drawClip } from "./clips.ts";
import { fitColours, rootMeanSquare, smallFrames, type Sample } from "./fit.ts";

const { values } = parseArgs({
  options: {
    models: { type: "string", default: "models" },
    clips: { type: "string", default: "48" },
  },
});
const size = { width: 128, height: 128, length: 17 };
const device = openDevice("cpu");
const manager = new ModelManager({ device, families: await loadFamilies() });
const vae = manager.identify(join(values.models, "vae/umbel_tiny_vae_bf16.safetensors"), "vae");

async function sampleOf(seed: number): Promise<Sample> {
  using lease = await manager.vae({ kind: "vae", checkpoint: vae });
  const frames = drawClip(size, seed);
  const frameSize = size.width * size.height * 3;
  const shape = (count: number) => [count, size.height, size.width, 3];
  using latent = await lease.instance.encode(size.length, async (first, count) =>
    device.tensor(frames.slice(first * frameSize, (first + count) * frameSize), shape(count)),
  );
  const onLink = { data: await latent.read(), shape: [1, ...latent.shape] };
  return {
    latent: toModelScale(onLink, wan.latent),
    pixels: smallFrames(frames, size, wan.latent),
  };
}

const samples: Sample[] = [];
for (let seed = 0; seed < Number(values.clips); seed++) samples.push(await sampleOf(seed));
manager.release();

// Every fourth clip is kept for judging.
const held = samples.filter((_, index) => index % 4 === 3);
const fitted = samples.filter((_, index) => index % 4 !== 3);
const colours = { ...fitColours(fitted, "rest"), first: fitColours(fitted, "first") };
const path = coloursPath(join(values.models, "diffusion_models/umbel_tiny_t2v_bf16.safetensors"));
writeFileSync(path, `${JSON.stringify(colours, null, 2)}\n`);

console.log(`Root mean square error on ${held.length} other clips, of a range of 2:`);
for (const [part, map] of [
  ["first", colours.first],
  ["rest", colours],
] as const) {
  const [own, family] = [map, wan.latent].map((each) =>
    rootMeanSquare(held, part, each).toFixed(3),
  );
  console.log(`  ${part} latent frames: fitted ${own}, the family's ${family}`);
}
console.log(`Written: ${path}`);
